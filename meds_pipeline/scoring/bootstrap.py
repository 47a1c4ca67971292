"""Intervals by a bootstrap over subjects.

Every subject (patient, article; an item without one stands for itself) draws a Poisson(1) weight in each replicate,
the same one wherever it occurs: in all its items, tasks, scorers and, in comparisons, models. So intervals of category
means and of differences need no further theory. (Poisson bootstrap: Hanley and MacGibbon 2006; Chamandy et al. 2012.)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from meds_pipeline.scoring.base import FloatArray

REPLICATES = 1000
_CHUNK = 50
_BITS = 16


def _poisson_table() -> NDArray[np.uint8]:
    """Weights by a uniform 16-bit number: Poisson(1) quantised to 1/65536."""
    table = np.zeros(1 << _BITS, dtype=np.uint8)
    total = 0.0
    for k in range(9):
        total += math.exp(-1) / math.factorial(k)
        table[round(total * (1 << _BITS)) :] = k + 1
    return table


def clusters(groups: Sequence[Sequence[tuple[str, ...]]]) -> tuple[int, list[NDArray[np.int64]]]:
    """Number the clusters in sorted order, so that weights do not depend on the order of rows.

    Args:
        groups: For each group the cluster name of each row; a name in several groups is one cluster.

    Returns:
        Clusters overall, and for each group the number of each row's cluster.
    """
    order = {name: index for index, name in enumerate(sorted({name for group in groups for name in group}))}
    return len(order), [np.array([order[name] for name in group], dtype=np.int64) for group in groups]


def weights(number: int, seed: int, replicates: int = REPLICATES) -> Iterator[NDArray[np.float32]]:
    """Weights of `number` clusters, in chunks of shape (some replicates, clusters)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    table = _poisson_table()
    for start in range(0, replicates, _CHUNK):
        rows = min(_CHUNK, replicates - start)
        drawn = generator.integers(0, 1 << _BITS, size=(rows, number), dtype=np.uint16)
        yield table[drawn].astype(np.float32)


def by_cluster(counts: FloatArray, cluster: NDArray[np.int64]) -> tuple[NDArray[np.int64], FloatArray]:
    """Sum the rows of `counts` by cluster: (cluster numbers, counts of shape (clusters, columns))."""
    present, place = np.unique(cluster, return_inverse=True)
    if len(present) == len(cluster):
        return cluster, counts
    sums = np.zeros((len(present), counts.shape[1]))
    np.add.at(sums, place, counts)
    return present, sums


def resample(
    groups: Sequence[tuple[NDArray[np.int64], FloatArray]], number: int, seed: int, replicates: int = REPLICATES
) -> list[FloatArray]:
    """Summed counts of every group in every replicate.

    Args:
        groups: For each group (cluster number of each row, counts of shape (rows, columns)).
        number: Clusters overall.
        seed: Seed of the weights.
        replicates: How many.

    Returns:
        For each group an array of shape (replicates, columns).
    """
    summed = [by_cluster(counts, cluster) for cluster, counts in groups]
    chunks: list[list[FloatArray]] = [[] for _ in groups]
    for weight in weights(number, seed, replicates):
        for chunk, (present, counts) in zip(chunks, summed, strict=True):
            chunk.append(weight[:, present].astype(np.float64) @ counts)
    return [
        np.concatenate([np.empty((0, counts.shape[1])), *chunk])
        for chunk, (_, counts) in zip(chunks, summed, strict=True)
    ]


def interval(figures: FloatArray, members: int) -> tuple[float | None, float | None]:
    """2.5 % and 97.5 % quantiles of replicates; none where fewer than two clusters speak."""
    valid = figures[~np.isnan(figures)]
    if members < 2 or not len(valid):
        return None, None
    low, high = np.quantile(valid, [0.025, 0.975])
    return float(low), float(high)
