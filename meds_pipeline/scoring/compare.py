"""Paired comparisons of models: is a difference more than luck?

Approximate randomization (Noreen 1989; Yeh 2000), by subject: in each round every subject's answers change sides with
probability one half, all its items and tasks together. It fits sums of counts, hence means and F1 alike. p values are
corrected for the number of comparisons of a scorer and level by Holm's method. Intervals of differences come from the
paired bootstrap and are widened for the same number (Bonferroni).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from meds_pipeline.scoring import bootstrap
from meds_pipeline.scoring.averages import MAIN
from meds_pipeline.scoring.registry import load_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from meds_pipeline.scoring.base import Family, FloatArray
    from meds_pipeline.scoring.figures import TaskItems

ROUNDS = 4999
SIGNIFICANT = 0.05
_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the items both answered, in percent points of the main metric.

    Attributes:
        scorer: Name of the scorer.
        level: task, category or overall.
        name: Which one.
        metric: The metric compared.
        first: Model with the name that sorts first.
        second: The other model.
        difference: First minus second.
        low: Lower end of its 95 % interval, widened for all comparisons of the scorer and level.
        high: Upper end.
        p: Two-sided p value.
        adjusted: p after Holm's correction over all comparisons of the scorer and level.
        n: Items compared.
    """

    scorer: str
    level: str
    name: str
    metric: str
    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    adjusted: float
    n: int

    def row(self) -> dict[str, Any]:
        """As a plain dict."""
        return asdict(self)


class _Pair(NamedTuple):
    """Counts of two models on the shared items of one task, and the cluster of each item."""

    task: str
    family: Family
    first: FloatArray
    second: FloatArray
    cluster: NDArray[np.int64]

    def main(self, sums: FloatArray) -> FloatArray:
        """The main figure from summed counts."""
        return np.asarray(self.family.finish(sums)[..., self.family.metrics.index(self.family.main)])


class _Difference(NamedTuple):
    """A difference with its distribution under swapping (randomization) and under resampling (bootstrap)."""

    observed: float
    swapped: FloatArray
    resampled: FloatArray
    n: int


class _Group(NamedTuple):
    """Tasks whose mean is compared."""

    level: str
    name: str
    metric: str
    tasks: tuple[str, ...]


def _pairs(first: Sequence[TaskItems], second: Sequence[TaskItems]) -> tuple[list[_Pair], int]:
    """Shared items by task, and the number of clusters."""
    others = {part.spec.task_id: part for part in second}
    found: list[tuple[TaskItems, list[int], TaskItems, list[int]]] = []
    for part in first:
        if (other := others.get(part.spec.task_id)) is None:
            continue
        places = {answer.item_id: i for i, answer in enumerate(other.answers)}
        both = [(i, places[a.item_id]) for i, a in enumerate(part.answers) if a.item_id in places]
        if both:
            found.append((part, [i for i, _ in both], other, [j for _, j in both]))
    subjects = [[part.subjects()[i] for i in mine] for part, mine, _, _ in found]
    number, clusters = bootstrap.clusters(subjects)
    return [
        _Pair(part.spec.task_id, part.family, part.counts[mine], other.counts[theirs], cluster)
        for (part, mine, other, theirs), cluster in zip(found, clusters, strict=True)
    ], number


def _swaps(number: int, seed: int, rounds: int) -> Iterator[FloatArray]:
    """For each round which subjects change sides: chunks of shape (some rounds, subjects) of 0 and 1."""
    generator = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, rounds, _CHUNK):
        rows = min(_CHUNK, rounds - start)
        drawn = np.frombuffer(generator.bytes(rows * number // 8 + 1), dtype=np.uint8)
        yield np.unpackbits(drawn)[: rows * number].reshape(rows, number).astype(np.float64)


def _differences(pairs: Sequence[_Pair], number: int, seed: int, rounds: int) -> dict[str, _Difference]:
    """For each task the observed difference, and those after swapping and after resampling subjects."""
    exact = [(np.rint(p.first * bootstrap.UNIT), np.rint(p.second * bootstrap.UNIT)) for p in pairs]
    moves = [bootstrap.by_cluster(b - a, pair.cluster) for pair, (a, b) in zip(pairs, exact, strict=True)]
    totals = [(a.sum(axis=0), b.sum(axis=0)) for a, b in exact]
    swapped: list[list[FloatArray]] = [[np.empty(0)] for _ in pairs]
    for swap in _swaps(number, seed, rounds):
        for i, (pair, (present, move)) in enumerate(zip(pairs, moves, strict=True)):
            moved = swap[:, present] @ move
            first, second = totals[i][0] + moved, totals[i][1] - moved
            swapped[i].append(pair.main(first / bootstrap.UNIT) - pair.main(second / bootstrap.UNIT))
    groups = [(pair.cluster, counts) for pair in pairs for counts in (pair.first, pair.second)]
    sums = bootstrap.resample(groups, number, seed)
    return {
        pair.task: _Difference(
            float(pair.main(pair.first.sum(axis=0)) - pair.main(pair.second.sum(axis=0))),
            np.concatenate(swapped[i]),
            pair.main(sums[2 * i]) - pair.main(sums[2 * i + 1]),
            len(pair.cluster),
        )
        for i, pair in enumerate(pairs)
    }


def _mean(parts: Sequence[_Difference]) -> _Difference:
    return _Difference(
        math.fsum(part.observed for part in parts) / len(parts),
        np.mean([part.swapped for part in parts], axis=0),
        np.mean([part.resampled for part in parts], axis=0),
        sum(part.n for part in parts),
    )


def _groups(scorer: str, main: Mapping[str, str], required: Mapping[str, str]) -> list[_Group]:
    """What is compared: every task, every average all of whose tasks there are, overall likewise."""
    groups = [_Group("task", task, metric, (task,)) for task, metric in main.items()]
    if scorer == "official":
        averages = [(average.name, average.tasks) for average in load_registry().averages]
        groups += [
            _Group("category", name, main[tasks[0]], tasks) for name, tasks in averages if all(t in main for t in tasks)
        ]
        return groups
    members: dict[str, list[str]] = {}
    for task, category in sorted(required.items()):
        members.setdefault(category, []).append(task)
    complete = {name: tuple(tasks) for name, tasks in sorted(members.items()) if all(t in main for t in tasks)}
    return groups + [_Group("category", name, MAIN, tasks) for name, tasks in complete.items()]


def _compare_pair(
    scorer: str,
    names: tuple[str, str],
    parts: Sequence[Sequence[TaskItems]],
    required: Mapping[str, str],
    seed: int,
    rounds: int,
) -> Iterator[Comparison]:
    """All comparisons of two models; intervals still as wide as one standard error."""
    pairs, number = _pairs(*parts)
    found = _differences(pairs, number, seed, rounds)
    main = {pair.task: pair.family.main for pair in pairs}
    categories: list[_Difference] = []
    rows: list[tuple[_Group, _Difference]] = []
    for group in _groups(scorer, main, required):
        rows.append((group, _mean([found[task] for task in group.tasks])))
        if group.level == "category":
            categories.append(rows[-1][1])
    if scorer != "official" and categories and len(categories) == len(set(required.values())):
        rows.append((_Group("overall", "overall", MAIN, ()), _mean(categories)))
    for group, part in rows:
        at_least = np.abs(part.swapped) >= abs(part.observed) - 1e-9
        p = (1 + int(at_least.sum())) / (1 + len(part.swapped))
        error = float(np.nanstd(part.resampled)) if len(part.resampled) else math.nan
        low, high = part.observed - error, part.observed + error
        yield Comparison(scorer, *group[:3], *names, part.observed, low, high, p, p, part.n)


def compare(
    models: Mapping[str, Sequence[TaskItems]], required: Mapping[str, str], seed: int = 0, rounds: int = ROUNDS
) -> list[Comparison]:
    """Compare every pair of models, for each scorer, by task, category and overall.

    Args:
        models: What `engine.measure` gave, by model.
        required: Category by task, for the tasks that enter categories; a category in which either model lacks a
            task is not compared.
        seed: Seed of the rounds.
        rounds: How many.
    """
    out: list[Comparison] = []
    for scorer in dict.fromkeys(part.scorer for parts in models.values() for part in parts):
        rows: list[Comparison] = []
        for names in combinations(sorted(models), 2):
            parts = [[part for part in models[name] if part.scorer == scorer] for name in names]
            rows += _compare_pair(scorer, names, parts, required, seed, rounds)
        for level in ("task", "category", "overall"):
            mine = [row for row in rows if row.level == level]
            wide = NormalDist().inv_cdf(1 - SIGNIFICANT / 2 / max(1, len(mine)))
            out += [
                replace(
                    row,
                    adjusted=adjusted,
                    low=row.difference - wide * (row.difference - row.low),
                    high=row.difference + wide * (row.high - row.difference),
                )
                for row, adjusted in zip(mine, holm([row.p for row in mine]), strict=True)
            ]
    return out


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = highest
    return adjusted


def tie_groups(values: Mapping[str, float], comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Models from best to worst, those that cannot be told from a group's best tied with it.

    Args:
        values: Figure by model.
        comparisons: Those of one scorer, level and name.
    """
    apart = {frozenset((row.first, row.second)) for row in comparisons if row.adjusted < SIGNIFICANT}
    groups: list[list[str]] = []
    for model in sorted(values, key=lambda name: (-values[name], name)):
        if groups and frozenset((groups[-1][0], model)) not in apart:
            groups[-1].append(model)
        else:
            groups.append([model])
    return groups
