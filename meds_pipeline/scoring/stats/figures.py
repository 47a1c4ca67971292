"""From item counts to figures with replicates: one task, tasks pooled, means of figures."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meds_pipeline.scoring.stats.intervals import (
    Margins,
    effective,
    interval,
    pooled_clusters,
    together,
    unseen,
    varies,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meds_pipeline.scoring.base import Answer, Family, FloatArray, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """The counts of one task's items under one scorer; intervals and comparisons are computed only from them.

    Attributes:
        scorer: Name of the scorer.
        spec: The task.
        family: Metric family, which turns counts into figures.
        item_ids: The items, in order.
        subjects: The subject of each; None for an item that stands for itself.
        counts: Their counts, shape (items, columns); column 0 is 1 for items that count.
    """

    scorer: str
    spec: TaskSpec
    family: Family
    item_ids: Sequence[str]
    subjects: Sequence[str | None]
    counts: FloatArray

    def total(self) -> FloatArray:
        """Column sums, exact whatever the order of items."""
        return np.array([math.fsum(column) for column in self.counts.T.tolist()])

    def clusters(self) -> list[tuple[str, ...]]:
        """Cluster of each item: its subject, else the item itself."""
        task = self.spec.task_id
        named = zip(self.subjects, self.item_ids, strict=True)
        return [(task, item) if subject is None else (subject,) for subject, item in named]


@dataclass(frozen=True, slots=True)
class TaskItems(TaskCounts):
    """The counts of a task with the answers they were measured on, and what each answer earned."""

    answers: Sequence[Answer]
    items: Sequence[ItemScore]


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the scores table, with the data for its interval.

    Attributes:
        replicates: The figure in every bootstrap replicate.
        members: Number of clusters in the part with the fewest clusters; an interval needs two.
        clusters: Effective number of clusters (of equal size).
        margins: What is added to the interval for parts whose replicates do not vary.
    """

    scorer: str
    level: str
    name: str
    metric: str
    value: float | None
    replicates: FloatArray | None
    n: int
    members: int
    clusters: float = 0.0
    margins: Margins = Margins()
    comparable: bool = True
    note: str = ""

    def row(self) -> dict[str, Any]:
        """As a row of schema `SCORES`."""
        ends = None
        if self.value is not None and self.replicates is not None and self.members > 1:
            ends = interval(self.value, self.replicates, self.clusters, self.margins)
        low, high = ends or (None, None)
        fields = ("scorer", "level", "name", "metric", "value", "n", "comparable", "note")
        return {name: getattr(self, name) for name in fields} | {"low": low, "high": high}


def task_figures(name: str, parts: Sequence[TaskCounts], sums: FloatArray) -> list[Figure]:
    """Figures of a task, or of several pooled.

    Args:
        name: Name of the task or pool.
        parts: Its items; more than one part where tasks are pooled.
        sums: Resampled counts, shape (replicates, columns).
    """
    family, scorer = parts[0].family, parts[0].scorer
    total = np.array([math.fsum(column) for column in zip(*(part.total() for part in parts), strict=True)])
    values, replicates = family.finish(total), family.finish(sums)
    n = int(total[0])
    members, clusters = _clusters(parts)
    out = []
    for i, metric in enumerate(family.metrics):
        value = None if np.isnan(values[i]) else float(values[i])
        drawn = replicates[:, i]
        comparable, note = family.comparable[i], "" if family.comparable[i] else family.note
        if not n:
            note = "no item counts"
            if scorer == "official":  # upstream's scripts print 0
                value, drawn, note = 0.0, np.zeros(len(sums)), "no item counts: upstream prints 0"
        margins = Margins() if value is None or not n or varies(drawn) else unseen(value, clusters)
        out.append(Figure(scorer, "task", name, metric, value, drawn, n, members, clusters, margins, comparable, note))
    return out


def _clusters(parts: Sequence[TaskCounts]) -> tuple[int, float]:
    """Number of clusters of the items that count, and the effective number (of equal size)."""
    sizes: Counter[tuple[str, ...]] = Counter()
    for part in parts:
        counted = part.counts[:, 0] > 0
        sizes.update(subject for subject, counts in zip(part.clusters(), counted, strict=True) if counts)
    return len(sizes), effective(np.array(list(sizes.values()), dtype=np.float64))


def mean_figure(
    parts: Sequence[Figure], scorer: str, level: str, name: str, metric: str, notes: Sequence[str] = ()
) -> Figure:
    """The plain mean of figures, with the mean of their replicates; no value if one of the figures has none."""
    values = [part.value for part in parts if part.value is not None]
    complete = bool(parts) and len(values) == len(parts)
    drawn = [part.replicates for part in parts if part.replicates is not None]
    whole = complete and len(drawn) == len(parts)
    spreads = [(_variance(part.replicates), part.clusters) for part in parts]
    return Figure(
        scorer,
        level,
        name,
        metric,
        math.fsum(values) / len(parts) if complete else None,
        np.mean(drawn, axis=0) if whole else None,
        sum(part.n for part in parts),
        min((part.members for part in parts if part.members), default=0),
        pooled_clusters(spreads),
        together((1 / len(parts), part.margins) for part in parts),
        all(part.comparable for part in parts),
        "; ".join(dict.fromkeys([*sorted(part.note for part in parts if part.note), *filter(None, notes)])),
    )


def _variance(replicates: FloatArray | None) -> float:
    return 0.0 if replicates is None or not varies(replicates) else float(np.nanvar(replicates))
