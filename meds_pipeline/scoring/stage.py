"""The scores step: a model's predictions against the release, by every scorer, with lineage rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.core import digests, parquet
from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.families import VERSIONS
from meds_pipeline.scoring.registry import load_registry, spec_for
from meds_pipeline.scoring.stats.bootstrap import REPLICATES
from meds_pipeline.scoring.table import ANSWERS
from meds_pipeline.scoring.tokens.punkt import trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.scoring.registry import TaskSpec


def scorer_settings() -> dict[str, object]:
    """Return further settings that shape scores: the scorers' versions, and why BLEU is not comparable, if so."""
    return {"scorers": dict(VERSIONS), "punkt": trouble()}


_EVALUATED = """
SELECT i.item_id, i.task_id, i.input, i."references", p.output, i.corpus || '/' || i.subject AS subject, p.cut_off,
       p.error,
       md5(CAST(json_array(i.item_id, i.task_id, i.metric, i.labels, i.input, i."references", i.corpus, i.subject,
                           p.prompt_digest, p.template_digest, p.shot_instance_ids, p.output, p.cut_off, p.error)
                AS VARCHAR)) AS evaluation
FROM item AS i JOIN prediction AS p USING (item_id) ORDER BY i.task_id, i.item_id
"""
"""`evaluation` covers the item, the prompt and its template, the shots' ids, and the answer. A subject gets the name of
its corpus, because two corpora may use the same patient numbers."""


def score_predictions(
    model: str, release: Output, predictions: Output, draft: Draft, *, seed: int, languages: Mapping[str, str]
) -> None:
    """Score every prediction and write items and scores as lineage rows, each with the digest of its inputs.

    Args:
        model: Name of the model.
        release: The benchmark release.
        predictions: The model's predictions on it.
        draft: Receives the rows.
        seed: Seed of the intervals.
        languages: Language of the answers by task.
    """
    with parquet.connect(threads=2, memory_limit="2GB", temporary=draft.scratch) as con:
        parquet.view_of(con, "item", [release.file("items.parquet")])
        parquet.view_of(con, "prediction", [predictions.file("lineage/prediction.parquet")])
        answers = con.sql(_EVALUATED).to_arrow_table()
        tasks = con.execute("SELECT task_id, min(metric), min(category), min(labels) FROM item GROUP BY ALL").fetchall()
    categories = {task: category for task, _, category, _ in tasks}
    scored = score(
        answers.drop_columns("evaluation").cast(ANSWERS),
        seed=seed,
        metrics={task: metric for task, metric, _, _ in tasks},
        categories=categories,
        languages=languages,
        labels={task: tuple(labels) for task, _, _, labels in tasks if labels},
        required=categories,
        not_submitted=categories.keys() - set(answers["task_id"].to_pylist()),
    )
    name = str(release.manifest.facts["release"])
    items = _with(scored.items, {"model": model})
    rows = items.select(["scorer", "task_id", "item_id"]).to_pylist()
    results = _item_digests(rows, answers, scored.specs)
    figures = [counts_in(row["scorer"], row["task_id"], categories) for row in rows]
    items = items.append_column("counts_in", pa.array(figures, pa.list_(pa.string())))
    items = items.append_column("result_digest", pa.array(results, pa.string()))
    scores = _with(scored.scores, {"model": model, "release": name})
    ids = [
        digests.row_id(*(str(row[key]) for key in ("model", "release", "scorer", "level", "name", "metric")))
        for row in scores.to_pylist()
    ]
    stands: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row, names, result in zip(rows, figures, results, strict=True):
        for figure in names:
            stands[row["scorer"], figure].add(result)
    whole = _score_digests(scores.to_pylist(), stands, _resampling(answers, seed))
    scores = scores.append_column("result_digest", pa.array(whole, pa.string()))
    pq.write_table(items, draft.lineage("item_score"), row_group_size=parquet.ROW_GROUP)
    pq.write_table(scores.add_column(0, "score_id", pa.array(ids, pa.string())), draft.lineage("score"))
    draft.rows = {"predictions": answers.num_rows, "scores": scores.num_rows}
    draft.facts = {"release": name, "comparable": all(scored.scores.column("comparable").to_pylist())}


def _item_digests(rows: Sequence[Mapping[str, str]], answers: pa.Table, specs: Mapping[str, TaskSpec]) -> list[str]:
    """Digest for each item and scorer over the item as it was asked and answered, and how it is scored."""
    evaluations = dict(zip(answers["item_id"].to_pylist(), answers["evaluation"].to_pylist(), strict=True))
    terms = {task: digests.fingerprint([asdict(spec), trouble()]) for task, spec in specs.items()}
    return [
        digests.row_id(evaluations[row["item_id"]], row["scorer"], VERSIONS[row["scorer"]], terms[row["task_id"]])
        for row in rows
    ]


def _score_digests(
    rows: Sequence[Mapping[str, str]], stands: Mapping[tuple[str, str], set[str]], drawn: str
) -> list[str]:
    """Digest of each figure over the results of its items and the resampling."""
    return [
        digests.row_id(row["level"], row["name"], row["metric"], drawn, *sorted(stands[row["scorer"], row["name"]]))
        for row in rows
    ]


def _resampling(answers: pa.Table, seed: int) -> str:
    """Digest of what intervals depend on in addition to the items' results: the seed and the clusters."""
    clusters = answers.select(["task_id", "item_id", "subject"]).to_pylist()
    return digests.fingerprint([seed, REPLICATES, clusters])


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
