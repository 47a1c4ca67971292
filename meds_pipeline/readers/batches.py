"""Records as Arrow batches, for a stage that stores many records.

    for batch in get_reader("jsonl").batches(raw, columns={"question": "VARCHAR"}):
        batch.addresses, batch.records, batch.faults

The rows, faults and addresses are those of `Reader.read`, in the same order. JSON lines and CSV have a second, faster
way that works on whole blocks of bytes, two at a time; a block in which anything is unusual is read the first way, so
both ways always agree. Batches end where blocks of bytes end. So the same file gives the same batches on any machine
at any number of threads, but batches have no fixed row count.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, cast

import numpy as np
import pyarrow as pa

from meds_pipeline.core.errors import RawFileError
from meds_pipeline.readers.base import Fault, Record

if TYPE_CHECKING:
    import io

ROWS = 20_000
BLOCK = 2 << 20
PIECE = 1 << 18
AHEAD = 4
THREADS = 2
ADDRESS = pa.schema([("index", pa.int64()), ("start", pa.int64()), ("length", pa.int64())])
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Positions = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """Some records of a file.

    Attributes:
        addresses: index, start and length, one row per record.
        records: The reader's columns, one row per record.
        faults: The faults between and after these records.
    """

    addresses: pa.RecordBatch
    records: pa.RecordBatch
    faults: list[Fault]


def from_units(units: Iterator[Record | Fault], schema: pa.Schema, rows: int = ROWS) -> Iterator[ReadBatch]:
    """Gather single records and faults."""
    while True:
        # Records are trees without cycles; the garbage collector's search for cycles would take half of the time.
        collecting = gc.isenabled()
        gc.disable()
        some: list[Record | Fault] = []
        broken: RawFileError | None = None
        try:
            some.extend(islice(units, rows))  # after an error, the units before it are kept
        except RawFileError as error:
            broken = error
        finally:
            batch = _gathered(some, schema)
            some.clear()
            if collecting:
                gc.enable()
        if len(batch.records) or batch.faults:
            yield batch
        elif not broken:
            return
        if broken:
            raise broken


def of_file_faults(found: Iterator[ReadBatch | Fault], schema: pa.Schema) -> Iterator[ReadBatch]:
    """Put a fault of the whole file into a batch of its own."""
    for one in found:
        yield _gathered([one], schema) if isinstance(one, Fault) else one


def _gathered(units: list[Record | Fault], schema: pa.Schema) -> ReadBatch:
    records = [unit for unit in units if isinstance(unit, Record)]
    addresses = [(one.index, one.start, one.length) for one in records]
    faults = [unit for unit in units if isinstance(unit, Fault)]
    return ReadBatch(_columns(addresses, ADDRESS), _columns([one.values for one in records], schema), faults)


def _columns(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


class Fast(NamedTuple):
    """A block read the fast way: first byte and length of each record in the block, and their columns."""

    starts: Positions
    lengths: Positions
    records: pa.RecordBatch


def is_text(block: bytearray) -> bool:
    """Whether a block is UTF-8."""
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


class Format(Protocol):
    """The functions of a format that the fast way needs."""

    schema: pa.Schema

    def whole(self, data: bytearray) -> int:
        """How many of these bytes are whole records; 0 if the first record does not end in them."""

    def fast(self, block: bytearray) -> Fast | None:
        """Read a block of whole records; None if anything in it is unusual."""

    def slow(self, source: Source, index: int, until: int) -> Iterator[Record | Fault]:
        """Read unit by unit from `source`, at the start of a record; the last unit ends at `until` or later."""


class Source:
    """A stream that gives whole records by the block, takes bytes back, and gives lines.

    A stream that breaks first gives all whole records before the break. It is read in small pieces, because the bytes
    that a broken archive gives depend on how many are asked for at once.

    Attributes:
        position: First byte that was not given yet.
    """

    def __init__(self, raw: BinaryIO, position: int, limit: int) -> None:
        self._raw, self.position, self._limit = cast("io.BufferedIOBase", raw), position, limit
        self._data, self._at, self._ended = bytearray(), 0, False
        self._broken: RawFileError | None = None

    def block(self, whole: Callable[[bytearray], int]) -> bytearray:
        """The next whole records; empty at the end of the file, or if a record is too long for a block."""
        wanted = BLOCK
        while True:
            self._fill(wanted)
            size = len(self._data) if self._ended else whole(self._data)
            if size or self._ended or len(self._data) > self._limit:
                given, self._data = self._data, self._data[size:]
                del given[size:]
                self.position += size
                return given
            if self._broken:
                raise self._broken
            wanted = 2 * len(self._data)

    @property
    def ended(self) -> bool:
        """Whether all bytes were given."""
        self._fill(1)
        return not self._data

    def give_back(self, data: bytearray) -> None:
        """Give these bytes, the last ones given, again."""
        self._data, self._at = data + self._data[self._at :], 0
        self.position -= len(data)

    def readline(self, limit: int = -1, /) -> bytes:
        """A line with its line break, or the first `limit` bytes of it, as `readline` of a file gives it."""
        limit = limit if limit >= 0 else self._limit
        while True:
            found = self._data.find(b"\n", self._at, self._at + limit)
            size = found + 1 - self._at if found >= 0 else limit
            waiting = len(self._data) - self._at
            if size <= waiting or self._ended:
                return self._given(size)
            if self._broken:
                raise self._broken
            self._fill(max(2 * waiting, 1 << 16))

    def _given(self, size: int) -> bytes:
        given = bytes(self._data[self._at : self._at + size])
        self._at += len(given)
        self.position += len(given)
        return given

    def _fill(self, wanted: int) -> None:
        """Drop the data that was given, and read on until `wanted` bytes are held or the file ends."""
        self._data, self._at, held = self._data[self._at :] if self._at else self._data, 0, len(self._data) - self._at
        if held >= wanted or self._ended or self._broken:
            return
        data = bytearray(wanted + PIECE)
        data[:held] = self._data
        with memoryview(data) as free:
            while held < wanted and not self._ended and not self._broken:
                try:
                    more = self._raw.readinto1(free[held : held + PIECE])
                    self._ended = not more
                    held += more
                except RawFileError as error:
                    self._broken = error
        del data[held:]
        self._data = data


class _Waiting(NamedTuple):
    start: int
    block: bytearray
    result: Future[Fast | None]


def from_blocks(source: Source, form: Format) -> Iterator[ReadBatch]:
    """Read blocks in parallel and yield their batches in order; a block with anything unusual is read the slow way."""
    index = 0
    waiting: deque[_Waiting] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        while True:
            while len(waiting) < AHEAD:
                start = source.position
                try:
                    block = source.block(form.whole)
                except RawFileError:
                    if waiting:
                        break
                    raise
                if not block:
                    break
                waiting.append(_Waiting(start, block, pool.submit(form.fast, block)))
            if not waiting and source.ended:
                return
            one = waiting.popleft() if waiting else None
            found = one.result.result() if one else None
            if one and found:
                yield _placed(found, index, one.start)
                index += len(found.starts)
                continue
            until = one.start + len(one.block) if one else source.position + 1
            source.give_back(bytearray().join([one.block if one else b"", *(other.block for other in waiting)]))
            waiting.clear()
            for batch in from_units(form.slow(source, index, until), form.schema):
                index += len(batch.records) + len(batch.faults)
                yield batch


def _placed(found: Fast, index: int, start: int) -> ReadBatch:
    numbers = np.arange(index, index + len(found.starts), dtype=np.int64)
    arrays = [pa.array(numbers), pa.array(found.starts + start), pa.array(found.lengths)]
    return ReadBatch(pa.RecordBatch.from_arrays(arrays, schema=ADDRESS), found.records, [])


def recut(found: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly `rows` (the last one may be shorter), so that row groups are fixed."""
    waiting: list[pa.RecordBatch] = []
    free = rows
    for batch in found:
        at = 0
        while at < len(batch):
            part = batch.slice(at, free)
            waiting.append(part)
            at, free = at + len(part), free - len(part)
            if not free:
                yield pa.concat_batches(waiting)
                waiting, free = [], rows
    if waiting:
        yield pa.concat_batches(waiting)
