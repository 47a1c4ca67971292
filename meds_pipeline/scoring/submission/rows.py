"""The formats of submission files: CSV, JSON lines and Parquet with task_id, input, GT and output."""

from __future__ import annotations

import csv
import itertools
import json
import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any, NamedTuple

from meds_pipeline.core.errors import ScoringError, Where
from meds_pipeline.scoring.submission.tables import csv_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

COLUMNS = ("task_id", "input", "GT", "output")
BY_ID = ("item_id", "output")
"""Columns that are enough if items are identified by their ids, as in answers to a release."""
SUFFIXES = (".csv", ".jsonl", ".parquet")
LONGEST_LINE = 64 << 20
"""Most bytes of a line in a JSON lines file."""
_ROW_WITHIN = re.compile(r'\n"?(?:task\d+|x_\w+|[0-9a-f]{32})"?,')
"""The start of a row, the id of a task or item and a comma, after a line break within a cell."""


class SubmissionRow(NamedTuple):
    """One row of a file.

    Attributes:
        number: Its number in the file, from 1. In CSV files the header is row 1, and a cell with line breaks does not
            start a new row, as in a spreadsheet.
        fields: Its cells by column; None if the row cannot be read.
        kinds: Its problems, as keys of `problems.MESSAGES`.
    """

    number: int
    fields: Mapping[str, Any] | None
    kinds: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """Its number and task in words."""
        task = self.text("task_id") or ""
        shown = repr(task) if task != task.strip() else task or "blank"
        return f"row {self.number}" if self.fields is None else f"row {self.number} ({shown})"

    def text(self, column: str) -> str | None:
        """A cell as text; None where it is missing: not there, null or NaN."""
        value = None if self.fields is None else self.fields.get(column)
        return value if value is None or isinstance(value, str) else _text(value)

    def flag(self, column: str) -> bool:
        """Whether a cell says yes."""
        return (self.text(column) or "").strip().lower() in ("1", "1.0", "true", "yes")

    @property
    def own_id(self) -> str | None:
        """The row's own id: `item_id`, else `id`."""
        return self.text("item_id") or self.text("id") or None

    @property
    def references(self) -> tuple[str, ...]:
        """The gold answers: `references`, else `GT`. The first is upstream's GT; it is empty if missing."""
        fields = self.fields or {}
        given = fields.get("references")
        if given is None and isinstance(gold := fields.get("GT"), str):
            return (gold,)  # the common case
        truths = fields.get("GT") if _missing(given) or given == [] else given
        listed = truths if isinstance(truths, list) and truths else [truths]
        return tuple(_text(truth) or "" for truth in listed)


def _missing(value: Any) -> bool:
    """Whether a value is null or NaN; only NaN is not equal to itself."""
    return value is None or value != value


def _text(value: Any) -> str | None:
    """A value as text by Python's `str`, as in a CSV file that pandas writes (`False`, `0`)."""
    return None if _missing(value) else str(value)


def read_rows(path: Path, *, by_id: bool = False) -> Iterator[SubmissionRow]:
    """Yield the rows of a submission file.

    Args:
        path: The file.
        by_id: Whether the columns `BY_ID` suffice.

    Raises:
        ScoringError: The file is absent, of another format, not UTF-8 in its first line, or lacks a column.
    """
    _check_ending(path)
    if not path.is_file():
        raise ScoringError("there is no such file.", Where(file=str(path)), "Check the path.")
    return {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}[path.suffix](path, by_id)


def write_rows(rows: Sequence[Mapping[str, str]], path: Path, *, private: bool = False) -> None:
    """Write rows, which have the same keys, as a submission file; with `private`, only its owner may read it.

    Raises:
        ScoringError: The file's ending is of no known format.
    """
    _check_ending(path)
    if private:
        path.touch(0o600)
        path.chmod(0o600)
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(file, list(rows[0]) if rows else COLUMNS)
            writer.writeheader()
            writer.writerows(rows)


def _check_ending(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        problem = f"{path.suffix or 'a file without ending'} is no format of submissions."
        raise ScoringError(problem, Where(file=str(path)), f"Give {', '.join(SUFFIXES)}.")


def _csv_rows(path: Path, by_id: bool) -> Iterator[SubmissionRow]:
    records = csv_records(path)
    _, header = next(records, (1, ()))
    if isinstance(header, str):
        raise ScoringError("its first line cannot be read.", Where(file=str(path)), "Write it with one header line.")
    _check_header(header, path, by_id)
    for number, cells in records:
        if isinstance(cells, str):
            yield SubmissionRow(number, None, (cells,))
        elif any(cells[1:]) or cells[0].strip():  # not a blank line or a line of commas only
            yield _csv_row(number, dict(zip(header, cells, strict=True)))


def _csv_row(number: int, fields: Mapping[str, str]) -> SubmissionRow:
    text = "\x1f".join(fields.values())
    if not _is_utf8(text):
        return SubmissionRow(number, None, ("not_utf8",))
    return SubmissionRow(number, fields, ("swallowed_row",) if _ROW_WITHIN.search(text) else ())


def _is_utf8(text: str) -> bool:
    """Whether a text was read without escaped bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json_rows(path: Path, by_id: bool) -> Iterator[SubmissionRow]:
    columns: set[str] = set()
    with path.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), b""), 1):
            if len(line) == LONGEST_LINE:
                raise ScoringError(
                    f"a line is over {LONGEST_LINE >> 20} MiB.",
                    Where(file=str(path), record=f"row {number}"),
                    "Shorten it.",
                )
            if text := line.removeprefix(BOM_UTF8 if number == 1 else b"").strip():
                row = _json_row(number, text)
                columns |= (row.fields or {}).keys()
                yield row
    if columns:
        _check_columns([*columns, *(["GT"] if "references" in columns else []), "input"], path, by_id)


def _json_row(number: int, line: bytes) -> SubmissionRow:
    try:
        text = line.decode()
        row = json.loads(text)
        if "\\u" in text:
            json.dumps(row, ensure_ascii=False).encode()  # fails for a lone surrogate, which is not text
    except UnicodeError:
        return SubmissionRow(number, None, ("not_utf8",))
    except (ValueError, RecursionError):
        return SubmissionRow(number, None, ("broken_row",))
    good = isinstance(row, dict) and ("task_id" in row or "item_id" in row)
    return SubmissionRow(number, row) if good else SubmissionRow(number, None, ("broken_row",))


def _parquet_rows(path: Path, by_id: bool) -> Iterator[SubmissionRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ScoringError(f"not a Parquet file: {error}.", Where(file=str(path)), "Write it again.") from error
    _check_columns([("GT" if name == "references" else name) for name in file.schema_arrow.names], path, by_id)
    try:
        cells = itertools.chain.from_iterable(map(_cells, file.iter_batches()))
        for number, fields in enumerate(cells, 1):
            yield SubmissionRow(number, fields, () if fields else ("not_utf8",))
    except (OSError, pa.ArrowException) as error:
        raise ScoringError(f"its rows cannot be read: {error}.", Where(file=str(path)), "Write it again.") from error


def _cells(batch: pa.RecordBatch) -> list[dict[str, Any] | None]:
    """Return the rows of a batch; None for a row with bytes that are not UTF-8."""
    try:
        rows: list[dict[str, Any] | None] = batch.to_pylist()
    except UnicodeDecodeError:
        halves = batch.slice(0, batch.num_rows // 2), batch.slice(batch.num_rows // 2)
        return [None] if batch.num_rows == 1 else [row for half in halves for row in _cells(half)]
    return rows


def _check_header(header: Sequence[str], path: Path, by_id: bool) -> None:
    line = ",".join(header)
    if "\x00" in line or not _is_utf8(line):
        raise ScoringError("it is not UTF-8.", Where(file=str(path)), "Write it as UTF-8 (`iconv -f NAME -t UTF-8`).")
    for delimiter, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        cells = set(line.split(delimiter))
        if len(header) == 1 and (set(COLUMNS) <= cells or (by_id and set(BY_ID) <= cells)):
            raise ScoringError(f"its cells are parted by {name}.", Where(file=str(path)), "Write it with commas.")
    _check_columns(header, path, by_id)


def _check_columns(names: Sequence[str], path: Path, by_id: bool) -> None:
    asked = BY_ID if by_id and "item_id" in names else COLUMNS
    if missing := [name for name in asked if name not in names]:
        step = f"It must have the columns {', '.join(COLUMNS)}."
        if by_id:
            step = f"{step[:-1]}, or {' and '.join(BY_ID)}."
        elif set(BY_ID) <= set(names):
            step += " Answers by item_id alone are for a home: put them into its folder `submissions`."
        raise ScoringError(f"no column {missing[0]!r}.", Where(file=str(path)), step)
