"""The p value of a difference between two models: approximate randomization (Noreen 1989; Yeh 2000), by subject.

Under the null hypothesis the two models' answers for a subject may be swapped with probability one half, in all items
and tasks of the subject together. One choice says which subjects are swapped. The p value is the share of choices whose
difference is at least the observed one, in either direction. Up to 2^13 choices are all computed; of more choices, a
random sample is. If no choice of the sample reaches the observed difference, these steps follow in order:

- up to 2^20 choices are all computed;
- a difference of means is a weighted sum of random signs, whose tail is at most 3.18 times the normal tail of the same
  variance (Bentkus and Dzindzalieta 2015); p is this bound if it is smaller;
- more random choices are drawn, as many as the correction for many comparisons needs.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from meds_pipeline.scoring.base import Family
from meds_pipeline.scoring.stats import bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from meds_pipeline.scoring.base import FloatArray

EXACT, EXACT_AT_LAST = 13, 20
"""Most subjects for which all choices are computed: at first, and after random choices did not decide."""
SAME = 1e-5
"""Percent points below which two differences count as equal, because counts are rounded to `bootstrap.UNIT`."""
_BLOCK = 12
_CELLS = 1 << 20
_TAIL = 3.18
"""How much heavier than the normal one the tail of a weighted sum of random signs can be."""


class PairedCounts:
    """Counts of two models on the shared items of one task, shape (items, columns), and the cluster of each item."""

    def __init__(
        self, task: str, family: Family, first: FloatArray, second: FloatArray, cluster: NDArray[np.int64]
    ) -> None:
        self.task, self.family = task, family
        self.observed = float(main_figure(family, first.sum(axis=0)) - main_figure(family, second.sum(axis=0)))
        """First minus second model, in percent points."""
        exact = [np.rint(counts * bootstrap.UNIT) for counts in (first, second)]
        self.totals = exact[0].sum(axis=0), exact[1].sum(axis=0)
        self.present, self.moves = bootstrap.by_cluster(exact[1] - exact[0], cluster)

    @cached_property
    def terms(self) -> FloatArray | None:
        """What each cluster adds to the difference (its sign turns by a swap); None if the figure is not a mean."""
        if type(self.family).finish is not Family.finish or self.moves[:, 0].any():
            return None
        column = 1 + self.family.metrics.index(self.family.main)
        return np.asarray(-100.0 * self.moves[:, column] / self.totals[0][0])


def main_figure(family: Family, sums: FloatArray) -> FloatArray:
    """The main figure from summed counts, shape (..., columns)."""
    return np.asarray(family.finish(sums)[..., family.metrics.index(family.main)])


def moved(pairs: Sequence[PairedCounts], sums: FloatArray) -> FloatArray:
    """Differences of pairs of models on one task after clusters are swapped.

    Args:
        pairs: The pairs.
        sums: Summed moves of those clusters, shape (choices, pairs, columns).

    Returns:
        Shape (choices, pairs).
    """
    first = np.stack([pair.totals[0] for pair in pairs]) + sums
    second = np.stack([pair.totals[1] for pair in pairs]) - sums
    family = pairs[0].family
    return np.asarray(main_figure(family, first / bootstrap.UNIT) - main_figure(family, second / bootstrap.UNIT))


def choices(number: int, seed: int | Sequence[int], rounds: int) -> Iterator[FloatArray]:
    """For each round, which of `number` clusters are swapped: chunks of shape (some rounds, number) of 0 and 1."""
    generator = np.random.Generator(np.random.PCG64(seed))
    chunk = max(1, min(rounds, _CELLS * 4 // max(1, number)))
    for start in range(0, rounds, chunk):
        rows = min(chunk, rounds - start)
        drawn = np.frombuffer(generator.bytes(rows * number // 8 + 1), dtype=np.uint8)
        yield np.unpackbits(drawn)[: rows * number].reshape(rows, number).astype(np.float64)


def weighted(parts: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    """Weighted sum of arrays of one shape."""
    return np.asarray(np.sum([weight * part for weight, part in zip(weights, parts, strict=True)], axis=0))


def reached(differences: FloatArray, observed: float) -> int:
    """How many differences are at least as far from zero as the observed one; undefined differences count too."""
    return int((~(np.abs(differences) < abs(observed) - SAME)).sum())


class Swapping:
    """A weighted sum of differences on some tasks, under swapping."""

    def __init__(self, pairs: Sequence[PairedCounts], weights: Sequence[float]) -> None:
        self._pairs, self._weights = pairs, weights
        moving = [pair.present[pair.moves.any(axis=1)] for pair in pairs]
        self._active = np.unique(np.concatenate(moving)) if moving else np.empty(0, dtype=np.int64)

    def p_value(self, observed: float, sampled: FloatArray, seed: int, enough: int) -> float:
        """Two-sided p value.

        Args:
            observed: The difference.
            sampled: Differences under random choices.
            seed: Seed of further random choices.
            enough: Number of random choices after which no more are drawn.
        """
        number = len(self._active)
        if number <= EXACT:
            return self._exact(observed)
        hits = reached(sampled, observed)
        share = (1 + hits) / (1 + len(sampled))
        if hits:
            return share
        if number <= EXACT_AT_LAST:
            return self._exact(observed)
        if (bound := self._bound(observed)) is not None:
            return min(share, bound)
        if enough <= len(sampled):
            return share
        more = choices(number, (seed, 1), enough)
        return (1 + sum(reached(self._differences(taken @ self._moves), observed) for taken in more)) / (1 + enough)

    @cached_property
    def _moves(self) -> FloatArray:
        """Moves of all clusters that have moves in a task, shape (clusters, columns of all tasks)."""
        columns = []
        for pair in self._pairs:
            column = np.zeros((len(self._active), pair.moves.shape[1]))
            moving = pair.moves.any(axis=1)
            column[np.searchsorted(self._active, pair.present[moving])] = pair.moves[moving]
            columns.append(column)
        return np.concatenate(columns, axis=1)

    def _differences(self, sums: FloatArray) -> FloatArray:
        """Differences from sums of moves of all tasks, shape (choices, columns of all tasks)."""
        ends = np.cumsum([pair.moves.shape[1] for pair in self._pairs])
        parts = np.split(sums, ends[:-1], axis=1)
        both = zip(self._pairs, parts, strict=True)
        return weighted([moved([pair], part[:, np.newaxis])[:, 0] for pair, part in both], self._weights)

    def _exact(self, observed: float) -> float:
        """The p value from all choices; the first cluster is never swapped, as opposite choices differ only in sign."""
        if not len(self._active):
            return 1.0
        free = self._moves[1:]
        low, high = _sums(free[:_BLOCK]), _sums(free[_BLOCK:])
        hits = sum(reached(self._differences(low + offset), observed) for offset in high)
        return hits / (len(low) * len(high))

    def _bound(self, observed: float) -> float | None:
        """A bound on the p value of a difference of means; None for any other difference."""
        signed = np.zeros(len(self._active))
        for pair, weight in zip(self._pairs, self._weights, strict=True):
            if pair.terms is None:
                return None
            moving = pair.moves.any(axis=1)
            signed[np.searchsorted(self._active, pair.present[moving])] += weight * pair.terms[moving]
        spread = float(np.sqrt((signed**2).sum()))
        return _TAIL * math.erfc((abs(observed) - SAME) / spread / math.sqrt(2)) if spread else None


def _sums(moves: FloatArray) -> FloatArray:
    """Sums over every subset of the rows, shape (2^rows, columns)."""
    sums = np.zeros((1, moves.shape[1]))
    for move in moves:
        sums = np.concatenate([sums, sums + move])
    return sums
