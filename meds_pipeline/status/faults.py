"""Lists the parts of a corpus that did not become instances: bad records, and rows without input or output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import NotReadyError, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace

EMPTY = "empty"
"""Reason for a row that a recipe returned without input or output."""
_ADVICE = "Mend the recipe, unless upstream left it empty."
_REJECTED = """
SELECT r.task_id, a.source_path, a.source_index, a.source_start, a.source_length, r.reason
FROM (SELECT *, unnest(source) AS key FROM read_parquet(?)) AS r
JOIN read_parquet(?, union_by_name = true) AS a ON a.source = r.key
ORDER BY r.task_id, r.key, r.reason
"""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A bad record, or (with `task`) a record for which a recipe returned a row without input or output."""

    path: str
    record_index: int
    start: int
    length: int
    reason: str
    detail: str
    """What is wrong and what to do."""
    task: str | None = None


def quarantined(workspace: Workspace, name: str) -> list[Quarantined]:
    """Return the bad records of a corpus in file order, then its empty rows in order of task and record.

    Raises:
        UnknownNameError: The catalog has no such corpus.
        NotReadyError: It was never read.
    """
    corpus = workspace.catalog.corpus(name).corpus
    read = workspace.store.current("raw_corpus", corpus)
    if read is None:
        failure = workspace.failure("raw_corpus", corpus)
        why = f"it could not be read. {failure.reason}" if failure else "it was never read."
        raise NotReadyError(why, Where(corpus), "" if failure else f"Run `meds run --corpus {corpus}`.")
    made = workspace.store.current("instances", corpus)
    found = _faults(read)
    if made is not None and made.manifest.inputs["raw_corpus"].fingerprint == read.manifest.fingerprint:
        found += _rejected(read, made)
    return found


def bad_share(workspace: Workspace, name: str) -> float:
    """Return the share of bad records in the bytes read of a corpus, by the newest reading of its files."""
    read = workspace.store.current("raw_corpus", name)
    return 0.0 if read is None else share_of(read.manifest.rows)


def share_of(rows: Mapping[str, int]) -> float:
    """Return the share of bytes in bad records, from the counts of a reading; 0 if its format has no byte addresses."""
    return rows.get("fault_bytes", 0) / (rows.get("read_bytes", 0) or 1)


def bad_records(workspace: Workspace) -> dict[str, int]:
    """Return the number of bad records of each corpus, by the newest reading of its files, refused or not."""
    read = {name: workspace.store.current("raw_corpus", name) for name in workspace.corpora()}
    return {
        name: output.manifest.rows["faults"]
        for name, output in read.items()
        if output and output.manifest.rows["faults"]
    }


def _faults(read: Output) -> list[Quarantined]:
    import pyarrow.parquet as pq

    columns = ["path", "record_index", "start", "length", "reason", "detail"]
    rows = pq.read_table(read.file("lineage/record_fault.parquet"), columns=columns).to_pylist()
    return [Quarantined(**row) for row in rows]


def _rejected(read: Output, made: Output) -> list[Quarantined]:
    import duckdb

    records = [str(read.path / file) for file in read.manifest.files if file.startswith("records/")]
    with duckdb.connect() as con:
        rows = con.execute(_REJECTED, [str(made.file("rejected.parquet")), records]).fetchall()
    return [
        Quarantined(path, index, start, length, EMPTY, f"{reason}. {_ADVICE}", task)
        for task, path, index, start, length, reason in rows
    ]
