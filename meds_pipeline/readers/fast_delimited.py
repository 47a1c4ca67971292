"""CSV and TSV by the block: NumPy finds quotes, separators and line breaks, Arrow copies the cells.

A block is taken only if every quote in it opens or closes a cell or is doubled, every row has the header's number of
cells, and all bytes are text; then it means the same to this reader as to `csv` in its strict mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from meds_pipeline.readers.batches import Fast, Positions, Source, is_text
from meds_pipeline.readers.delimited import Rows, row_units
from meds_pipeline.readers.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.readers.base import Fault, Record
    from meds_pipeline.readers.delimited import CsvOptions

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'
_FAST = frozenset(("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"))


def suits(options: CsvOptions) -> bool:
    """Whether the columns can be read by the block: plain types in UTF-8, an ASCII separator."""
    plain = {kind.text for kind in options.types().values()} <= _FAST
    return plain and options.encoding == "utf-8" and options.delimiter.isascii()


class DelimitedFormat:
    """The two ways through a block of rows."""

    def __init__(self, options: CsvOptions, places: list[int | None], width: int) -> None:
        self.schema = options.arrow()
        self._options, self._places, self._width = options, places, width

    def whole(self, data: bytes) -> int:
        """Bytes up to the last line break outside quotes."""
        end = data.rfind(b"\n") + 1
        if self._options.quoting:
            odd = data.count(b'"', 0, end) & 1
            while odd and end:
                before = data.rfind(b"\n", 0, end - 1) + 1
                odd ^= data.count(b'"', before, end) & 1
                end = before
        return end

    def fast(self, block: bytes) -> Fast | None:
        """Cut the block into cells; None if anything in it is unusual."""
        if not is_text(block):
            return None
        cut = _Cut(block, self._options)
        rows = cut.rows(self._width, self._options.max_record_bytes)
        if rows is None:
            return None
        starts, ends = rows
        columns = []
        for place, name, field in zip(self._places, self._options.columns, self.schema, strict=True):
            column = pa.nulls(len(starts), field.type) if place is None else _typed(cut.column(place), field.type)
            if column is None or (name in self._options.required and column.null_count):
                return None
            columns.append(column)
        return Fast(starts, ends - starts, pa.RecordBatch.from_arrays(columns, schema=self.schema))

    def slow(self, source: Source, index: int, until: int) -> Iterator[Record | Fault]:
        """Cut and parse row by row."""
        rows = Rows(source, self._options, source.position)
        return row_units(rows, Table(self._options, self._places), self._width, index, until)


class _Cut:
    """Where rows and cells of a block begin and end."""

    def __init__(self, block: bytes, options: CsvOptions) -> None:
        self._block = block
        self._data: Bytes = np.frombuffer(block + b"\0", np.uint8)  # so that every place has one behind it
        found = self._data[: len(block)]
        self._quotes = np.flatnonzero(found == _QUOTE) if options.quoting else np.empty(0, np.int64)
        self._marks = self._outside(np.flatnonzero(found == ord(options.delimiter)))
        self._breaks = self._outside(np.flatnonzero(found == _NEWLINE))
        self._delimiter = ord(options.delimiter)
        self._cells: tuple[list[Positions], list[Positions]] = ([], [])

    def _outside(self, places: Positions) -> Positions:
        if not len(self._quotes):
            return places
        inside: Positions = np.searchsorted(self._quotes, places) & 1
        outside: Positions = places[inside == 0]
        return outside

    def rows(self, width: int, longest: int) -> tuple[Positions, Positions] | None:
        """First byte of each row and the one behind its last; None if anything is unusual."""
        size = len(self._block)
        starts = np.concatenate(([0], self._breaks + 1))
        ends = np.concatenate((self._breaks, [size]))
        ends = ends - ((ends > starts) & (self._data[ends - 1] == _RETURN))
        filled = ends > starts
        starts, ends = starts[filled], ends[filled]
        marks = self._marks
        if not len(starts) or len(marks) != len(starts) * (width - 1) or not self._quotes_fit():
            return None
        marks = marks.reshape(len(starts), width - 1)
        if width > 1 and not ((marks[:, 0] >= starts) & (marks[:, -1] < ends)).all():
            return None
        if (ends - starts).max() > longest or (len(self._quotes) and b"\r" in self._block and not self._returns_fit()):
            return None
        self._cells = (
            [starts, *(marks[:, place] + 1 for place in range(width - 1))],
            [*(marks[:, place] for place in range(width - 1)), ends],
        )
        return starts, ends

    def _quotes_fit(self) -> bool:
        """Whether quotes stand only at the ends of cells, or doubled inside quoted ones."""
        quotes = self._quotes
        if not len(quotes):
            return True
        if len(quotes) & 1:
            return False
        opening, closing = quotes[::2], quotes[1::2]
        doubled = opening[1:] == closing[:-1] + 1
        before = self._data[opening - 1]
        opens = (before == self._delimiter) | (before == _NEWLINE)
        opens[0] |= opening[0] == 0
        opens[1:] |= doubled
        after = self._data[closing + 1]
        closes = (after == self._delimiter) | (after == _NEWLINE) | (after == _RETURN)
        closes[-1] |= closing[-1] == len(self._block) - 1
        closes[:-1] |= doubled
        return bool(opens.all() and closes.all())

    def _returns_fit(self) -> bool:
        """Whether every carriage return outside quotes ends a line."""
        returns = self._outside(np.flatnonzero(self._data[: len(self._block)] == _RETURN))
        return bool((self._data[returns + 1] == _NEWLINE).all())

    def column(self, place: int) -> pa.Array:
        """The cells of one column as text."""
        starts, ends = self._cells[0][place], self._cells[1][place]
        if not len(self._quotes):
            return _text(self._block, starts, ends)
        quoted = (self._data[starts] == _QUOTE) & (ends > starts)
        starts, ends = starts + quoted, ends - quoted
        text = _text(self._block, starts, ends)
        inside = np.searchsorted(self._quotes, ends) != np.searchsorted(self._quotes, starts)
        return pc.replace_substring(text, '""', '"') if inside.any() else text


def _text(block: bytes, starts: Positions, ends: Positions) -> pa.Array:
    """A string array of slices of `block`: Arrow sees it as cells and gaps in turn, and takes the cells."""
    borders = np.empty(2 * len(starts) + 1, np.int32)
    borders[:-1:2], borders[1::2], borders[-1] = starts, ends, len(block)
    parts = pa.Array.from_buffers(pa.string(), 2 * len(starts), [None, pa.py_buffer(borders), pa.py_buffer(block)])
    return parts.take(pa.array(np.arange(0, 2 * len(starts), 2)))


def _typed(text: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Text to another type, empty cells to NULL; None if Arrow does not see it as `tables.py` does."""
    if kind == pa.string():
        return text
    try:
        return pc.if_else(pc.equal(text, ""), None, text).cast(kind)
    except pa.ArrowInvalid:
        return None
