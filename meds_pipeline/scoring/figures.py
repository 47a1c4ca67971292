"""From item counts to figures with replicates: one task, tasks pooled, means of figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meds_pipeline.scoring import bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meds_pipeline.scoring.base import Answer, Family, FloatArray, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec


@dataclass(frozen=True, slots=True)
class TaskItems:
    """All items of one task under one scorer.

    Attributes:
        scorer: Name of the scorer.
        spec: The task.
        family: How counts become figures.
        answers: The items, by id.
        items: What each earned.
        counts: Their counts, shape (items, columns); column 0 is 1 for items that count.
    """

    scorer: str
    spec: TaskSpec
    family: Family
    answers: Sequence[Answer]
    items: Sequence[ItemScore]
    counts: FloatArray

    def total(self) -> FloatArray:
        """Column sums, exact whatever the order of items."""
        return np.array([math.fsum(column) for column in self.counts.T.tolist()])

    def subjects(self) -> list[tuple[str, ...]]:
        """Cluster of each item: its subject, else the item itself."""
        return [(a.subject,) if a.subject is not None else (a.task_id, a.item_id) for a in self.answers]


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the scores table, with the replicates its interval comes from.

    Attributes:
        members: Clusters behind the figure; an interval needs two.
    """

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
        low, high = None, None
        if self.value is not None and self.replicates is not None:
            low, high = bootstrap.interval(self.replicates, self.members)
        fields = ("scorer", "level", "name", "metric", "value", "n", "comparable", "note")
        return {name: getattr(self, name) for name in fields} | {"low": low, "high": high}


def task_figures(name: str, parts: Sequence[TaskItems], sums: FloatArray) -> list[Figure]:
    """Figures of a task, or of several pooled.

    Args:
        name: Name of the task or pool.
        parts: Its items; more than one part where tasks are pooled.
        sums: Resampled counts, shape (replicates, columns).
    """
    family = parts[0].family
    total = np.array([math.fsum(column) for column in zip(*(part.total() for part in parts), strict=True)])
    values, replicates = family.finish(total), family.finish(sums)
    n = int(total[0])
    members = len({subject for part in parts for subject in part.subjects()})
    out = []
    for i, metric in enumerate(family.metrics):
        value = None if np.isnan(values[i]) else float(values[i])
        comparable = family.comparable[i]
        note = "" if comparable else family.note
        if not n:
            note = "no item counts"
        row = Figure(parts[0].scorer, "task", name, metric, value, replicates[:, i], n, members, comparable, note)
        out.append(row)
    return out


def mean_figure(
    parts: Sequence[Figure], scorer: str, level: str, name: str, metric: str, notes: Sequence[str] = ()
) -> Figure:
    """The plain mean of figures, with the mean of their replicates; no value where one of them has none."""
    values = [part.value for part in parts if part.value is not None]
    complete = bool(parts) and len(values) == len(parts)
    drawn = [part.replicates for part in parts if part.replicates is not None]
    return Figure(
        scorer,
        level,
        name,
        metric,
        math.fsum(values) / len(parts) if complete else None,
        np.mean(drawn, axis=0) if complete and len(drawn) == len(parts) else None,
        sum(part.n for part in parts),
        min((part.members for part in parts if part.members), default=0),
        all(part.comparable for part in parts),
        "; ".join(dict.fromkeys([*sorted(part.note for part in parts if part.note), *filter(None, notes)])),
    )
