"""The first rows of an output, for people: long texts cut, and no text of credentialed rows at all.

Of a credentialed row only listed columns are shown, which cannot hold text of patients. All other columns are hidden,
whatever their type, so a new column stays hidden until it is added to the list.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meds_pipeline.core.outputs import Access

Scalar = str | int | float | bool | None
ROWS = 5
CHARS = 160
"""Characters a cell shows at most."""
HIDDEN = "(credentialed)"
SHOWN_OF_CREDENTIALED = frozenset(
    {
        "access", "content_id", "corpus", "instance_id", "item_id", "k", "model", "ordinal", "plan", "release",
        "sample_id", "sequence", "slot", "source", "source_file", "source_index", "source_length", "source_start",
        "split", "task_id",
    }
)  # fmt: skip


def preview(path: Path, access: Access, closed: Collection[str] = (), rows: int = ROWS) -> list[dict[str, Scalar]]:
    """Return the first rows of a Parquet file with cells that fit a table.

    Args:
        path: The file.
        access: Access class of the output it belongs to; a row that has its own goes by that one.
        closed: Tasks that are credentialed today, whatever a frozen row says.
        rows: How many rows.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(rows), None)
    found: list[dict[str, Any]] = batch.to_pylist() if batch is not None else []
    return [
        _shown(row, hide=(row.get("access") or access) == "credentialed" or row.get("task_id") in closed)
        for row in found
    ]


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
