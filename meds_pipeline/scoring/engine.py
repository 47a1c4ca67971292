"""`score`: answers in, item rows and scores out; pure, the same result for the same rows in any order."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from meds_pipeline.scoring import bootstrap, workers
from meds_pipeline.scoring.families import complete, family
from meds_pipeline.scoring.figures import TaskCounts, figures
from meds_pipeline.scoring.registry import load_registry, spec_for
from meds_pipeline.scoring.table import ITEMS, SCORES, Scored, read_answers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from meds_pipeline.scoring.base import Answer, ItemScore


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
        required: Tasks without which the corrected scorer leaves a category unranked; the 53 released tasks if None.
        replicates: Bootstrap replicates; 0 for no intervals.
        processes: Processes; as many as pay if None.

    Returns:
        Items and scores; scores are in percent.

    Raises:
        UnknownNameError: A task, metric or scorer is not known.
        ScoringError: The table lacks a column, or a child process died.
    """
    rows = read_answers(answers)
    tasks: list[tuple[Any, list[Answer]]] = []
    for task_id, group in groupby(rows, key=lambda answer: answer.task_id):
        members = list(group)
        tasks.append((complete(spec_for(task_id, metrics, categories, languages, labels), members), members))
    jobs = [(scorer, spec, members) for scorer in scorers for spec, members in tasks]
    families = [family(scorer, spec) for scorer, spec, _ in jobs]
    scored = workers.run_all(jobs, processes)
    cluster, number = bootstrap.clusters([_subject(row) for row in rows])
    starts = dict(zip((spec.task_id for spec, _ in tasks), _starts([len(m) for _, m in tasks]), strict=True))
    counts = []
    for (scorer, spec, members), made, items in zip(jobs, families, scored, strict=True):
        place = starts[spec.task_id]
        matrix = np.array([item.counts for item in items], dtype=np.float64)
        counts.append(TaskCounts(scorer, spec, made, matrix, cluster[place : place + len(members)]))
    needed = load_registry().released() if required is None else frozenset(required)
    score_rows = [figure.row() for figure in figures(counts, number, seed, needed, replicates)] if counts else []
    item_tables = [
        _item_rows(part, members, items) for part, (_, _, members), items in zip(counts, jobs, scored, strict=True)
    ]
    items_table = pa.concat_tables([ITEMS.empty_table(), *item_tables]).combine_chunks()
    return Scored(items_table, pa.Table.from_pylist(score_rows, schema=SCORES))


def _subject(answer: Answer) -> tuple[str, ...]:
    """Cluster name: the subject, else the item itself."""
    return (answer.subject,) if answer.subject is not None else (answer.task_id, answer.item_id)


def _starts(sizes: Sequence[int]) -> list[int]:
    return [sum(sizes[:i]) for i in range(len(sizes))]


def _influence(part: TaskCounts) -> np.ndarray[Any, np.dtype[np.float64]]:
    """For each item and metric: the figure minus the figure without the item, in percent points."""
    total = part.total()
    return np.asarray(part.family.finish(total) - part.family.finish(total - part.counts))


def _item_rows(part: TaskCounts, members: Sequence[Answer], items: Sequence[ItemScore]) -> pa.Table:
    """Item rows of one task and scorer, metric by metric in item order."""
    influence = _influence(part)
    size = len(members)
    tables = []
    for i, metric in enumerate(part.family.metrics):
        points = [None if item.points is None else float(item.points[i]) for item in items]
        effect = influence[:, i]
        columns = [
            pa.array([member.item_id for member in members], pa.string()),
            pa.array([part.spec.task_id] * size, pa.string()),
            pa.array([part.scorer] * size, pa.string()),
            pa.array([metric] * size, pa.string()),
            pa.array(points, pa.float64()),
            pa.array([item.outcome.value for item in items], pa.string()),
            pa.array(effect, pa.float64(), mask=np.isnan(effect)),
            pa.array([item.why for item in items], pa.string()),
        ]
        tables.append(pa.Table.from_arrays(columns, schema=ITEMS))
    return pa.concat_tables(tables)
