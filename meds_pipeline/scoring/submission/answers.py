"""Turns submission files into answers, one per item; every kind of problem is counted and its first rows are named."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import ScoringError, Where
from meds_pipeline.scoring.base import Answer, upstream_cell
from meds_pipeline.scoring.submission.problems import Problems
from meds_pipeline.scoring.submission.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from meds_pipeline.scoring.submission.rows import SubmissionRow


@dataclass(frozen=True, slots=True)
class Submission:
    """One model's predictions.

    Attributes:
        model: The file's name without its ending.
        answers: One per item, sorted by task and item.
        contents: For each answer a name from its task, input and GT only: their hash, and a number among equal ones.
        problems: The irregular rows of the file.
        rows: Rows in the file, unreadable ones included.
        identified: Whether rows carry ids of their own; items are known by their contents otherwise.
    """

    model: str
    answers: list[Answer]
    contents: list[str]
    problems: Problems
    rows: int
    identified: bool

    def by_content(self) -> Submission:
        """The same submission with items identified by their contents and not by ids."""
        pairs = zip(self.answers, self.contents, strict=True)
        renamed = [answer._replace(item_id=content) for answer, content in pairs]
        answers = sorted(renamed, key=lambda answer: (answer.task_id, answer.item_id))
        return replace(self, answers=answers, contents=[a.item_id for a in answers], identified=False)


def read_submission(path: Path, known: Container[str], inputs: Container[str] | None = None) -> Submission:
    """Read one file.

    Args:
        path: A .csv, .jsonl or .parquet file.
        known: Task ids that can be scored.
        inputs: Tasks whose answers keep their input, which takes memory; all if None.

    Raises:
        ScoringError: The file is absent, of another format, lacks a column, or holds no row that can be scored.
    """
    reader = _Reader(known, known if inputs is None else inputs)
    for row in read_rows(path):
        reader.take(row)
    if not reader.found:
        problems = "; ".join(f"{found['count']} {found['meaning']}" for found in reader.problems.rows())
        raise ScoringError(
            f"no row can be scored{f' ({problems})' if problems else ''}.",
            Where(file=str(path)),
            "Check its task_id column and its delimiter (a comma).",
        )
    reader.found.sort(key=lambda pair: (pair[0].task_id, pair[0].item_id))
    answers, contents = [answer for answer, _ in reader.found], [content for _, content in reader.found]
    return Submission(path.stem, answers, contents, reader.problems, reader.rows, reader.identified)


class _Reader:
    """Takes rows and keeps those that can be scored."""

    def __init__(self, known: Container[str], inputs: Container[str]) -> None:
        self._known, self._inputs = known, inputs
        self._ids: set[tuple[str, str]] = set()
        self._seen: Counter[str] = Counter()
        self.found: list[tuple[Answer, str]] = []
        self.problems = Problems()
        self.rows = 0
        self.identified = False

    def take(self, row: SubmissionRow) -> None:
        """Keep a row's answer, and note its problems."""
        self.rows += 1
        task, own = row.text("task_id") or "", row.own_id
        for kind in row.kinds:
            self.problems.add(kind, row.named)
        if row.fields is None:
            return
        if task not in self._known:
            self.problems.add("unknown_task", row.named)
            return
        self.identified = self.identified or own is not None
        if own is not None and (task, own) in self._ids:
            self.problems.add("duplicate_id", row.named)
            return
        text, output, references = row.text("input") or "", row.text("output"), row.references
        content = content_hash(task, text, references[0])
        self._seen[content] += 1
        if own is not None:
            self._ids.add((task, own))
        elif self._seen[content] > 1:
            self.problems.add("duplicate_row", row.named)
        for kind in _oddities(output, references[0], text):
            self.problems.add(kind, row.named)
        named = f"{content}-{self._seen[content]}"
        kept = text if task in self._inputs else ""
        subject, error = row.text("subject") or None, row.text("error") or None
        answer = Answer(own or named, task, kept, references, output, subject, row.flag("cut_off"), error)
        self.found.append((answer, named))


def content_hash(task: str, text: str, truth: str) -> str:
    """Hash over task, input and GT."""
    joined = "\x1f".join((task, text, truth)).encode("utf-8", "replace")
    return hashlib.md5(joined, usedforsecurity=False).hexdigest()


def _oddities(output: str | None, truth: str, text: str) -> list[str]:
    """The problems of the texts of a row, as keys of `problems.MESSAGES`."""
    found = []
    if upstream_cell(output) is None:
        found.append("missing_output")
    elif not str(output).strip():
        found.append("blank_output")
    if upstream_cell(truth) is None:
        found.append("missing_truth")
    elif not truth.replace(".", "").strip():
        found.append("blank_truth")
    if "\ufffd" in truth or "\ufffd" in text or (output is not None and "\ufffd" in output):
        found.append("lost_text")
    return found
