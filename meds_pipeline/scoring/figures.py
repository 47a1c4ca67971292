"""From item counts to figures: tasks, upstream's pooled figures, category averages, overall."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meds_pipeline.scoring import bootstrap
from meds_pipeline.scoring.registry import load_registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from meds_pipeline.scoring.base import Family, FloatArray
    from meds_pipeline.scoring.registry import Average, TaskSpec


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """All items of one task under one scorer.

    Attributes:
        scorer: Name of the scorer.
        spec: The task.
        family: How counts become figures.
        counts: Shape (items, columns); column 0 is 1 for items that count.
        cluster: Cluster number of each item.
    """

    scorer: str
    spec: TaskSpec
    family: Family
    counts: FloatArray
    cluster: NDArray[np.int64]

    def total(self) -> FloatArray:
        """Column sums, exact whatever the order of items."""
        return np.array([math.fsum(column) for column in self.counts.T])


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the scores table, with the replicates its interval comes from."""

    scorer: str
    level: str
    name: str
    metric: str
    value: float | None
    replicates: FloatArray | None
    n: int
    members: int
    comparable: bool = True
    note: str = ""

    def row(self) -> dict[str, Any]:
        """As a row of schema `SCORES`."""
        bounds: tuple[float | None, float | None] = (None, None)
        if self.value is not None and self.replicates is not None:
            bounds = bootstrap.interval(self.replicates, self.members)
        fields = ("scorer", "level", "name", "metric", "value", "n", "comparable", "note")
        return {name: getattr(self, name) for name in fields} | {"low": bounds[0], "high": bounds[1]}


def _task_figures(name: str, parts: Sequence[TaskCounts], sums: FloatArray) -> list[Figure]:
    """Figures of a task, or of several pooled; `sums` are the resampled counts."""
    family = parts[0].family
    total = np.array([math.fsum(column) for column in zip(*(part.total() for part in parts), strict=True)])
    values, replicates = family.finish(total), family.finish(sums)
    n = int(total[0])
    members = len(np.unique(np.concatenate([part.cluster for part in parts])))
    out = []
    for i, metric in enumerate(family.metrics):
        value = None if np.isnan(values[i]) else float(values[i])
        note = family.note if not family.comparable[i] else ("" if n else "no item counts")
        out.append(
            Figure(
                parts[0].scorer, "task", name, metric, value, replicates[:, i], n, members, family.comparable[i], note
            )
        )
    return out


def _mean(figures: Sequence[Figure], scorer: str, level: str, name: str, metric: str, note: str = "") -> Figure:
    """The plain mean of figures, with the mean of their replicates."""
    values = [figure.value for figure in figures if figure.value is not None]
    value = math.fsum(values) / len(figures) if len(values) == len(figures) and figures else None
    drawn = [figure.replicates for figure in figures if figure.replicates is not None]
    replicates = np.mean(drawn, axis=0) if value is not None and len(drawn) == len(figures) else None
    comparable = all(figure.comparable for figure in figures)
    notes = [note] if note else sorted({figure.note for figure in figures if figure.note})
    return Figure(
        scorer,
        level,
        name,
        metric,
        value,
        replicates,
        sum(figure.n for figure in figures),
        min((figure.members for figure in figures if figure.members), default=0),
        comparable,
        "; ".join(notes),
    )


def _constant(scorer: str, name: str, metric: str, value: float, like: FloatArray | None) -> Figure:
    """What upstream's script puts into a mean for a task without rows."""
    replicates = None if like is None else np.full_like(like, value)
    return Figure(scorer, "task", name, metric, value, replicates, 0, 0)


def _official_average(average: Average, found: dict[tuple[str, str], Figure]) -> Iterable[Figure]:
    present = [task for task in average.tasks if any(task == name for name, _ in found)]
    if not present:
        return
    metrics = [metric for name, metric in found if name == present[0]]
    absent = [task for task in average.tasks if task not in present]
    for metric in metrics:
        parts = [found[task, metric] for task in present]
        note = "; ".join(sorted({part.note for part in parts if part.note}))
        if average.ours:
            note = "; ".join(filter(None, [note, "upstream prints no average: mean of the tasks with rows"]))
        elif absent:
            parts += [_constant("official", task, metric, average.absent, parts[0].replicates) for task in absent]
            missing = f"upstream counts {', '.join(absent)} (no rows) as {average.absent:g}"
            note = "; ".join(filter(None, [note, missing]))
        yield _mean(parts, "official", "category", average.name, metric, note)


def _official(
    tasks: dict[tuple[str, str], Figure], counts: Sequence[TaskCounts], sums: Sequence[FloatArray]
) -> list[Figure]:
    """Upstream's pooled figures and printed averages."""
    pools: dict[str, list[int]] = defaultdict(list)
    for i, part in enumerate(counts):
        if part.spec.pool:
            pools[part.spec.pool].append(i)
    out: list[Figure] = []
    for pool, members in sorted(pools.items()):
        pooled = np.sum([sums[i] for i in members], axis=0)
        out += _task_figures(pool, [counts[i] for i in members], pooled)
    for average in load_registry().averages:
        out += _official_average(average, tasks)
    return out


def _corrected(
    tasks: dict[tuple[str, str], Figure], counts: Sequence[TaskCounts], required: Collection[str]
) -> list[Figure]:
    """A category is the plain mean of its tasks' main figures, overall the mean of categories."""
    scorer = counts[0].scorer
    known = load_registry().tasks
    members: dict[str, set[str]] = defaultdict(set)
    main = {part.spec.task_id: part.family.main for part in counts}
    for part in counts:
        if part.spec.category and part.spec.task_id in required:
            members[part.spec.category].add(part.spec.task_id)
    for task in required:
        if task in known and known[task].category:
            members[known[task].category].add(task)
    out: list[Figure] = []
    for category, names in sorted(members.items()):
        absent = sorted(name for name in names if name not in main)
        if absent:
            note = f"unranked: no answers for {', '.join(absent)}"
            out.append(Figure(scorer, "category", category, "main", None, None, 0, 0, note=note))
            continue
        parts = [tasks[name, main[name]] for name in sorted(names)]
        out.append(_mean(parts, scorer, "category", category, "main"))
        shared = set.intersection(*({m for t, m in tasks if t == name} for name in names))
        for metric in sorted(shared):
            out.append(_mean([tasks[name, metric] for name in sorted(names)], scorer, "category", category, metric))
    mains = [figure for figure in out if figure.metric == "main"]
    unranked = [figure.name for figure in mains if figure.value is None]
    note = f"unranked: {', '.join(unranked)}" if unranked else ""
    out.append(_mean(mains, scorer, "overall", "overall", "main", note))
    return out


def figures(
    counts: Sequence[TaskCounts], number: int, seed: int, required: Collection[str], replicates: int
) -> list[Figure]:
    """All figures of all scorers.

    Args:
        counts: Item counts of every task and scorer.
        number: Clusters overall.
        seed: Seed of the bootstrap.
        required: Tasks without which a category of the corrected scorer is unranked.
        replicates: Bootstrap replicates.
    """
    sums = bootstrap.resample([(part.cluster, part.counts) for part in counts], number, seed, replicates)
    out: list[Figure] = []
    for scorer in dict.fromkeys(part.scorer for part in counts):
        mine = [i for i, part in enumerate(counts) if part.scorer == scorer]
        rows = [row for i in mine for row in _task_figures(counts[i].spec.task_id, [counts[i]], sums[i])]
        tasks = {(row.name, row.metric): row for row in rows}
        out += rows
        own_counts = [counts[i] for i in mine]
        if scorer == "official":
            out += _official(tasks, own_counts, [sums[i] for i in mine])
        else:
            out += _corrected(tasks, own_counts, required)
    return out
