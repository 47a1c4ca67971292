"""`score`: answers in, item rows and scores out; a pure function, whose result does not depend on the order of rows."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from meds_pipeline.scoring import workers
from meds_pipeline.scoring.families import complete, family
from meds_pipeline.scoring.registry import load_registry, spec_for
from meds_pipeline.scoring.stats import bootstrap
from meds_pipeline.scoring.stats.averages import figures
from meds_pipeline.scoring.stats.figures import TaskItems
from meds_pipeline.scoring.table import ITEMS, SCORES, Scored, read_answers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from meds_pipeline.scoring.base import Answer, FloatArray, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec


def score(
    answers: pa.Table,
    scorers: Sequence[str] = ("official", "corrected"),
    *,
    seed: int = 0,
    metrics: Mapping[str, str] | None = None,
    categories: Mapping[str, str] | None = None,
    languages: Mapping[str, str] | None = None,
    labels: Mapping[str, tuple[str, ...]] | None = None,
    required: Collection[str] | None = None,
    not_submitted: Collection[str] = (),
    replicates: int = bootstrap.REPLICATES,
    processes: int | None = None,
) -> Scored:
    """Score one model's answers.

    Args:
        answers: Schema `table.ANSWERS`; `item_id`, `task_id`, `references` and `output` are required.
        scorers: Names out of `families.SCORERS`.
        seed: Seed of the bootstrap intervals; figures do not depend on it.
        metrics: Metric name by task id, for tasks that `tasks.yaml` does not know.
        categories: Category by task id, for those tasks.
        languages: Language of the answers by task id, for those tasks.
        labels: Closed answer set by task id, for those tasks.
        required: Tasks a model must have answered to be ranked by the corrected scorer; only they enter its averages.
            The 53 released tasks if None.
        not_submitted: Tasks that were asked and that the model left out. The official averages over them have no value;
            upstream would count each as 0 or -1.
        replicates: Bootstrap replicates; 0 for no intervals.
        processes: Number of processes; if None, as many as make the work faster.

    Returns:
        Items and scores; scores are in percent.

    Raises:
        UnknownNameError: A task, metric or scorer is not known.
        ScoringError: The table lacks a column, or a child process died.
    """
    rows = read_answers(answers)
    specs = {
        task: spec_for(task, metrics, categories, languages, labels) for task in sorted({row.task_id for row in rows})
    }
    parts = measure(rows, scorers, specs, processes)
    needed = None
    if required is not None:
        known = load_registry().tasks
        given = dict(categories or {})
        needed = {task: known[task].category if task in known else given.get(task, "") for task in required}
    rows_of_scores = score_rows(parts, seed, needed, replicates, not_submitted)
    measured = {part.spec.task_id: part.spec for part in parts}
    return Scored(item_table(parts), pa.Table.from_pylist(rows_of_scores, schema=SCORES), measured)


def measure(
    rows: Sequence[Answer],
    scorers: Sequence[str],
    specs: Mapping[str, TaskSpec],
    processes: int | None = None,
) -> list[TaskItems]:
    """Measure the answers of one model, sorted by task; return one entry per scorer and task."""
    return measure_all({"": rows}, scorers, specs, processes)[""]


def measure_all(
    models: Mapping[str, Sequence[Answer]],
    scorers: Sequence[str],
    specs: Mapping[str, TaskSpec],
    processes: int | None = None,
) -> dict[str, list[TaskItems]]:
    """Measure the answers of several models, each sorted by task; processes share the work of all models."""
    jobs: list[workers.ScoringJob] = []
    owners: list[str] = []
    for model, rows in models.items():
        for task_id, group in groupby(rows, key=lambda answer: answer.task_id):
            members = list(group)
            jobs.append(workers.ScoringJob(tuple(scorers), complete(specs[task_id], members), members))
            owners.append(model)
    families = [[family(scorer, job.spec) for scorer in scorers] for job in jobs]  # unknown names fail before the work
    done = workers.run_all(jobs, processes)
    parts: dict[str, list[TaskItems]] = {model: [] for model in models}
    for i, scorer in enumerate(scorers):
        for model, job, made, found in zip(owners, jobs, families, done, strict=True):
            ids = [answer.item_id for answer in job.answers]
            subjects = [answer.subject for answer in job.answers]
            counts = _matrix(found[scorer])
            parts[model].append(TaskItems(scorer, job.spec, made[i], ids, subjects, counts, job.answers, found[scorer]))
    return parts


def _matrix(items: Sequence[ItemScore]) -> FloatArray:
    """Counts of the items, shape (items, columns)."""
    return np.array([item.counts for item in items], dtype=np.float64)


def score_rows(
    parts: Sequence[TaskItems],
    seed: int = 0,
    required: Mapping[str, str] | None = None,
    replicates: int = bootstrap.REPLICATES,
    not_submitted: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Figures with intervals, as rows of schema `SCORES`.

    Args:
        parts: What `measure` gave.
        seed: Seed of the bootstrap.
        required: Category by task; a category is unranked if one of its tasks here is missing. Released tasks if None.
        replicates: Bootstrap replicates; 0 for no intervals.
        not_submitted: Tasks that were asked and left out.
    """
    needed = load_registry().released() if required is None else required
    return [figure.row() for figure in figures(parts, seed, needed, replicates, not_submitted)] if parts else []


def item_table(parts: Sequence[TaskItems]) -> pa.Table:
    """One row per item, scorer and metric, schema `ITEMS`."""
    return pa.concat_tables([ITEMS.empty_table(), *map(_item_rows, parts)]).combine_chunks()


def _influence(part: TaskItems) -> FloatArray:
    """For each item and metric: the figure minus the figure without the item, in percent points."""
    total = part.total()
    return np.asarray(part.family.finish(total) - part.family.finish(total - part.counts))


def _item_rows(part: TaskItems) -> pa.Table:
    """Item rows of one task and scorer, metric by metric in item order."""
    influence = _influence(part)
    size = len(part.item_ids)
    shared: dict[str, Any] = {
        "item_id": pa.array(part.item_ids, pa.string()),
        "task_id": pa.repeat(part.spec.task_id, size),
        "scorer": pa.repeat(part.scorer, size),
        "outcome": pa.array([item.outcome.value for item in part.items], pa.string()),
        "why": pa.array([item.why for item in part.items], pa.string()),
        "subject": pa.array(part.subjects, pa.string()),
        "counts": pa.array(list(part.counts), pa.list_(pa.float64())),
    }
    tables = []
    for i, metric in enumerate(part.family.metrics):
        points = [None if item.points is None else float(item.points[i]) for item in part.items]
        effect = influence[:, i]
        columns = shared | {
            "metric": pa.repeat(metric, size),
            "points": pa.array(points, pa.float64()),
            "influence": pa.array(effect, pa.float64(), mask=np.isnan(effect)),
        }
        tables.append(pa.Table.from_arrays([columns[name] for name in ITEMS.names], schema=ITEMS))
    return pa.concat_tables(tables)
