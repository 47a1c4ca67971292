"""The benchmark step: freezes a release, a fixed choice of items with their references and few-shot examples.

Items of a task are the test-split instances with the lowest hash of (seed, content): a choice that depends on nothing
else, so more data elsewhere never moves it. Shots come from the training split of the task (or of the one it names in
`shots_from`), never an item's text, a near duplicate of one, or its subject. A release, once frozen, is never altered;
scores compare within one.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from meds_pipeline.core import parquet
from meds_pipeline.core.errors import QualityError
from meds_pipeline.quality.near import near_pairs

if TYPE_CHECKING:
    import duckdb

    from meds_pipeline.benchmark.settings import BenchmarkSettings
    from meds_pipeline.core.outputs import Draft


def freeze(
    con: duckdb.DuckDBPyConnection, settings: BenchmarkSettings, seed: int, draft: Draft, *, threshold: float
) -> None:
    """Choose the items of a release and write them.

    Args:
        con: A connection with the views of `quality.across.opened`.
        settings: Name and sizes of the release.
        seed: Seed of every choice.
        draft: Receives `items.parquet` and the lineage of items and release.
        threshold: Similarity from which an example is too near an item to be shown.

    Raises:
        QualityError: There is no instance to make an item of.
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
    con.execute(_sql("items.sql"))
    if not con.execute("SELECT count(*) FROM chosen").fetchall()[0][0]:  # it would stay empty for ever under its name
        raise QualityError(
            f"the release {settings.release!r} would hold no item: no corpus here has a usable test instance.",
            next_step="Add raw files with a test split, or a corpus whose recipes leave `split` out.",
        )
    con.execute("CREATE TEMP TABLE near_example AS SELECT unnest(?::BIGINT[]) AS row", [_near(con, threshold)])
    con.execute(_sql("release.sql"))
    parquet.copy_ordered(con, "release_item", draft.file("items.parquet"))
    parquet.copy_ordered(con, "lineage_item", draft.lineage("item"))
    parquet.copy_ordered(con, "lineage_release", draft.lineage("benchmark_release"))
    by_task = con.execute("SELECT task_id, count(*) FROM chosen GROUP BY ALL ORDER BY ALL").fetchall()
    draft.rows = {"items": sum(count for _, count in by_task), "tasks": len(by_task)}
    digest = con.execute("SELECT digest FROM lineage_release").fetchall()[0][0]
    draft.facts = {"release": settings.release, "digest": digest, "items": dict(by_task)}


def _near(con: duckdb.DuckDBPyConnection, threshold: float) -> list[int]:
    """Rows of the examples that are near duplicates of an item."""
    items = [text for (text,) in con.execute("SELECT input FROM chosen ORDER BY item_id").fetchall()]
    examples = [text for (text,) in con.execute("SELECT input FROM example ORDER BY row").fetchall()]
    pairs = near_pairs(con, items + examples, threshold=threshold, first=len(items))
    return sorted({pair.right - len(items) for pair in pairs})


def _sql(name: str) -> str:
    return (resources.files("meds_pipeline.benchmark") / name).read_text(encoding="utf-8")
