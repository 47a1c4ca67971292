"""The comparisons step: it compares every two models on one release, from the counts of their items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.core import parquet
from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.families import complete, family
from meds_pipeline.scoring.registry import spec_for
from meds_pipeline.scoring.stats.compare import compare
from meds_pipeline.scoring.stats.figures import TaskCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.scoring.registry import TaskSpec

COMPARISON = pa.schema(
    [(name, pa.string()) for name in ("release", "scorer", "level", "name", "metric", "model_a", "model_b")]
    + [(name, pa.float64()) for name in ("difference", "low", "high", "p", "adjusted")]
    + [("n", pa.int64())]
)
"""One row for each two models, scorer, level and name, on the main metric; see the lineage table `comparison`."""

_TASKS = 'SELECT task_id, min(metric), min(category), min(labels), list("references"[1]) FROM item GROUP BY ALL'
_COUNTS = """
WITH one AS (SELECT scorer, task_id, min(metric) AS metric FROM item_score GROUP BY ALL)
SELECT scorer, task_id, list(item_id ORDER BY item_id), list(subject ORDER BY item_id),
       list(counts ORDER BY item_id)
FROM item_score SEMI JOIN one USING (scorer, task_id, metric) GROUP BY scorer, task_id ORDER BY scorer DESC, task_id
"""
"""All metrics of a scorer have the same counts, so the counts of one metric are read; `official` comes first."""


def compare_models(scores: Mapping[str, Output], release: Output, draft: Draft, *, seed: int) -> None:
    """Compare every two models and write the comparisons as lineage rows.

    Args:
        scores: The `scores` outputs by model, all of this release.
        release: The benchmark release.
        draft: Receives the rows.
        seed: Seed of the tests and intervals.
    """
    with parquet.connect(threads=2, memory_limit="2GB", temporary=draft.scratch) as con:
        parquet.view_of(con, "item", [release.file("items.parquet")])
        specs = _specs(con)
        models = {}
        for model, output in sorted(scores.items()):
            parquet.view_of(con, "item_score", [output.file("lineage/item_score.parquet")])
            models[model] = list(_counts(con, specs))
    categories = {task: spec.category for task, spec in specs.items()}
    name = release.manifest.facts["release"]
    rows = [row.row() for row in compare(models, categories, seed, whole=True)]
    table = [{**row, "release": name, "model_a": row["first"], "model_b": row["second"]} for row in rows]
    pq.write_table(pa.Table.from_pylist(table, schema=COMPARISON), draft.lineage("comparison"))
    draft.rows = {"models": len(models), "comparisons": len(rows)}
    draft.facts = {"release": name}


def _specs(con: duckdb.DuckDBPyConnection) -> dict[str, TaskSpec]:
    """How each task of the release is measured."""
    found = {}
    for task, metric, category, labels, truths in con.execute(_TASKS).fetchall():
        spec = spec_for(task, {task: metric}, {task: category}, None, {task: tuple(labels or ())})
        found[task] = complete(spec, [Answer("", task, "", (truth,), None) for truth in truths if truth is not None])
    return found


def _counts(con: duckdb.DuckDBPyConnection, specs: Mapping[str, TaskSpec]) -> Iterator[TaskCounts]:
    """The counts of a model, by scorer and task."""
    for scorer, task, items, subjects, counts in con.execute(_COUNTS).fetchall():
        spec = specs[task]
        yield TaskCounts(scorer, spec, family(scorer, spec), items, subjects, np.array(counts))
