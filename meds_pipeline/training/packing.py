"""Packs samples into sequences of tokens, with a ledger of which sample sits where.

Samples come in training order and go through in windows of `WINDOW`, so memory is bounded whatever their number. Within
a window they are placed best-fit decreasing: longest first, each into the sequence where it leaves the least room. At a
window's end its sequences are written in an order drawn from the seed, so the length of a sample does not decide when
it is seen. With ten thousand samples per window, only one or two sequences stay partly empty at a window's end.

A sample that is longer than a sequence is cut, marked `truncated` in the ledger and counted. It loses the beginning of
its first message (which has the shots; the definition is at its end), then the beginning of the next. Its answer stays
whole; only an answer that is too long by itself loses its end, and its end of turn with it.

The files are the same bytes at any number of workers: chunks are encoded in parallel and consumed in order.
"""

from __future__ import annotations

import bisect
import hashlib
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import ModelError, Where
from meds_pipeline.instructions.chat import ChatTokenizer, Encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

SEQUENCES, LEDGER = "sequences.parquet", "ledger.parquet"
WINDOW = 10_000  # samples placed together
CHUNK = 256  # samples encoded together
ROW_GROUP = 1_000  # sequences in a Parquet row group


@dataclass(frozen=True, slots=True)
class Packed:
    """What packing wrote.

    Attributes:
        sequences: `sequences.parquet`: sequence, input_ids, loss_mask (1 on answers), segment_ids (the token's slot).
        ledger: `ledger.parquet`: sequence, slot, sample_id, start, length, truncated.
        sequence_count: Number of sequences.
        sample_count: Number of samples; every sample read is in the ledger exactly once.
        tokens: Tokens in all sequences.
        truncated: Samples that were cut.
        fill: Tokens over sequences x sequence length, 0 to 1.
    """

    sequences: Path
    ledger: Path
    sequence_count: int
    sample_count: int
    tokens: int
    truncated: int
    fill: float


@dataclass(frozen=True, slots=True)
class SamplePiece:
    """One sample as tokens, ready to be placed."""

    sample_id: str
    ids: list[int]
    answer: list[int]
    truncated: bool


def pack(samples: Path, tokenizer: Path, out: Path, *, sequence_length: int, seed: int, workers: int = 1) -> Packed:
    """Pack samples.

    Args:
        samples: Parquet with `sample_id` and `messages`, rows in training order.
        tokenizer: Tokenizer folder with a chat template.
        out: Folder to write `sequences.parquet` and `ledger.parquet` into.
        sequence_length: Most tokens in a sequence.
        seed: Orders the sequences of a window.
        workers: Threads that encode; changes no byte.

    Raises:
        ModelError: A sample has no room for its answer's first token, or there are no samples.
    """
    out.mkdir(parents=True, exist_ok=True)
    chat = ChatTokenizer(tokenizer)
    with _Writer(out) as writer:
        for window in _windows(_pieces(samples, chat, sequence_length, workers), WINDOW):
            bins = best_fit([len(p.ids) for p in window], sequence_length)
            bins.sort(key=lambda b: hashlib.sha256(f"{seed}:{window[b[0]].sample_id}".encode()).digest())
            for members in bins:
                writer.add([window[i] for i in members])
    if not writer.sequence_count:
        raise ModelError("There are no samples to pack.", Where(file=str(samples)), "Check the mixture.")
    return Packed(
        out / SEQUENCES,
        out / LEDGER,
        writer.sequence_count,
        writer.sample_count,
        writer.tokens,
        writer.truncated,
        writer.tokens / (writer.sequence_count * sequence_length),
    )


def best_fit(lengths: list[int], capacity: int) -> list[list[int]]:
    """Place items best-fit decreasing.

    Args:
        lengths: Length of each item, each at most `capacity`.
        capacity: Room in a bin.

    Returns:
        The bins as lists of item indices; ties go to the earlier item and the earlier bin.
    """
    bins: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (free tokens, bin), sorted
    for item in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        at = bisect.bisect_left(room, (lengths[item], -1))
        if at == len(room):
            free, target = capacity, len(bins)
            bins.append([])
        else:
            free, target = room.pop(at)
        bins[target].append(item)
        bisect.insort(room, (free - lengths[item], target))
    return bins


def cut(sample_id: str, encoded: Encoded, limit: int) -> SamplePiece:
    """Turn an encoded chat into a piece of at most `limit` tokens; the module docstring says what is cut.

    Raises:
        ModelError: The template alone leaves no room for an answer.
    """
    excess = encoded.length - limit
    truncated = excess > 0
    for content in encoded.contents[:-1]:
        taken = min(max(excess, 0), len(content))
        del content[:taken]
        excess -= taken
    ids, answer = encoded.flat()
    if excess > 0 and 1 not in answer[:limit]:
        raise ModelError(
            f"The chat template leaves no room for an answer within {limit} tokens.",
            Where(record=sample_id),
            "Use a longer sequence_length.",
        )
    return SamplePiece(sample_id, ids[:limit], answer[:limit], truncated)


def _pieces(samples: Path, chat: ChatTokenizer, limit: int, workers: int) -> Iterator[SamplePiece]:
    """Encode samples in parallel, in order, a bounded number of chunks ahead."""
    import pyarrow.parquet as pq

    def encode(batch: pa.RecordBatch) -> list[SamplePiece]:
        ids = batch.column("sample_id").to_pylist()
        encoded = chat.encode(batch.column("messages").to_pylist())
        return [cut(sample_id, one, limit) for sample_id, one in zip(ids, encoded, strict=True)]

    ahead: deque[Future[list[SamplePiece]]] = deque()
    with pq.ParquetFile(samples) as file, _one_thread_each(), ThreadPoolExecutor(workers) as pool:
        for batch in file.iter_batches(batch_size=CHUNK, columns=["sample_id", "messages"]):
            ahead.append(pool.submit(encode, batch))
            if len(ahead) > 2 * workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep `tokenizers` from starting a thread per core inside each of our own workers."""
    name = "TOKENIZERS_PARALLELISM"
    before = os.environ.get(name)
    os.environ[name] = "false"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def _windows(pieces: Iterable[SamplePiece], size: int) -> Iterator[list[SamplePiece]]:
    """Cut a stream into lists of `size`."""
    window: list[SamplePiece] = []
    for piece in pieces:
        window.append(piece)
        if len(window) == size:
            yield window
            window = []
    if window:
        yield window


class _Writer:
    """Writes sequences and ledger in fixed row groups under temporary names, and renames them at the end."""

    def __init__(self, out: Path) -> None:
        import pyarrow as pa

        ints = pa.list_(pa.int32())
        self._schemas = {
            SEQUENCES: pa.schema({"sequence": pa.int64(), "input_ids": ints, "loss_mask": ints, "segment_ids": ints}),
            LEDGER: pa.schema(
                {
                    "sequence": pa.int64(),
                    "slot": pa.int32(),
                    "sample_id": pa.string(),
                    "start": pa.int32(),
                    "length": pa.int32(),
                    "truncated": pa.bool_(),
                }
            ),
        }
        self._out = out
        self._rows: dict[str, list[dict[str, object]]] = {SEQUENCES: [], LEDGER: []}
        self.sequence_count = self.sample_count = self.tokens = self.truncated = 0

    def __enter__(self) -> _Writer:
        import pyarrow.parquet as pq

        self._files = {
            name: pq.ParquetWriter(self._out / f".{name}", schema, compression="zstd")
            for name, schema in self._schemas.items()
        }
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
        for name, file in self._files.items():
            file.close()
            if kind is None:
                os.replace(self._out / f".{name}", self._out / name)
            else:
                (self._out / f".{name}").unlink()

    def add(self, pieces: list[SamplePiece]) -> None:
        """Add one sequence."""
        sequence, start = self.sequence_count, 0
        ids: list[int] = []
        answer: list[int] = []
        segments: list[int] = []
        for slot, piece in enumerate(pieces):
            ids += piece.ids
            answer += piece.answer
            segments += [slot] * len(piece.ids)
            self._rows[LEDGER].append(
                {
                    "sequence": sequence,
                    "slot": slot,
                    "sample_id": piece.sample_id,
                    "start": start,
                    "length": len(piece.ids),
                    "truncated": piece.truncated,
                }
            )
            start += len(piece.ids)
            self.truncated += piece.truncated
        self._rows[SEQUENCES].append(
            {"sequence": sequence, "input_ids": ids, "loss_mask": answer, "segment_ids": segments}
        )
        self.sequence_count += 1
        self.sample_count += len(pieces)
        self.tokens += start
        if len(self._rows[SEQUENCES]) == ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        for name, rows in self._rows.items():
            if rows:
                self._files[name].write_table(pa.Table.from_pylist(rows, self._schemas[name]))
                rows.clear()
