"""Paired comparisons of models: is a difference more than luck?

Approximate randomization (Noreen 1989; Yeh 2000), by subject: in each round every subject's answers change sides with
probability one half, all its items and tasks together. It fits sums of counts, hence means and F1 alike. p values are
corrected for the number of comparisons of a scorer by Holm's method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from meds_pipeline.scoring import bootstrap
from meds_pipeline.scoring.averages import MAIN

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
    """Two models on the items both answered.

    Attributes:
        scorer: Name of the scorer.
        level: task, category or overall.
        name: Which one.
        first: Model with the name that sorts first.
        second: The other model.
        difference: First minus second, percent points, main metric.
        p: Two-sided p value.
        adjusted: p after Holm's correction over all comparisons of the scorer and level.
        n: Items compared.
    """

    scorer: str
    level: str
    name: str
    first: str
    second: str
    difference: float
    p: float
    adjusted: float
    n: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """Counts of two models on the shared items of one task, by subject."""

    task: str
    family: Family
    first: FloatArray
    second: FloatArray
    cluster: NDArray[np.int64]

    def main(self, sums: FloatArray) -> FloatArray:
        """The main figure from summed counts."""
        return np.asarray(self.family.finish(sums)[..., self.family.metrics.index(self.family.main)])


def _shared(first: TaskItems, second: TaskItems) -> tuple[list[int], list[int]]:
    """Positions of the items both models have."""
    places = {answer.item_id: i for i, answer in enumerate(second.answers)}
    both = [(i, places[a.item_id]) for i, a in enumerate(first.answers) if a.item_id in places]
    return [i for i, _ in both], [j for _, j in both]


def _pairs(first: Sequence[TaskItems], second: Sequence[TaskItems]) -> tuple[list[_Pair], int]:
    others = {part.spec.task_id: part for part in second}
    found: list[tuple[TaskItems, list[int], TaskItems, list[int]]] = []
    for part in first:
        other = others.get(part.spec.task_id)
        if other is not None:
            mine, theirs = _shared(part, other)
            if mine:
                found.append((part, mine, other, theirs))
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


def _differences(pairs: Sequence[_Pair], number: int, seed: int, rounds: int) -> list[tuple[float, FloatArray]]:
    """For each task the observed difference and the differences after swapping."""
    moves = [bootstrap.by_cluster(pair.second - pair.first, pair.cluster) for pair in pairs]
    totals = [(pair.first.sum(axis=0), pair.second.sum(axis=0)) for pair in pairs]
    drawn: list[list[FloatArray]] = [[] for _ in pairs]
    for swap in _swaps(number, seed, rounds):
        for i, (pair, (present, move)) in enumerate(zip(pairs, moves, strict=True)):
            moved = swap[:, present] @ move
            drawn[i].append(pair.main(totals[i][0] + moved) - pair.main(totals[i][1] - moved))
    observed = [float(pair.main(a) - pair.main(b)) for pair, (a, b) in zip(pairs, totals, strict=True)]
    return [(value, np.concatenate(parts)) for value, parts in zip(observed, drawn, strict=True)]


def _p(observed: float, drawn: FloatArray) -> float:
    """Share of rounds at least as far from zero, the observed one included."""
    at_least = np.abs(drawn) >= abs(observed) - 1e-9
    return (1 + int(at_least.sum())) / (1 + len(drawn))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = highest
    return adjusted


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
        for first, second in combinations(sorted(models), 2):
            mine = [part for part in models[first] if part.scorer == scorer]
            theirs = [part for part in models[second] if part.scorer == scorer]
            rows += _compare_pair(scorer, (first, second), *_pairs(mine, theirs), required, seed, rounds)
        for level in ("task", "category", "overall"):
            part = [row for row in rows if row.level == level]
            adjusted = holm([row.p for row in part])
            out += [replace(row, adjusted=value) for row, value in zip(part, adjusted, strict=True)]
    return out


def _compare_pair(
    scorer: str,
    names: tuple[str, str],
    pairs: Sequence[_Pair],
    number: int,
    required: Mapping[str, str],
    seed: int,
    rounds: int,
) -> Iterator[Comparison]:
    found = {pair.task: pair for pair in pairs}
    results = dict(zip(found, _differences(pairs, number, seed, rounds), strict=True))
    members: dict[str, list[str]] = {}
    for task, category in sorted(required.items()):
        members.setdefault(category, []).append(task)

    def row(level: str, name: str, parts: Sequence[tuple[float, FloatArray]], n: int) -> Comparison:
        observed = math.fsum(value for value, _ in parts) / len(parts)
        p = _p(observed, np.mean([drawn for _, drawn in parts], axis=0))
        return Comparison(scorer, level, name, *names, observed, p, p, n)

    for task, result in results.items():
        yield row("task", task, [result], len(found[task].cluster))
    complete: list[tuple[float, FloatArray]] = []
    for category, tasks in sorted(members.items()):
        if all(task in results for task in tasks):
            parts = [results[task] for task in tasks]
            complete.append((math.fsum(v for v, _ in parts) / len(parts), np.mean([d for _, d in parts], axis=0)))
            yield row("category", category, parts, sum(len(found[task].cluster) for task in tasks))
    if complete and len(complete) == len(members):
        yield row("overall", "overall", complete, sum(len(pair.cluster) for pair in pairs if pair.task in required))


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


__all__ = ["MAIN", "Comparison", "compare", "holm", "tie_groups"]
