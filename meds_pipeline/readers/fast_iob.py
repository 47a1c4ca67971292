"""IOB by the block: NumPy finds tokens, tags and entities, Arrow copies their text.

A block is taken if each line has one token, the same number of tabs and a tag known to `iob.py`, without blanks
around it, and if nothing else is unusual: carriage returns, document marks, bytes that are not text. A sentence's
text is its lines less what stands behind the tokens, each first tab become a blank.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from meds_pipeline.readers.base import UTF8_BOM
from meds_pipeline.readers.batches import Bytes, Fast, Positions, Source, is_text, slices
from meds_pipeline.readers.iob import BEGINS, DOCSTART, TAG, IobOptions, sentence_units
from meds_pipeline.readers.lines import BLANK_LINE
from meds_pipeline.readers.spans import ENTITY, RELATION, SPAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.readers.base import Fault, Record

_NEWLINE, _TAB, _BLANK, _OUTSIDE = b"\n\t O"
_TAIL = 1 << 16


def suits(options: IobOptions) -> bool:
    """Whether sentences can be read by the block: UTF-8, tabs, a sentence a record."""
    return options.separator == "tab" and options.starts is None and options.encoding == "utf-8"


class IobFormat:
    """The two ways through a block of sentences."""

    def __init__(self, options: IobOptions, schema: pa.Schema) -> None:
        self.schema = schema
        self._options = options

    def whole(self, data: bytearray) -> int:
        """Bytes up to the last blank line."""
        for begin in (max(0, len(data) - _TAIL), 0):
            if found := [match.end() for match in BLANK_LINE.finditer(data, begin)]:
                return found[-1]
        return 0

    def fast(self, block: bytearray) -> Fast | None:
        """Cut the block into sentences; None if anything in it is unusual."""
        if b"\r" in block or block.startswith(UTF8_BOM) or DOCSTART in block or not is_text(block):
            return None
        block = block if block.endswith(b"\n") else block + b"\n"
        lines = _lines(np.frombuffer(block, np.uint8), self._options.tag)
        chunks = _chunks(block, lines) if lines else None
        if lines is None or chunks is None:
            return None
        starts, last = lines.starts[lines.first], np.append(lines.first[1:], len(lines.starts)) - 1
        lengths = lines.ends[last] - starts
        if lengths.max() > self._options.max_record_bytes:
            return None
        columns = [*_annotated(block, lines, chunks)]
        if self._options.tokens:
            borders = _offsets(np.append(lines.first, len(lines.starts)))
            for begin, end in ((lines.starts, lines.token_ends), (lines.tag_starts, lines.tag_ends)):
                columns.append(pa.ListArray.from_arrays(borders, slices(block, begin, end)))
        return Fast(starts, lengths, pa.RecordBatch.from_arrays(columns, schema=self.schema))

    def slow(self, source: Source, index: int, until: int) -> Iterator[Record | Fault]:
        """Cut sentence by sentence: those of one block, or all to the end where one is too long for a block."""
        start = source.position
        raw = BytesIO(source.read(until - start)) if until > start + 1 else source
        return sentence_units(raw, self._options, start, index)


class _Lines(NamedTuple):
    """Places in a block, an item a line that is not blank; `first` are the numbers of lines that begin a sentence."""

    starts: Positions
    token_ends: Positions
    tag_starts: Positions
    tag_ends: Positions
    ends: Positions
    first: Positions


class _Chunks(NamedTuple):
    """Entities: the numbers of their first and last lines, and their types."""

    first: Positions
    last: Positions
    kinds: pa.Array


def _lines(data: Bytes, tag: int) -> _Lines | None:
    """Cut lines; None if their tabs are not alike or a token is empty."""
    ends = np.flatnonzero(data == _NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    filled = ends > starts
    begins = filled & ~np.concatenate(([False], filled[:-1]))
    starts, ends, first = starts[filled], ends[filled], np.flatnonzero(begins[filled])
    tabs = np.flatnonzero(data == _TAB)
    if not len(starts) or len(tabs) < len(starts) * tag or len(tabs) % len(starts):
        return None
    columns = list(tabs.reshape(len(starts), -1).T)
    if not ((columns[0] > starts) & (columns[-1] < ends)).all():
        return None
    return _Lines(starts, columns[0], columns[tag - 1] + 1, [*columns, ends][tag], ends, first)


def _chunks(block: bytearray, lines: _Lines) -> _Chunks | None:
    """Find entities, as `iob.py` does; None if a tag is none."""
    letters = np.frombuffer(block, np.uint8)[lines.tag_starts]
    tagged = np.flatnonzero((letters != _OUTSIDE) | (lines.tag_ends != lines.tag_starts + 1))
    coded = slices(block, lines.tag_starts[tagged], lines.tag_ends[tagged]).dictionary_encode()
    tags = coded.dictionary.to_pylist()
    if not all(TAG.fullmatch(tag) and tag == tag.strip() for tag in tags):
        return None
    kinds = list(dict.fromkeys(tag[2:] or None for tag in tags))
    codes = coded.indices.to_numpy()
    kind = np.array([kinds.index(tag[2:] or None) for tag in tags], np.int64)[codes]
    new = np.array([tag[0] in BEGINS for tag in tags], np.bool_)[codes]
    begins = np.zeros(len(lines.starts), np.bool_)
    begins[lines.first] = True
    new |= begins[tagged]
    new[:1] = True
    new[1:] |= (np.diff(tagged) > 1) | (np.diff(kind) != 0)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(tagged))[: len(first)] - 1
    return _Chunks(tagged[first], tagged[last], pa.array(kinds, pa.string()).take(pa.array(kind[first])))


def _annotated(block: bytearray, lines: _Lines, chunks: _Chunks) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Text, entities and relations of the sentences."""
    keep = lines.token_ends - lines.starts + 1
    keep[lines.first[1:] - 1] -= 1
    keep[-1] -= 1
    text = _kept(block, lines, keep)
    at = np.concatenate(([0], np.cumsum(keep)))
    borders = at[np.append(lines.first, len(lines.starts))]
    texts = pa.StringArray.from_buffers(len(borders) - 1, pa.py_buffer(borders.astype(np.int32)), pa.py_buffer(text))

    starts = at[chunks.first]
    ends = at[chunks.last] + (lines.token_ends - lines.starts)[chunks.last]
    sentence = np.searchsorted(lines.first, chunks.first, side="right") - 1
    until = np.concatenate(([0], np.cumsum(np.bincount(sentence, minlength=len(lines.first)))))
    number = np.arange(len(starts)) - until[sentence]
    names = pa.array([f"T{place + 1}" for place in range(int(number.max(initial=-1)) + 1)], pa.string())
    mentions = slices(text, starts, ends)
    if not block.isascii():  # from here on characters are counted, not bytes
        characters = np.concatenate(([0], np.cumsum((text & 0xC0) != 0x80)))
        starts, ends, borders = characters[starts], characters[ends], characters[borders]
    bounds = [pa.array(starts - borders[sentence]), pa.array(ends - borders[sentence])]
    each, none = np.arange(len(starts) + 1), np.zeros(len(starts) + 1, np.int64)
    spans = pa.ListArray.from_arrays(_offsets(each), pa.StructArray.from_arrays(bounds, fields=list(SPAN)))
    refs = pa.ListArray.from_arrays(_offsets(none), pa.array([], pa.string()))
    parts = [names.take(pa.array(number)), chunks.kinds, mentions, *bounds, spans, refs]
    entities = pa.ListArray.from_arrays(_offsets(until), pa.StructArray.from_arrays(parts, fields=list(ENTITY)))
    relations = pa.ListArray.from_arrays(_offsets(np.zeros(len(lines.first) + 1, np.int64)), pa.array([], RELATION))
    return texts, entities, relations


def _kept(block: bytearray, lines: _Lines, keep: Positions) -> Bytes:
    """The first `keep` bytes of each line, the tab behind the token become a blank."""
    data = np.array(block, np.uint8)
    data[lines.token_ends] = _BLANK
    borders = np.zeros(len(data), np.int8)
    borders[lines.starts] = 1
    borders[lines.starts + keep] = -1
    kept: Bytes = data[np.cumsum(borders, dtype=np.int8).view(np.bool_)]
    return kept


def _offsets(places: Positions) -> pa.Array:
    return pa.array(places.astype(np.int32))
