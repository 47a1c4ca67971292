"""The formats of submission files: CSV, JSON lines and Parquet with task_id, input, GT and output.

Upstream reads every submission with `pandas.read_csv`. Where pandas reads a CSV file without complaint, rows and cells
here are the same. Where it gives up (a quote that is never closed, a row with too many cells, bytes that are not
UTF-8), the rows that can be read are read, and the others are named.
"""

from __future__ import annotations

import csv
import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from meds_pipeline.core.errors import ScoringError, Where
from meds_pipeline.scoring.csv_records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

COLUMNS = ("task_id", "input", "GT", "output")
SUFFIXES = (".csv", ".jsonl", ".parquet")


class Row(NamedTuple):
    """One row of a file.

    Attributes:
        place: Its line or, in Parquet files, its number, from 1.
        fields: Its cells by column; None where it cannot be read.
        kinds: What is odd about it, as keys of `submission.MESSAGES`.
        detail: More about its place, for people.
    """

    place: int
    fields: Mapping[str, Any] | None
    kinds: tuple[str, ...] = ()
    detail: str = ""

    @property
    def named(self) -> str:
        """Its place in words."""
        return f"line {self.place}" + (f" ({self.detail})" if self.detail else "")

    def text(self, column: str) -> str | None:
        """A cell as text; None where it is missing: not there, null or NaN."""
        value = None if self.fields is None else self.fields.get(column)
        return value if value is None or isinstance(value, str) else _text(value)

    def flag(self, column: str) -> bool:
        """Whether a cell says yes."""
        return (self.text(column) or "").strip().lower() in ("1", "1.0", "true", "yes")

    @property
    def own_id(self) -> str | None:
        """The id the row gives itself: `item_id`, else `id`."""
        return self.text("item_id") or self.text("id") or None

    @property
    def references(self) -> tuple[str, ...]:
        """The gold answers, `references` or else `GT`; the first is upstream's GT, empty where it is missing."""
        fields = self.fields or {}
        given = fields.get("references")
        if given is None and isinstance(gold := fields.get("GT"), str):
            return (gold,)  # the common case
        truths = fields.get("GT") if _missing(given) or given == [] else given
        listed = truths if isinstance(truths, list) and truths else [truths]
        return tuple(_text(truth) or "" for truth in listed)


def _missing(value: Any) -> bool:
    """Whether a value is null or NaN, the one thing that is not equal to itself."""
    return value is None or value != value


def _text(value: Any) -> str | None:
    """What Python's `str` makes of a value, as in the CSV file that pandas would write (`False`, `0`)."""
    return None if _missing(value) else str(value)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a submission file.

    Raises:
        ScoringError: The file is absent, of another format, not UTF-8 in its first line, or lacks a column.
    """
    _check_ending(path)
    if not path.is_file():
        raise ScoringError("there is no such file.", Where(file=str(path)), "Check the path.")
    return {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}[path.suffix](path)


def write_rows(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Write rows with the same keys as a submission file; raises ScoringError for an ending of no known format."""
    _check_ending(path)
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


def _csv_rows(path: Path) -> Iterator[Row]:
    """Rows of a CSV file, in one pass.

    A quote that is never closed swallows what follows: where pandas gives up for that, reading goes on at the next line
    that looks like the start of a row, so that it costs one row. Where the quote pairs with that of a later row, pandas
    reads one row without complaint, and so do we, but say so.
    """
    with Records(path) as records:
        rows = iter(records)
        header = next(rows, [])
        _check_header(header, records, path)
        for cells in rows:
            yield _csv_row(header, cells, records)


def _csv_row(header: Sequence[str], cells: Sequence[str], records: Records) -> Row:
    """The cells of one record as a row; where it is broken, the lines it swallowed are read again."""
    place, within = records.number, records.row_within()
    if records.unclosed(cells) or (len(cells) > len(header) and within):
        if within:
            records.read_again(within)
        return Row(place, None, ("broken_row",))
    if len(cells) > len(header):
        return Row(place, None, ("long_row",))
    if wrong := records.wrong():
        return Row(place, None, ("not_utf8",), f"byte 0x{wrong.byte:02X} at offset {wrong.offset}")
    kinds = (("short_row",) if len(cells) < len(header) else ()) + (("swallowed_row",) if within else ())
    return Row(place, dict(zip_longest(header, cells)), kinds)


def _json_rows(path: Path) -> Iterator[Row]:
    columns: set[str] = set()
    place = 0
    with path.open("rb") as stream:
        for place, line in enumerate(stream, 1):
            if line.strip():
                row = _json_row(place, line)
                columns |= (row.fields or {}).keys()
                yield row
    if columns:
        _check_columns([*columns, *(["GT"] if "references" in columns else []), "input"], path)


def _json_row(place: int, line: bytes) -> Row:
    import orjson

    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            row = json.loads(line)  # takes NaN, which Python writes for what is missing
            json.dumps(row, ensure_ascii=False).encode()  # and half characters, which are no text
        except UnicodeError:
            return Row(place, None, ("not_utf8",))
        except (ValueError, RecursionError):
            return Row(place, None, ("broken_row",))
    if not isinstance(row, dict) or "task_id" not in row:
        return Row(place, None, ("broken_row",))
    whole = "output" in row and ("GT" in row or "references" in row)
    return Row(place, row, () if whole else ("short_row",))


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ScoringError(f"not a Parquet file: {error}.", Where(file=str(path)), "Write it again.") from error
    _check_columns([("GT" if name == "references" else name) for name in file.schema_arrow.names], path)
    place = 0
    for batch in file.iter_batches():
        for fields in batch.to_pylist():
            place += 1
            yield Row(place, fields)


def _check_header(header: Sequence[str], records: Records, path: Path) -> None:
    line = ",".join(header)
    if records.wrong() or "\x00" in line:
        raise ScoringError("it is not UTF-8.", Where(file=str(path)), "Write it as UTF-8 (`iconv -f NAME -t UTF-8`).")
    for delimiter, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and set(COLUMNS) <= set(line.split(delimiter)):
            raise ScoringError(f"its cells are parted by {name}.", Where(file=str(path)), "Write it with commas.")
    _check_columns(header, path)


def _check_columns(names: Sequence[str], path: Path) -> None:
    if missing := [name for name in COLUMNS if name not in names]:
        raise ScoringError(
            f"no column {missing[0]!r}.", Where(file=str(path)), f"It must have the columns {', '.join(COLUMNS)}."
        )
