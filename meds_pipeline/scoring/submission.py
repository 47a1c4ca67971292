"""Submission files to answers, one an item.

Nothing is dropped silently: every kind of oddity is counted, and its first rows are named.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.errors import ScoringError, Where
from meds_pipeline.scoring.base import Answer, upstream_cell
from meds_pipeline.scoring.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from meds_pipeline.scoring.rows import Row

_NAMED = 5

MESSAGES = {
    "broken_row": "rows that cannot be read (a quote that is never closed, a line that is no object); not scored",
    "long_row": "rows with more cells than columns (a comma or quote that is not quoted); not scored: pandas "
    "leaves them out or gives up",
    "not_utf8": "rows with bytes that are not UTF-8; not scored: convert the file to UTF-8",
    "short_row": "rows with fewer cells than columns; the others are missing, as for pandas",
    "swallowed_row": "rows with a line that looks like a row of its own: a lost quote may have swallowed it; scored as "
    "they stand, as pandas reads them",
    "unknown_task": "rows of tasks without a metric; not scored",
    "duplicate_id": "rows whose id came before; only the first is scored",
    "duplicate_row": "rows whose task, input and GT came before; scored as items of their own, as upstream does",
    "missing_output": "predictions that are missing: an empty cell, or a word pandas takes as missing (NaN, None, NA)",
    "blank_output": "predictions of blanks only",
    "missing_truth": "rows whose GT is empty or a word pandas takes as missing; official treats it as upstream does, "
    "corrected gives an empty GT no credit",
    "blank_truth": "rows whose GT is blanks and full stops; official finds it in any text where upstream looks for the "
    "GT in the prediction, corrected gives no credit",
    "lost_text": "rows with U+FFFD, which stands where text was lost before; scored as they stand",
    "answered_again": "rows for an item that an earlier row answers; not scored",
    "no_item": "rows that no item of the release has, by id or by task, input and GT; not scored",
}
"""What each kind of problem means, for the reader of the report."""


@dataclass(slots=True)
class Problems:
    """Counts of oddities, with the first places of each."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, place: str) -> None:
        """Note one."""
        self.counts[kind] += 1
        if len(self.places[kind]) < _NAMED:
            self.places[kind].append(place)

    def rows(self) -> list[dict[str, Any]]:
        """One dict a kind: kind, count, meaning, first places."""
        return [
            {"kind": kind, "count": self.counts[kind], "meaning": text, "first": self.places[kind]}
            for kind, text in MESSAGES.items()
            if self.counts[kind]
        ]


@dataclass(frozen=True, slots=True)
class Submission:
    """One model's predictions.

    Attributes:
        model: The file's name without its ending.
        answers: One an item, sorted by task and item.
        contents: For each answer a name after its task, input and GT alone: their hash, and which of equal ones it is.
        problems: What was odd about the file.
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
        """The same with items known by their contents, whatever ids there are."""
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

    def take(self, row: Row) -> None:
        """Keep a row's answer, and note what is odd about it."""
        self.rows += 1
        task = row.text("task_id") or ""
        shown = repr(task) if task != task.strip() else task or "blank"
        for kind in row.kinds:
            self.problems.add(kind, row.named if row.fields is None else f"{row.named} ({shown})")
        if row.fields is None:
            return
        if task not in self._known:
            self.problems.add("unknown_task", f"{row.named} ({shown})")
            return
        own, text, references = row.own_id, row.text("input") or "", row.references
        truth = references[0]
        self.identified = self.identified or own is not None
        if own is not None and (task, own) in self._ids:
            self.problems.add("duplicate_id", f"{row.named} ({task})")
            return
        content = content_hash(task, text, truth)
        self._seen[content] += 1
        count = self._seen[content]
        if own is not None:
            self._ids.add((task, own))
        elif count > 1:
            self.problems.add("duplicate_row", f"{row.named} ({task})")
        for kind in _oddities(row.text("output"), truth, text):
            self.problems.add(kind, f"{row.named} ({task})")
        named = f"{content}-{count}"
        answer = Answer(
            own or named,
            task,
            text if task in self._inputs else "",
            references,
            row.text("output"),
            row.text("subject") or None,
            row.flag("cut_off"),
            row.text("error") or None,
        )
        self.found.append((answer, named))


def content_hash(task: str, text: str, truth: str) -> str:
    """Hash over task, input and GT."""
    joined = "\x1f".join((task, text, truth)).encode("utf-8", "replace")
    return hashlib.md5(joined, usedforsecurity=False).hexdigest()


def _oddities(output: str | None, truth: str, text: str) -> list[str]:
    """What is odd about the texts of a row, as keys of `MESSAGES`."""
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
