"""Paired comparisons of models: is a difference more than luck?

p values come from approximate randomization by subject (`swapping.py`) and are corrected for the number of comparisons
of a scorer and level by Holm's method. Intervals of differences come from the paired bootstrap and are widened for the
same number (Bonferroni). A figure that either model does not have (no item counts) is not compared.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from meds_pipeline.scoring import bootstrap
from meds_pipeline.scoring.averages import MAIN
from meds_pipeline.scoring.intervals import effective, pooled_clusters, reach, together, unseen, varies
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.swapping import Pair, Swapping, choices, weighted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meds_pipeline.scoring.base import FloatArray
    from meds_pipeline.scoring.figures import TaskItems

ROUNDS, MOST_ROUNDS = 4999, 99_999
SIGNIFICANT = 0.05
_ROUNDS_A_COMPARISON = 100
"""Rounds for each comparison of a level, where the first ones do not tell: Holm's method can then come down to 0.01."""


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


class _Difference(NamedTuple):
    """A difference with its distribution under swapping (randomization) and under resampling (bootstrap).

    `clusters` is how many of equal size would tell as much. `still` has, for each task whose replicates do not vary,
    its weight, value and clusters.
    """

    observed: float
    swapped: FloatArray
    resampled: FloatArray
    n: int
    clusters: float
    still: tuple[tuple[float, float, float], ...] = ()

    @property
    def variance(self) -> float:
        """Variance over replicates; 0 where none has a figure."""
        return float(np.nanvar(self.resampled)) if varies(self.resampled) else 0.0

    def interval(self, alpha: float) -> tuple[float, float]:
        """Ends of its interval, for this probability to miss."""
        error = reach(self.clusters, alpha) * math.sqrt(self.variance)
        parts = ((weight, unseen(value, clusters, alpha, lowest=-100.0)) for weight, value, clusters in self.still)
        margins = together(parts)
        low = self.observed - math.hypot(error, margins.below)
        return max(-100.0, low), min(100.0, self.observed + math.hypot(error, margins.above))


class _Group(NamedTuple):
    """What is compared: a weighted sum over tasks, by the weight of each."""

    level: str
    name: str
    metric: str
    weights: Mapping[str, float]


class _Found(NamedTuple):
    """A comparison that is not corrected yet."""

    names: tuple[str, str]
    group: _Group
    difference: _Difference
    p: float


def _pairs(first: Sequence[TaskItems], second: Sequence[TaskItems]) -> tuple[list[Pair], int]:
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
    subjects = [_picked(part.subjects(), mine) for part, mine, _, _ in found]
    number, clusters = bootstrap.clusters(subjects)
    return [
        Pair(part.spec.task_id, part.family, part.counts[mine], other.counts[theirs], cluster)
        for (part, mine, other, theirs), cluster in zip(found, clusters, strict=True)
    ], number


def _picked(subjects: Sequence[tuple[str, ...]], places: Sequence[int]) -> list[tuple[str, ...]]:
    return [subjects[i] for i in places]


def _differences(pairs: Sequence[Pair], number: int, seed: int, rounds: int) -> dict[str, _Difference]:
    """For each task the observed difference, and those after swapping and after resampling subjects."""
    swapped: list[list[FloatArray]] = [[np.empty(0)] for _ in pairs]
    for taken in choices(number, seed, rounds):
        for i, pair in enumerate(pairs):
            swapped[i].append(pair.moved(taken[:, pair.present] @ pair.moves))
    groups = [(pair.cluster, counts) for pair in pairs for counts in (pair.first, pair.second)]
    sums = bootstrap.resample(groups, number, seed)
    found = {}
    for i, pair in enumerate(pairs):
        resampled = pair.main(sums[2 * i]) - pair.main(sums[2 * i + 1])
        sizes = np.unique(pair.cluster, return_counts=True)[1]
        clusters, size = effective(sizes.astype(np.float64)), len(pair.cluster)
        still = () if varies(resampled) else ((1.0, pair.observed, clusters),)
        found[pair.task] = _Difference(pair.observed, np.concatenate(swapped[i]), resampled, size, clusters, still)
    return found


def _summed(parts: Sequence[_Difference], weights: Sequence[float]) -> _Difference:
    """The weighted sum of differences."""
    both = list(zip(weights, parts, strict=True))
    return _Difference(
        math.fsum(weight * part.observed for weight, part in both),
        weighted([part.swapped for part in parts], weights),
        weighted([part.resampled for part in parts], weights),
        sum(part.n for part in parts),
        pooled_clusters((weight**2 * part.variance, part.clusters) for weight, part in both),
        tuple((weight * own, value, clusters) for weight, part in both for own, value, clusters in part.still),
    )


def _groups(
    scorer: str, main: Mapping[str, str], tasks: tuple[set[str], set[str]], required: Mapping[str, str]
) -> list[_Group]:
    """What is compared: every shared task, every average whose tasks both models have, overall likewise.

    Args:
        scorer: Name of the scorer.
        main: Main metric of each task with shared items.
        tasks: The tasks each model has.
        required: Category by task, for all tasks the corrected scorer needs.
    """
    groups = [_Group("task", task, metric, {task: 1.0}) for task, metric in main.items()]
    if scorer == "official":
        for average in load_registry().averages:
            there, theirs = ([task for task in average.tasks if task in have] for have in tasks)
            # A task that both lack enters both averages as the same constant.
            if there and there == theirs and all(task in main for task in there):
                of = len(there) if average.ours else len(average.tasks)
                groups.append(_Group("category", average.name, main[there[0]], dict.fromkeys(there, 1 / of)))
        return groups
    members: dict[str, list[str]] = {}
    for task, category in sorted(required.items()):
        members.setdefault(category, []).append(task)
    complete = {name: names for name, names in sorted(members.items()) if all(task in main for task in names)}
    means = [(name, dict.fromkeys(names, 1 / len(names))) for name, names in complete.items()]
    groups += [_Group("category", name, MAIN, weights) for name, weights in means]
    if means and len(complete) == len(members):
        overall = {task: weight / len(means) for _, weights in means for task, weight in weights.items()}
        groups.append(_Group("overall", "overall", MAIN, overall))
    return groups


def _compare_pair(
    scorer: str,
    names: tuple[str, str],
    parts: Sequence[Sequence[TaskItems]],
    required: Mapping[str, str],
    seed: int,
    rounds: int,
    all_pairs: int,
) -> Iterator[_Found]:
    """All comparisons of two models."""
    pairs, number = _pairs(*parts)
    by_task = {pair.task: pair for pair in pairs}
    found = _differences(pairs, number, seed, rounds)
    have = {part.spec.task_id for part in parts[0]}, {part.spec.task_id for part in parts[1]}
    groups = _groups(scorer, {pair.task: pair.family.main for pair in pairs}, have, required)
    for group in groups:
        weights = list(group.weights.values())
        difference = _summed([found[task] for task in group.weights], weights)
        if math.isnan(difference.observed):
            continue
        level = sum(other.level == group.level for other in groups)
        enough = max(rounds, min(MOST_ROUNDS, _ROUNDS_A_COMPARISON * all_pairs * level))
        swapping = Swapping([by_task[task] for task in group.weights], weights)
        yield _Found(names, group, difference, swapping.p_value(difference.observed, difference.swapped, seed, enough))


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
    duels = list(combinations(sorted(models), 2))
    for scorer in dict.fromkeys(part.scorer for parts in models.values() for part in parts):
        found: list[_Found] = []
        for names in duels:
            parts = [[part for part in models[name] if part.scorer == scorer] for name in names]
            found += _compare_pair(scorer, names, parts, required, seed, rounds, len(duels))
        for level in ("task", "category", "overall"):
            mine = [one for one in found if one.group.level == level]
            adjusted = holm([one.p for one in mine])
            out += [_corrected(scorer, one, holms, len(mine)) for one, holms in zip(mine, adjusted, strict=True)]
    return out


def _corrected(scorer: str, found: _Found, adjusted: float, number: int) -> Comparison:
    """A comparison as one of so many."""
    difference, group = found.difference, found.group
    low, high = difference.interval(SIGNIFICANT / number)
    return Comparison(
        scorer,
        group.level,
        group.name,
        group.metric,
        *found.names,
        difference=difference.observed,
        low=low,
        high=high,
        p=found.p,
        adjusted=adjusted,
        n=difference.n,
    )


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = highest
    return adjusted
