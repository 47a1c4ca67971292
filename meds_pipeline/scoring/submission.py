"""MedS-Bench submission files (task_id,input,GT,output as CSV, JSON lines or Parquet) to answers.

Nothing is dropped silently: every kind of oddity is counted, and its first rows are named.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from meds_pipeline.errors import ScoringError, Where
from meds_pipeline.scoring.base import Answer, upstream_cell

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    Row = tuple[int, dict[str, Any] | None]
    """Place in the file (line or row, from 1) and its fields; None for a row that cannot be read."""

COLUMNS = ("task_id", "input", "GT", "output")
_ROW_START = re.compile(r'"?(?:task\d+|x_\w+)"?,')
_NAMED = 5

MESSAGES = {
    "broken_row": "rows that cannot be read; not scored",
    "unknown_task": "rows of tasks without a metric; not scored",
    "duplicate_id": "rows whose id came before; only the first is scored",
    "duplicate_row": "rows whose task, input and GT came before; scored as items of their own, as upstream does",
    "missing_output": "predictions that are missing: an empty cell, or a word pandas takes as missing (NaN, None, NA)",
    "blank_output": "predictions of blanks only",
    "missing_truth": "rows without GT; scored as wrong",
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
        problems: What was odd about the file.
        rows: Rows in the file, unreadable ones included.
        identified: Whether items carry ids of their own.
    """

    model: str
    answers: list[Answer]
    problems: Problems
    rows: int
    identified: bool


def read_submission(path: Path, known: Container[str], joined_by_id: bool = True) -> Submission:
    """Read one file.

    Args:
        path: A .csv, .jsonl or .parquet file.
        known: Task ids that can be scored.
        joined_by_id: Whether to use the file's ids, if it has them; otherwise items are known by task, input and GT.

    Raises:
        ScoringError: The file is absent, of another format, lacks a column, or holds no row that can be scored.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}
    where = Where(file=str(path))
    if path.suffix not in readers:
        raise ScoringError(
            f"cannot read {path.suffix or 'a file without ending'}", where, "Give .csv, .jsonl or .parquet."
        )
    if not path.is_file():
        raise ScoringError("there is no such file", where, "Check the path.")
    problems, answers, total = Problems(), [], 0
    seen: Counter[str] = Counter()
    identified = False
    for place, row in readers[path.suffix](path):
        total += 1
        if row is None:
            problems.add("broken_row", f"line {place}")
            continue
        own = row.get("item_id") or row.get("id") or None
        identified = identified or own is not None
        answer = _answer(row, place, problems, known, None if own is None or not joined_by_id else str(own), seen)
        if answer is not None:
            answers.append(answer)
    if not answers:
        raise ScoringError("no row can be scored", where, "Check its task_id column and its delimiter (a comma).")
    answers.sort(key=lambda answer: (answer.task_id, answer.item_id))
    return Submission(path.stem, answers, problems, total, identified)


def item_key(task: str, text: str, truth: str) -> str:
    """Name of an item that carries no id: a hash over task, input and GT."""
    return hashlib.md5("\x1f".join((task, text, truth)).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _answer(
    row: dict[str, Any], place: int, problems: Problems, known: Container[str], own: str | None, seen: Counter[str]
) -> Answer | None:
    """One row as an answer; None where it cannot be scored."""
    task = str(row.get("task_id") or "").strip()
    named = f"line {place}"
    if task not in known:
        problems.add("unknown_task", f"{named} ({task or 'blank'})")
        return None
    truths = row.get("references") or row.get("GT")
    references = tuple(str(text) for text in truths) if isinstance(truths, list) else (str(truths or ""),)
    text = str(row.get("input") or "")
    key = own or item_key(task, text, references[0])
    seen[f"{task}\x1f{key}"] += 1
    count = seen[f"{task}\x1f{key}"]
    if count > 1:
        problems.add("duplicate_id" if own else "duplicate_row", f"{named} ({task})")
        if own:
            return None
    raw = row.get("output")
    output = None if raw is None else str(raw)
    if upstream_cell(output) is None:
        problems.add("missing_output", f"{named} ({task})")
    elif not str(output).strip():
        problems.add("blank_output", f"{named} ({task})")
    if not references[0].strip():
        problems.add("missing_truth", f"{named} ({task})")
    subject = row.get("subject")
    item = key if own else f"{key}-{count}"
    truncated = str(row.get("truncated") or "").lower() in ("1", "true")
    error = row.get("error")
    return Answer(
        item, task, text, references, output, None if subject in (None, "") else str(subject), truncated, error or None
    )


def _csv_rows(path: Path) -> Iterator[Row]:
    """Rows of a CSV file.

    A quote that is never closed swallows what follows: reading then goes on at the next line that looks like the start
    of a row, so that it costs one row and not the rest of the file.
    """
    csv.field_size_limit(sys.maxsize)
    header: list[str] = []
    start = 1  # line of the next row
    again = True
    while again:
        again = False
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            skipped = start - 1
            reader = csv.reader(islice(stream, skipped, None) if skipped else stream)
            if not header:
                header = next(reader, [])
                _check_columns(header, path)
                start = 1 + reader.line_num
            for fields in reader:
                if len(fields) == len(header):
                    yield start, dict(zip(header, fields, strict=True))
                elif fields:
                    yield start, None
                    stop = skipped + reader.line_num
                    start = _next_row(path, start + 1, stop)
                    if start <= stop:
                        again = True
                        break
                start = skipped + reader.line_num + 1


def _next_row(path: Path, first: int, last: int) -> int:
    """The first line from `first` to `last` that looks like the start of a row; one after `last` where none does."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        lines = enumerate(islice(stream, first - 1, last), first)
        return next((number for number, line in lines if _ROW_START.match(line)), last + 1)


def _json_rows(path: Path) -> Iterator[Row]:
    import orjson

    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            good = (
                isinstance(row, dict) and {"task_id", "output"} <= row.keys() and ("GT" in row or "references" in row)
            )
            yield number, row if good else None


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ScoringError(f"not a Parquet file: {error}", Where(file=str(path)), "Write it again.") from error
    _check_columns([("GT" if name == "references" else name) for name in file.schema_arrow.names], path)
    number = 0
    for batch in file.iter_batches():
        for row in batch.to_pylist():
            number += 1
            yield number, row


def _check_columns(header: list[str], path: Path) -> None:
    if missing := [name for name in COLUMNS if name not in header]:
        raise ScoringError(
            f"no column {missing[0]!r}", Where(file=str(path)), f"The first line must name {','.join(COLUMNS)}."
        )
