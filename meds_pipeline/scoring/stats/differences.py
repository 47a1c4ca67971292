"""Differences between models: observed, with subjects swapped at random, and with subjects resampled.

Models with the same items are handled together: the random choices and weights depend only on the items, so they are
drawn once for all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from meds_pipeline.scoring.stats import bootstrap
from meds_pipeline.scoring.stats.figures import TaskCounts
from meds_pipeline.scoring.stats.intervals import effective, pooled_clusters, reach, together, unseen, varies
from meds_pipeline.scoring.stats.swapping import PairedCounts, choices, main_figure, moved, weighted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from meds_pipeline.scoring.base import FloatArray

    Models = Mapping[str, Sequence[TaskCounts]]
    """Counts of each task, by model."""


class Difference(NamedTuple):
    """A difference with its distribution under swapping (randomization) and under resampling (bootstrap).

    `clusters` is the effective number of clusters (of equal size). `still` has, for each task whose replicates do not
    vary, its weight, value and clusters.
    """

    observed: float
    swapped: FloatArray
    resampled: FloatArray
    n: int
    clusters: float
    still: tuple[tuple[float, float, float], ...] = ()

    @property
    def variance(self) -> float:
        """Variance over replicates; 0 if no replicate has a figure."""
        return float(np.nanvar(self.resampled)) if varies(self.resampled) else 0.0

    def interval(self, alpha: float) -> tuple[float, float]:
        """Ends of the interval that misses the true difference with probability `alpha`."""
        error = reach(self.clusters, alpha) * math.sqrt(self.variance)
        parts = ((weight, unseen(value, clusters, alpha, lowest=-100.0)) for weight, value, clusters in self.still)
        margins = together(parts)
        low = self.observed - math.hypot(error, margins.below)
        return max(-100.0, low), min(100.0, self.observed + math.hypot(error, margins.above))


@dataclass(frozen=True, slots=True)
class ModelPair:
    """Two models on the items both have: counts and differences by task."""

    models: tuple[str, str]
    counts: Mapping[str, PairedCounts]
    differences: Mapping[str, Difference]


def summed(parts: Sequence[Difference], weights: Sequence[float]) -> Difference:
    """The weighted sum of differences."""
    both = list(zip(weights, parts, strict=True))
    return Difference(
        math.fsum(weight * part.observed for weight, part in both),
        weighted([part.swapped for part in parts], weights),
        weighted([part.resampled for part in parts], weights),
        sum(part.n for part in parts),
        pooled_clusters((weight**2 * part.variance, part.clusters) for weight, part in both),
        tuple((weight * own, value, clusters) for weight, part in both for own, value, clusters in part.still),
    )


def model_pairs(models: Models, seed: int, rounds: int) -> list[ModelPair]:
    """All pairs of models, by name; models are in alphabetical order, and all have their tasks in the same order."""
    found = [pair for alike in _with_shared_items(models) for pair in _alike(alike, seed, rounds)]
    return sorted(found, key=lambda pair: pair.models)


def _with_shared_items(models: Models) -> Iterator[Models]:
    """Groups of models with the same items: all models of equal items in one group, any other two models as a pair."""
    groups: list[list[str]] = []
    for name in sorted(models):
        group = next((group for group in groups if _items(models[group[0]]) == _items(models[name])), None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    yield from ({name: models[name] for name in group} for group in groups)
    for one, other in combinations(groups, 2):
        yield from (_shared(models, first, second) for first in one for second in other)


def _items(parts: Sequence[TaskCounts]) -> list[tuple[object, ...]]:
    return [(part.spec.task_id, part.item_ids, part.subjects) for part in parts]


def _shared(models: Models, first: str, second: str) -> Models:
    """Two models with the items both have."""
    others = {part.spec.task_id: part for part in models[second]}
    ours, theirs = [], []
    for part in models[first]:
        if (other := others.get(part.spec.task_id)) is None:
            continue
        places = {item: i for i, item in enumerate(other.item_ids)}
        both = [(i, places[item]) for i, item in enumerate(part.item_ids) if item in places]
        if both:
            ours.append(_picked(part, [i for i, _ in both]))
            theirs.append(_picked(other, [j for _, j in both]))
    return {name: parts for name, parts in sorted(((first, ours), (second, theirs)))}


def _picked(part: TaskCounts, places: Sequence[int]) -> TaskCounts:
    """The counts of only these items."""
    return TaskCounts(
        part.scorer,
        part.spec,
        part.family,
        [part.item_ids[i] for i in places],
        [part.subjects[i] for i in places],
        part.counts[list(places)],
    )


def _alike(models: Models, seed: int, rounds: int) -> Iterator[ModelPair]:
    """All pairs of models that have the same items."""
    names = list(combinations(models, 2))
    if not names:
        return
    number, clusters = bootstrap.clusters([part.clusters() for part in next(iter(models.values()))])
    tasks = [
        [
            PairedCounts(models[a][i].spec.task_id, models[a][i].family, models[a][i].counts, models[b][i].counts, own)
            for a, b in names
        ]
        for i, own in enumerate(clusters)
    ]
    swapped = _swapped(models, clusters, tasks, number, seed, rounds)
    resampled = _resampled(models, clusters, number, seed)
    sizes = [effective(np.unique(own, return_counts=True)[1].astype(np.float64)) for own in clusters]
    for place, (a, b) in enumerate(names):
        found = {}
        for i, pairs in enumerate(tasks):
            drawn = resampled[a][i] - resampled[b][i]
            observed = pairs[place].observed
            still = () if varies(drawn) else ((1.0, observed, sizes[i]),)
            found[pairs[place].task] = Difference(
                observed, swapped[i][:, place], drawn, len(clusters[i]), sizes[i], still
            )
        yield ModelPair((a, b), {pairs[place].task: pairs[place] for pairs in tasks}, found)


def _swapped(
    models: Models,
    clusters: Sequence[NDArray[np.int64]],
    tasks: Sequence[Sequence[PairedCounts]],
    number: int,
    seed: int,
    rounds: int,
) -> list[FloatArray]:
    """For each task the differences after swapping subjects, shape (rounds, pairs).

    The counts of swapped subjects are summed for each model; the moves of a pair are the difference of two such sums.
    Counts are whole numbers here, so this is exact.
    """
    first, second = np.array(list(combinations(range(len(models)), 2))).T  # in the order of the pairs
    columns = [bootstrap.columns(pairs[0].present) for pairs in tasks]
    exact = [
        np.concatenate([bootstrap.by_cluster(np.rint(p.counts * bootstrap.UNIT), own)[1] for p in parts], axis=1)
        for own, parts in zip(clusters, zip(*models.values(), strict=True), strict=True)
    ]
    out: list[list[FloatArray]] = [[np.empty((0, len(pairs)))] for pairs in tasks]
    for taken in choices(number, seed, rounds):
        for rows, pairs, own, counts in zip(out, tasks, columns, exact, strict=True):
            sums = (taken[:, own] @ counts).reshape(len(taken), len(models), -1)
            rows.append(moved(pairs, sums[:, second] - sums[:, first]))
    return [np.concatenate(rows) for rows in out]


def _resampled(
    models: Models, clusters: Sequence[NDArray[np.int64]], number: int, seed: int
) -> dict[str, list[FloatArray]]:
    """For each model and task the main figure in every bootstrap replicate."""
    tasks = list(zip(*models.values(), strict=True))
    groups = [
        (own, np.concatenate([part.counts for part in parts], axis=1))
        for own, parts in zip(clusters, tasks, strict=True)
    ]
    sums = bootstrap.resample(groups, number, seed)
    figures = [
        [main_figure(part.family, own) for part, own in zip(parts, np.split(drawn, len(parts), axis=1), strict=True)]
        for parts, drawn in zip(tasks, sums, strict=True)
    ]
    return {name: [figures[i][place] for i in range(len(tasks))] for place, name in enumerate(models)}
