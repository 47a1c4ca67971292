"""JSON lines by the block: Arrow's own parser, for blocks in which every line is one object of the declared types.

Arrow's parser is as strict on types as `columns.py`, but does not count lines. Its result is used only if every line
begins with `{` and ends with `}`, and there are as many rows as lines. A line break between `}` and `{` is never inside
a JSON value, so each line is then one object.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.json as arrow_json

from meds_pipeline.readers.batches import Bytes, Fast, Source, is_text
from meds_pipeline.readers.json_fields import VALUE
from meds_pipeline.readers.json_lines import line_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.readers.base import Fault, Record
    from meds_pipeline.readers.columns import ColumnOptions, Type

_NO_NUMBER = re.compile(rb"(?:NaN|Inf(?:inity)?)\s*[,\]}]")
_DEEP = 1000
"""Most brackets that a line may open to be read the fast way; the slow way's parser accepts about 1,024 levels."""
_NEWLINE, _RETURN, _OPEN, _CLOSE = b"\n\r{}"


def suits(options: ColumnOptions) -> bool:
    """Whether Arrow's parser can read these columns: objects in UTF-8, without MAP and JSON."""
    types = options.types()
    return options.encoding == "utf-8" and list(types) != [VALUE] and all(map(_plain, types.values()))


def _plain(kind: Type) -> bool:
    parts = [*(kind.fields or {}).values(), *([kind.item] if kind.item else [])]
    known = kind.text != "JSON" and not kind.text.startswith("MAP")
    return known and all(map(_plain, parts))


class JsonLinesFormat:
    """The fast and the slow way to read a block of JSON lines."""

    def __init__(self, options: ColumnOptions) -> None:
        self.schema = options.arrow()
        self._options = options
        self._parse = arrow_json.ParseOptions(explicit_schema=self.schema, unexpected_field_behavior="ignore")

    def whole(self, data: bytearray) -> int:
        """Bytes up to the last line break."""
        return data.rfind(b"\n") + 1

    def fast(self, block: bytearray) -> Fast | None:
        """Let Arrow parse the block; None if a line is anything but one fitting object."""
        data = np.frombuffer(block, np.uint8)
        breaks = np.flatnonzero(data == _NEWLINE)
        starts = np.concatenate(([0], breaks + 1))
        ends = np.concatenate((breaks, [len(block)]))
        ends = ends - ((ends > starts) & (data[ends - 1] == _RETURN))
        filled = ends > starts
        starts, ends = starts[filled], ends[filled]
        lengths = ends - starts
        if not len(starts) or not ((data[starts] == _OPEN) & (data[ends - 1] == _CLOSE)).all():
            return None
        if lengths.max() > self._options.max_record_bytes or not _is_strict(block, data):
            return None
        long = np.flatnonzero(lengths > 2 * _DEEP)
        if any(_may_be_deep(block, start, start + lengths[n]) for n, start in zip(long, starts[long], strict=True)):
            return None
        read = arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1)
        try:
            table = arrow_json.read_json(pa.BufferReader(block), read, self._parse)
        except pa.ArrowInvalid:
            return None
        table = table.select(self.schema.names).combine_chunks()
        if table.num_rows != len(starts) or table.schema != self.schema:
            return None
        if any(table[name].null_count for name in self._options.required):
            return None
        return Fast(starts, lengths, table.to_batches()[0])

    def slow(self, source: Source, index: int, until: int) -> Iterator[Record | Fault]:
        """Parse line by line."""
        return line_units(source, self._options, source.position, index, until)


def _may_be_deep(block: bytearray, start: int, end: int) -> bool:
    """Whether a line may nest deeper than the slow way can read; Arrow's parser has no such limit."""
    return block.count(b"{", start, end) + block.count(b"[", start, end) > _DEEP


def _is_strict(block: bytearray, data: Bytes) -> bool:
    """Whether a block is UTF-8 and free of NaN and Infinity; Arrow checks neither."""
    for word in (b"NaN", b"Inf"):
        places = np.flatnonzero(data == word[0])
        for step in (1, 2):
            places = places[data.take(places + step, mode="clip") == word[step]]
        if any(_NO_NUMBER.match(block, place) for place in places.tolist()):
            return False
    return is_text(block)
