"""The benchmark step: freezes a release, a fixed choice of items with their references and few-shot examples.

Items of a task are the test-split instances with the lowest hash of (seed, content): a choice that depends on nothing
else, so more data elsewhere never moves it. Shots come from the training split of the task (or of the one it names in
`shots_from`), never a text that is also an item. A release, once frozen, is never altered; scores compare within one.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from meds_pipeline import parquet

if TYPE_CHECKING:
    import duckdb

    from meds_pipeline.settings import BenchmarkSettings
    from meds_pipeline.store import Draft


def freeze(con: duckdb.DuckDBPyConnection, settings: BenchmarkSettings, seed: int, draft: Draft) -> None:
    """Choose the items of a release and write them.

    Args:
        con: A connection with the views of `quality.across.opened`.
        settings: Name and sizes of the release.
        seed: Seed of every choice.
        draft: Receives `items.parquet` and the lineage of items and release.
    """
    variables = {
        "seed": str(seed),
        "release": settings.release,
        "items": settings.items_per_task,
        "shots": settings.shots,
        "pool": settings.pool,
    }
    for name, value in variables.items():
        con.execute(f"SET VARIABLE {name} = ?", [value])
    con.execute((resources.files("meds_pipeline") / "benchmark.sql").read_text(encoding="utf-8"))
    parquet.copy_ordered(con, "release_item", draft.file("items.parquet"))
    parquet.copy_ordered(con, "lineage_item", draft.lineage("item"))
    parquet.copy_ordered(con, "lineage_release", draft.lineage("benchmark_release"))
    by_task = con.execute("SELECT task_id, count(*) FROM chosen GROUP BY ALL ORDER BY ALL").fetchall()
    draft.rows = {"items": sum(count for _, count in by_task), "tasks": len(by_task)}
    draft.facts = {"release": settings.release, "items": dict(by_task)}
