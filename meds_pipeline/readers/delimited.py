r"""CSV and TSV: a header, then one row per record; quoted cells may hold separators and line breaks.

    read(raw, columns={"question": "VARCHAR", "label": "BIGINT"})                # reader csv
    read(raw, columns={"id": "VARCHAR"}, quoting=False)                          # reader tsv, quotes are plain
    read(raw, columns={...}, delimiter="|", header=False)

A row that does not have as many cells as the header is a fault, and so is a row whose quotes do not match. After a lost
quote all following text looks quoted. So after such a fault the search for the next row starts at the second line of
the bad row. A line is taken as a row only if it and the row after it have the right number of cells.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from pydantic import Field

from meds_pipeline.readers.base import Fault, Reader, Reason, Record, RecordError, decoded, file_fault, record_or_fault
from meds_pipeline.readers.lines import TOO_LONG, Line, iter_lines
from meds_pipeline.readers.tables import Table, TableOptions, cell_text, locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from meds_pipeline.readers.batches import ReadBatch
    from meds_pipeline.readers.lines import Lines

_QUOTE = b'"'
_CANDIDATES = 1000
_QUOTES_OPTION = "if double quotes are plain characters in this file, set `quoting: false`."
_QUOTES = f"Its double quotes do not match. Repair the row; {_QUOTES_OPTION}"
_CUT = f"The file ends inside it. Fetch the file again; {_QUOTES_OPTION}"
_SHAPE = frozenset((Reason.RAGGED.value, Reason.BAD_RECORD.value))


class CsvOptions(TableOptions):
    """Options of `csv` and `tsv`."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """Character between cells."""

    quoting: bool = True
    """Whether double quotes enclose cells. False: they are plain characters, and every line is a row."""


class TsvOptions(CsvOptions):
    """Options of `tsv`."""

    delimiter: str = Field(default="\t", min_length=1, max_length=1)


class _Row(NamedTuple):
    """One row: its cells or its error, its bytes, and its lines."""

    cells: list[str] | RecordError
    lines: list[Line]

    @property
    def start(self) -> int:
        """First byte."""
        return self.lines[0].start


class Rows:
    """Cuts lines into rows; rows can be given back."""

    def __init__(self, raw: Lines, options: CsvOptions, position: int = 0) -> None:
        self._lines = iter_lines(raw, options.max_record_bytes, position)
        self._given_back: deque[Line] = deque()
        self._tried: list[Line] | None = None
        self._end = position
        self._options = options
        csv.field_size_limit(max(csv.field_size_limit(), options.max_record_bytes))

    def give_back(self, lines: list[Line]) -> None:
        """Take these lines again next."""
        self._given_back.extendleft(reversed(lines))

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Give back all lines that are taken within the block, blank lines too."""
        tried: list[Line] = []
        self._tried = tried
        yield
        self._tried = None
        self.give_back(tried)

    def take(self) -> _Row | None:
        """The next row; None at the end. Blank lines are skipped."""
        while (line := self._line()) is not None:
            if not line.body:
                continue
            lines = [line]
            try:
                if not self._options.quoting or _QUOTE not in line.body:
                    cells = self._text(lines).split(self._options.delimiter)
                else:
                    cells = self._quoted(lines)
                if any("\ufffd" in cell for cell in cells):
                    for each in lines:
                        decoded(each.body, self._options)
                return _Row(cells, lines)
            except RecordError as error:
                return _Row(error, lines)
            except csv.Error:
                return _Row(RecordError(Reason.BAD_RECORD, _QUOTES), lines)
        return None

    @property
    def end(self) -> int | None:
        """First byte after the last row; None while lines that were given back are not taken again."""
        return None if self._given_back else self._end

    def skip_line(self) -> None:
        """Skip the next line."""
        self._line()

    def _line(self) -> Line | None:
        if self._given_back:
            line = self._given_back.popleft()
        elif (new := next(self._lines, None)) is not None:
            line = new
            self._end = line.start + line.size + len(line.ending)
        else:
            return None
        if self._tried is not None:
            self._tried.append(line)
        return line

    def _text(self, lines: list[Line]) -> str:
        """Text of the last line; invalid bytes are replaced here, and make the row a fault when it ends."""
        line = lines[-1]
        if line.too_long or line.start - lines[0].start > self._options.max_record_bytes:
            raise RecordError(Reason.TOO_LONG, TOO_LONG)
        return line.body.decode(self._options.encoding, errors="replace")

    def _quoted(self, lines: list[Line]) -> list[str]:
        """Cells of a row with quotes; while a quote is open, `csv` takes more lines, which are added to `lines`."""

        def feed() -> Iterator[str]:
            yield self._text(lines) + lines[-1].ending.decode()
            while (line := self._line()) is not None:
                lines.append(line)
                yield self._text(lines) + line.ending.decode()

        return next(csv.reader(feed(), delimiter=self._options.delimiter, strict=True))


class CsvReader(Reader[CsvOptions]):
    """Rows of a CSV file."""

    name = "csv"
    version = 2
    options_type: type[CsvOptions] = CsvOptions

    def columns(self, options: CsvOptions) -> pa.Schema:
        """The declared columns."""
        return options.arrow()

    def records(
        self, raw: BinaryIO, options: CsvOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Record | Fault]:
        """Go through the rows."""
        rows = Rows(raw, options)
        shape = _shape(rows, options)
        if isinstance(shape, Fault):
            yield shape
        elif shape is not None:
            yield from row_units(rows, Table(options, shape.places), shape.width)

    def record_batches(
        self, raw: BinaryIO, options: CsvOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[ReadBatch]:
        """By the block, where the columns allow it."""
        from meds_pipeline.readers.batches import Source, from_blocks, from_units
        from meds_pipeline.readers.fast_delimited import DelimitedFormat, suits

        if not suits(options):
            yield from super().record_batches(raw, options, companions)
            return
        source = Source(raw, 0, options.max_record_bytes)
        shape = _shape(Rows(source, options), options)
        if shape is None or isinstance(shape, Fault):
            yield from from_units(iter([shape] if shape else []), options.arrow())
        else:
            yield from from_blocks(source, DelimitedFormat(options, shape.places, shape.width))


class TsvReader(CsvReader):
    """Rows of a TSV file."""

    name = "tsv"
    version = 2
    options_type = TsvOptions


class _Shape(NamedTuple):
    """The number of cells in a row, and the cells that hold the declared columns."""

    width: int
    places: list[int | None]


def _shape(rows: Rows, options: CsvOptions) -> _Shape | Fault | None:
    """Read the header; None if the file is empty."""
    if not options.header:
        return _Shape(len(options.columns), list(range(len(options.columns))))
    header = rows.take()
    if header is None:
        return None
    if isinstance(header.cells, RecordError):
        return file_fault(Reason.UNREADABLE, f"The header cannot be read. {header.cells.detail}")
    places = locate(header.cells, options)
    return places if isinstance(places, Fault) else _Shape(len(header.cells), places)


def row_units(
    rows: Rows, table: Table, width: int, index: int = 0, until: int | None = None
) -> Iterator[Record | Fault]:
    """Records and faults; they stop when the next row begins at `until` or later."""
    while (row := rows.take()) is not None:
        unit = record_or_fault(index, row.start, _length(row.lines), partial(_values, row, table, width))
        if isinstance(unit, Fault) and unit.reason in _SHAPE:
            lines = row.lines if len(row.lines) == 1 else row.lines[: _next_row(rows, row, table, width)]
            cut = not lines[-1].ending and (isinstance(row.cells, RecordError) or len(row.cells) < width)
            reason, detail = (Reason.TRUNCATED.value, _CUT) if cut else (unit.reason, unit.detail)
            unit = Fault(index, row.start, _length(lines), reason, detail)
        yield unit
        index += 1
        if until is not None and rows.end is not None and rows.end >= until:
            return


def _values(row: _Row, table: Table, width: int) -> tuple[Any, ...]:
    if isinstance(row.cells, RecordError):
        raise row.cells
    if len(row.cells) != width:
        detail = f"The row has {len(row.cells)} cells where the header has {width}. Repair the row; {_QUOTES_OPTION}"
        raise RecordError(Reason.RAGGED, detail)
    return table.values(row.cells)


def _length(lines: list[Line]) -> int:
    return lines[-1].start + lines[-1].size - lines[0].start


def _next_row(rows: Rows, bad: _Row, table: Table, width: int) -> int:
    """Give back all lines from the next row on; return how many of the bad row's lines stay with it.

    A line begins a row again if the row that begins there fits and the one behind it does too; the last line of an
    unfinished row, where its quotes went wrong, only has to fit itself.
    """
    lines = bad.lines
    rows.give_back(lines[1:])
    for place in range(1, len(lines)):
        if place < _CANDIDATES and lines[place].body:
            with rows.trying():
                alone = isinstance(bad.cells, RecordError) and place == len(lines) - 1
                first = rows.take()
                fits = first is not None and _fits(first, table, width)
                second = rows.take() if fits and not alone else None
                fits = fits and (second is None or _fits(second, table, width))
            if fits:
                return place
        rows.skip_line()
    return len(lines)


def _fits(row: _Row, table: Table, width: int) -> bool:
    try:
        _values(row, table, width)
    except RecordError:
        return False
    return True


def write(rows: Sequence[Mapping[str, Any]], options: CsvOptions) -> bytes:
    """Write a header and one line per row; every row has all columns, in the same order."""
    header = list(rows[0]) if rows else list(options.columns)
    table = [[cell_text(row[name]) for name in header] for row in rows]
    lines = [header, *table] if options.header else table
    if not options.quoting:
        return "".join(f"{options.delimiter.join(line)}\n" for line in lines).encode(options.encoding)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=options.delimiter, lineterminator="\n").writerows(lines)
    return out.getvalue().encode(options.encoding)
