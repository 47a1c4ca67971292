"""The raw_corpus step: reads every raw file of a corpus once and stages its records and faults as Parquet.

`records/<entry>.parquet` holds one row per record, in file order: `source` (the record's key within the corpus), its
address, the columns captured from the file's name, and the reader's columns. Row groups end at fixed row counts.
Lineage: corpus, raw_file, record_fault.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.catalog.model import RESERVED_COLUMNS, Corpus, RawEntry
from meds_pipeline.catalog.paths import compile_pattern, stored
from meds_pipeline.core.errors import CatalogError, MedsError, Where
from meds_pipeline.readers.batches import recut
from meds_pipeline.readers.cage import HalfReadError, reading
from meds_pipeline.readers.registry import get_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from meds_pipeline.catalog.paths import Presence, RawFile
    from meds_pipeline.core.outputs import Draft
    from meds_pipeline.readers.base import Fault, ReaderLimits
    from meds_pipeline.readers.cage import Caged

BATCH_ROWS = 20_000
INDEX_BITS = 32
_TEXT, _NUMBER = pa.string(), pa.int64()
ADDRESS = pa.schema(
    [
        ("source", pa.uint64()),
        *[(f"source_{name}", _TEXT) for name in ("file", "entry", "path")],
        *[(f"source_{name}", _NUMBER) for name in ("index", "start", "length")],
    ]
)
RAW_FILE = pa.schema(
    [
        *[(name, _TEXT) for name in ("raw_file_id", "corpus", "distribution", "entry", "path", "role", "reader")],
        *[("bytes", _NUMBER), ("origin", _TEXT), ("records", _NUMBER), ("faults", _NUMBER)],
        *[("read_bytes", _NUMBER), ("fault_bytes", _NUMBER)],
    ]
)
FAULT = pa.schema(
    [
        *[(name, _TEXT) for name in ("raw_file_id", "corpus", "path")],
        *[(name, _NUMBER) for name in ("record_index", "start", "length")],
        *[(name, _TEXT) for name in ("reason", "detail", "access")],
    ]
)


@dataclass(frozen=True, slots=True)
class ReadJob:
    """One corpus to read: its files, the sha256 of each file on disk by path, and the limits of reading a file."""

    corpus: Corpus
    presence: Presence
    folder: Path
    origin: str
    sha256: Mapping[str, str]
    limits: ReaderLimits


@dataclass(slots=True)
class _Tally:
    """Lineage rows gathered while reading."""

    files: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)


def read_corpus(job: ReadJob, draft: Draft) -> None:
    """Stage every entry of the corpus and write its lineage rows; bad content does not raise but becomes faults."""
    distribution = job.corpus.distributions[job.presence.distribution]
    tally = _Tally()
    numbers = {(f.entry, f.path): number for number, f in enumerate(job.presence.files)}
    for name, entry in distribution.files.items():
        files = [file for file in job.presence.files if file.entry == name]
        schema = staged_schema(job.corpus.corpus, name, entry)
        path = draft.file(f"records/{name}.parquet")
        lost: dict[int, Fault] = {}
        while not (found := _staged(job, entry, files, numbers, schema, path, lost)):
            pass
        tally.files += found.files
        tally.faults += found.faults
    pq.write_table(pa.Table.from_pylist(tally.files, RAW_FILE), draft.lineage("raw_file"))
    pq.write_table(pa.Table.from_pylist(tally.faults, FAULT), draft.lineage("record_fault"))
    draft.rows = {
        "files": len(tally.files),
        "records": sum(row["records"] for row in tally.files),
        "faults": len(tally.faults),
        "read_bytes": sum(row["read_bytes"] for row in tally.files),
        "fault_bytes": sum(row["fault_bytes"] for row in tally.files),
    }
    entries = Counter({name: 0 for name in distribution.files})
    for row in tally.files:
        entries[row["entry"]] += row["records"]
    draft.facts = {"distribution": job.presence.distribution, "origin": job.origin, "entries": dict(entries)}


def _staged(
    job: ReadJob,
    entry: RawEntry,
    files: Sequence[RawFile],
    numbers: Mapping[tuple[str, str], int],
    schema: pa.Schema,
    path: Path,
    lost: dict[int, Fault],
) -> _Tally | None:
    """Stage an entry; None if a file, now in `lost`, killed its reader after some batches: staging starts again."""
    tally = _Tally()
    try:
        with (
            pq.ParquetWriter(path, schema, compression="zstd") as writer,
            reading(entry, job.folder, files, job.limits, lost) as caged,
        ):
            for batch in recut(_batches(job, entry, files, caged, numbers, schema, tally), BATCH_ROWS):
                writer.write_batch(batch)
    except HalfReadError:
        return None
    return tally


def staged_schema(corpus: str, name: str, entry: RawEntry) -> pa.Schema:
    """Return the columns of a staged entry.

    Raises:
        CatalogError: There is no such reader, its options are wrong, two sources claim one column, or the entry's
            companions are not those its reader needs.
    """
    try:
        reader, options = get_reader(entry.reader), entry.reader_options()
        values, roles = reader.schema(options), set(reader.companions(options))
    except MedsError as error:
        raise CatalogError(error.problem, Where(corpus, name), error.next_step) from error
    if set(entry.companions) != roles:
        raise CatalogError(
            f"reader {entry.reader} needs the companions {sorted(roles)}, the entry names {sorted(entry.companions)}.",
            Where(corpus, name),
            "Give each of them a path under `companions`.",
        )
    captured = [pa.field(column, pa.string()) for column in captured_columns(entry)]
    names = [*RESERVED_COLUMNS, *(f.name.lower() for f in captured), *(f.name.lower() for f in values)]
    if twice := sorted({column for column in names if names.count(column) > 1}):
        raise CatalogError(
            f"columns named twice (DuckDB ignores case): {', '.join(twice)}.",
            Where(corpus, name),
            "Rename the part of the path pattern, or the declared column.",
        )
    return pa.schema([*ADDRESS, *captured, *values])


def captured_columns(entry: RawEntry) -> list[str]:
    """Return the columns that the path pattern gives, in order."""
    return list(compile_pattern(entry.path).groupindex)


def _batches(
    job: ReadJob,
    entry: RawEntry,
    files: Sequence[RawFile],
    caged: Caged,
    numbers: Mapping[tuple[str, str], int],
    schema: pa.Schema,
    tally: _Tally,
) -> Iterator[pa.RecordBatch]:
    """Yield record batches of all files of an entry, as they are found; tally the files and their faults."""
    for place, file in enumerate(files):
        digest = job.sha256[stored(file.path)]
        high = np.uint64(numbers[file.entry, file.path] << INDEX_BITS)
        same = [digest, file.entry, file.path]
        name_values = [file.captured[column] for column in captured_columns(entry)]
        found = Counter[str]()
        for batch in caged.batches(place):
            tally.faults += [_fault_row(job, file, digest, fault) for fault in batch.faults]
            rows = len(batch.records)
            lost = sum(fault.length for fault in batch.faults)
            read = int(batch.addresses["length"].to_numpy().sum()) + lost
            found.update(records=rows, faults=len(batch.faults), read_bytes=read, fault_bytes=lost)
            if rows:
                source = pa.array(batch.addresses["index"].to_numpy().astype(np.uint64) | high)
                columns = [pa.repeat(pa.scalar(value, pa.string()), rows) for value in (*same, *name_values)]
                address = [source, *columns[: len(same)], *batch.addresses.columns, *columns[len(same) :]]
                yield pa.RecordBatch.from_arrays([*address, *batch.records.columns], schema=schema)
        tally.files.append(_file_row(job, entry, file, None, found))
        tally.files += [_file_row(job, entry, file, role, Counter()) for role in file.companions]


def _file_row(job: ReadJob, entry: RawEntry, file: RawFile, role: str | None, found: Counter[str]) -> dict[str, Any]:
    path = file.path if role is None else file.companions[role]
    return {
        "raw_file_id": job.sha256[stored(path)],
        "corpus": job.corpus.corpus,
        "distribution": job.presence.distribution,
        "entry": file.entry,
        "path": path,
        "role": role,
        "reader": entry.reader,
        "bytes": (job.folder / stored(path)).stat().st_size,
        "origin": job.origin,
        **{count: found[count] for count in ("records", "faults", "read_bytes", "fault_bytes")},
    }


def _fault_row(job: ReadJob, file: RawFile, digest: str, fault: Fault) -> dict[str, Any]:
    return {
        "raw_file_id": digest,
        "corpus": job.corpus.corpus,
        "path": file.path,
        "record_index": fault.index,
        "start": fault.start,
        "length": fault.length,
        "reason": fault.reason,
        "detail": fault.detail,
        "access": job.corpus.access,
    }
