"""The first rows of an output, for people: long texts cut, and no text of credentialed corpora at all.

What of a credentialed corpus may be shown is a list of columns that cannot hold text of patients; everything else is
hidden, whatever its type, so that a new column is hidden until someone says it may be seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meds_pipeline.catalog import Catalog

Scalar = str | int | float | bool | None
ROWS = 5
CHARS = 160
"""Characters a cell shows at most."""
HIDDEN = "(credentialed)"
SHOWN_OF_CREDENTIALED = frozenset(
    {
        "content_id", "corpus", "instance_id", "item_id", "k", "model", "ordinal", "plan", "release", "sample_id",
        "sequence", "slot", "source", "source_file", "source_index", "source_length", "source_start", "split",
        "task_id",
    }
)  # fmt: skip


def preview(path: Path, catalog: Catalog, partition: str, rows: int = ROWS) -> list[dict[str, Scalar]]:
    """Return the first rows of a Parquet file with cells that fit a table.

    Args:
        path: The file.
        catalog: Knows which corpora are credentialed.
        partition: Partition of the output; where it is a corpus, all rows belong to it.
        rows: How many rows.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(rows), None)
    found: list[dict[str, Any]] = batch.to_pylist() if batch is not None else []
    return [_shown(row, hide=_credentialed(row, catalog, partition)) for row in found]


def _credentialed(row: Mapping[str, Any], catalog: Catalog, partition: str) -> bool:
    """Return whether a row belongs to a credentialed corpus, or may do so."""
    name = row.get("corpus", partition)
    if name in catalog.corpora:
        return catalog.corpora[name].access == "credentialed"
    if row.get("task_id") in catalog.tasks:
        return catalog.tasks[row["task_id"]][0].access == "credentialed"
    return any(corpus.access == "credentialed" for corpus in catalog.corpora.values())


def _shown(row: Mapping[str, Any], *, hide: bool) -> dict[str, Scalar]:
    return {
        column: HIDDEN if hide and column not in SHOWN_OF_CREDENTIALED else _cell(value)
        for column, value in row.items()
    }


def _cell(value: object) -> Scalar:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= CHARS else f"{text[:CHARS]}…"
