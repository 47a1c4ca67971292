"""CSV and TSV by the block: NumPy finds quotes and line breaks, Arrow's parser cuts the cells.

Arrow is less strict on quotes than `csv` in its strict mode, and treats a lone carriage return as the end of a row. So
a block is taken only if three things hold: every quote opens or closes a cell or is doubled; every carriage return
outside quotes is followed by a line break; and all bytes are text. Then both parsers end a row at the same places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from meds_pipeline.readers.base import UTF8_BOM
from meds_pipeline.readers.batches import Bytes, Fast, Positions, Source, is_text
from meds_pipeline.readers.delimited import Rows, row_units
from meds_pipeline.readers.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.readers.base import Fault, Record
    from meds_pipeline.readers.delimited import CsvOptions

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'
_NOT_OURS = frozenset(b"xX(")  # Arrow reads 0x1F and nan(1) as numbers
_FAST = frozenset(("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"))


def suits(options: CsvOptions) -> bool:
    """Whether the columns can be read by the block: plain types, UTF-8 text and an ASCII separator."""
    plain = {kind.text for kind in options.types().values()} <= _FAST
    return plain and options.encoding == "utf-8" and options.delimiter.isascii()


class DelimitedFormat:
    """The fast and the slow way to read a block of rows."""

    def __init__(self, options: CsvOptions, places: list[int | None], width: int) -> None:
        self.schema = options.arrow()
        self._options, self._places, self._width = options, places, width
        self._names = [str(place) for place in range(width)]
        used = sorted({place for place in places if place is not None})
        self._parse = arrow_csv.ParseOptions(
            delimiter=options.delimiter, quote_char='"' if options.quoting else False, double_quote=True
        )
        self._convert = arrow_csv.ConvertOptions(
            check_utf8=False,  # the whole block was checked, with its skipped columns
            column_types=dict.fromkeys(self._names, pa.string()),
            include_columns=[str(place) for place in used],
            strings_can_be_null=False,
        )

    def whole(self, data: bytearray) -> int:
        """Bytes up to the last line break outside quotes."""
        end = data.rfind(b"\n") + 1
        if self._options.quoting:
            odd = np.count_nonzero(np.frombuffer(data, np.uint8, end) == _QUOTE) & 1
            while odd and end:
                before = data.rfind(b"\n", 0, end - 1) + 1
                odd ^= data.count(b'"', before, end) & 1
                end = before
        return end

    def fast(self, block: bytearray) -> Fast | None:
        """Let Arrow cut the block into cells; None if anything in it is unusual."""
        if block.startswith(UTF8_BOM) or not is_text(block):
            return None
        rows = _rows(block, self._options)
        cells = self._cells(block) if rows else None
        if rows is None or cells is None or cells.num_rows != len(rows[0]):
            return None
        columns = []
        for place, name, field in zip(self._places, self._options.columns, self.schema, strict=True):
            column = pa.nulls(len(cells), field.type) if place is None else _typed(cells[str(place)], field.type)
            if column is None or (name in self._options.required and column.null_count):
                return None
            columns.append(column)
        starts, ends = rows
        return Fast(starts, ends - starts, pa.RecordBatch.from_arrays(columns, schema=self.schema))

    def slow(self, source: Source, index: int, until: int) -> Iterator[Record | Fault]:
        """Cut and parse row by row."""
        rows = Rows(source, self._options, source.position)
        return row_units(rows, Table(self._options, self._places), self._width, index, until)

    def _cells(self, block: bytearray) -> pa.RecordBatch | None:
        """The declared columns as text; None if a row has a wrong number of cells."""
        read = arrow_csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=self._names)
        try:
            table = arrow_csv.read_csv(pa.BufferReader(block), read, self._parse, self._convert)
        except pa.ArrowInvalid:
            return None
        return table.combine_chunks().to_batches()[0] if table.num_rows else None


def _rows(block: bytearray, options: CsvOptions) -> tuple[Positions, Positions] | None:
    """First byte of each row, and the byte after its last; None if anything is unusual."""
    data = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(data == _QUOTE) if options.quoting else np.empty(0, np.int64)
    if not _quotes_fit(data, quotes, ord(options.delimiter)):
        return None
    if b"\r" in block:
        returns = _outside(quotes, np.flatnonzero(data == _RETURN))
        if not (data.take(returns + 1, mode="clip") == _NEWLINE).all():
            return None
    breaks = _outside(quotes, np.flatnonzero(data == _NEWLINE))
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [len(data)]))
    ends = ends - ((ends > starts) & (data[ends - 1] == _RETURN))
    filled = ends > starts
    starts, ends = starts[filled], ends[filled]
    if not len(starts) or (ends - starts).max() > options.max_record_bytes:
        return None
    return starts, ends


def _outside(quotes: Positions, places: Positions) -> Positions:
    """The places that are not between quotes."""
    if not len(quotes):
        return places
    inside: Positions = np.searchsorted(quotes, places) & 1
    outside: Positions = places[inside == 0]
    return outside


def _quotes_fit(data: Bytes, quotes: Positions, delimiter: int) -> bool:
    """Whether quotes stand only at the ends of cells, or doubled inside quoted ones."""
    if not len(quotes):
        return True
    if len(quotes) & 1:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    doubled = opening[1:] == closing[:-1] + 1
    before = data[opening - 1]
    opens = (before == delimiter) | (before == _NEWLINE)
    opens[0] |= opening[0] == 0
    opens[1:] |= doubled
    after = data.take(closing + 1, mode="clip")
    closes = (after == delimiter) | (after == _NEWLINE) | (after == _RETURN)
    closes[-1] |= closing[-1] == len(data) - 1
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


def _typed(text: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Text converted to another type, empty cells to NULL; None if Arrow may differ from `tables.py`."""
    if kind == pa.string():
        return text
    letters = text.buffers()[2]
    if letters is not None and not _NOT_OURS.isdisjoint(letters.to_pybytes()):
        return None
    try:
        return pc.if_else(pc.equal(text, ""), None, text).cast(kind)
    except pa.ArrowInvalid:
        return None
