"""The scores step: a model's predictions against the release, by every scorer, with lineage rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline import digests, parquet
from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.families import VERSIONS
from meds_pipeline.scoring.punkt import trouble
from meds_pipeline.scoring.registry import load_registry, spec_for
from meds_pipeline.scoring.table import ANSWERS

if TYPE_CHECKING:
    from meds_pipeline.store import Draft, Output


def scorer_settings() -> dict[str, object]:
    """Return what else shapes scores: the scorers' versions, and whether BLEU is the published one here."""
    return {"scorers": dict(VERSIONS), "punkt": trouble()}


def score_predictions(model: str, release: Output, predictions: Output, draft: Draft, *, seed: int) -> None:
    """Score every prediction and write `scores.parquet` and `item_scores.parquet` as lineage rows."""
    with parquet.connect(threads=2, memory_limit="2GB", temporary=draft.scratch) as con:
        parquet.view_of(con, "item", [release.file("items.parquet")])
        parquet.view_of(con, "prediction", [predictions.file("lineage/prediction.parquet")])
        answers = con.sql(
            'SELECT i.item_id, i.task_id, i.input, i."references", p.output, i.subject, p.truncated, p.error '
            "FROM item AS i JOIN prediction AS p USING (item_id) ORDER BY i.task_id, i.item_id"
        ).to_arrow_table()
        tasks = con.execute("SELECT task_id, min(metric), min(category), min(labels) FROM item GROUP BY ALL").fetchall()
    categories = {task: category for task, _, category, _ in tasks}
    scored = score(
        answers.cast(ANSWERS),
        seed=seed,
        metrics={task: metric for task, metric, _, _ in tasks},
        categories=categories,
        labels={task: tuple(labels) for task, _, _, labels in tasks if labels},
        required={task for task, *_ in tasks},
    )
    name = str(release.manifest.facts["release"])
    items = _with(scored.items, {"model": model})
    figures = [
        counts_in(row["scorer"], row["task_id"], categories) for row in items.select(["scorer", "task_id"]).to_pylist()
    ]
    items = items.append_column("counts_in", pa.array(figures, pa.list_(pa.string())))
    scores = _with(scored.scores, {"model": model, "release": name})
    ids = [
        digests.row_id(*(str(row[key]) for key in ("model", "release", "scorer", "level", "name", "metric")))
        for row in scores.to_pylist()
    ]
    pq.write_table(items, draft.lineage("item_score"), row_group_size=parquet.ROW_GROUP)
    pq.write_table(scores.add_column(0, "score_id", pa.array(ids, pa.string())), draft.lineage("score"))
    draft.rows = {"predictions": answers.num_rows, "scores": scores.num_rows}
    draft.facts = {"release": name, "comparable": all(scored.scores.column("comparable").to_pylist())}


def counts_in(scorer: str, task_id: str, categories: dict[str, str]) -> list[str]:
    """Return the names of all figures that an item of a task counts in: task, pool, categories, overall."""
    spec = spec_for(task_id, {task_id: "accuracy_substring"}, categories)
    if scorer != "official":
        return [task_id, spec.category, "overall"]
    averages = [average.name for average in load_registry().averages if {task_id, spec.pool} & set(average.tasks)]
    return [name for name in (task_id, spec.pool, *averages) if name]


def _with(table: pa.Table, constants: dict[str, str]) -> pa.Table:
    for name, value in reversed(constants.items()):
        table = table.add_column(0, name, pa.array([value] * table.num_rows, pa.string()))
    return table
