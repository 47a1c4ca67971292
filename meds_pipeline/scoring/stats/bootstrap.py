"""Intervals by a bootstrap over subjects.

Every cluster draws a Poisson(1) weight in each replicate. A cluster is a subject (patient, article), or an item without
a subject. It has the same weight in all its items, tasks, scorers and, in comparisons, models. So intervals of category
means and of differences need no further theory. (Poisson bootstrap: Hanley and MacGibbon 2006; Chamandy et al. 2012.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from meds_pipeline.scoring.base import FloatArray

REPLICATES = 1000
_CHUNK = 50
UNIT = float(1 << 24)  # counts are rounded to 1/2^24, so that sums of products are whole numbers below 2^53: exact
# Weights by a uniform byte: Poisson(1) to 1/256, with mean exactly 1 and variance 1.008.
_WEIGHTS = bytes(weight for weight, share in enumerate((95, 93, 47, 16, 4, 1)) for _ in range(share))


def clusters(groups: Sequence[Sequence[tuple[str, ...]]]) -> tuple[int, list[NDArray[np.int64]]]:
    """Number the clusters in order of appearance.

    Args:
        groups: For each group the cluster name of each row; a name in several groups is one cluster.

    Returns:
        Clusters overall, and for each group the number of each row's cluster.
    """
    order: dict[tuple[str, ...], int] = {}
    numbers = [np.array([order.setdefault(name, len(order)) for name in group], dtype=np.int64) for group in groups]
    return len(order), numbers


def weights(number: int, seed: int, replicates: int = REPLICATES) -> Iterator[NDArray[np.uint8]]:
    """Weights of `number` clusters, in chunks of shape (some replicates, clusters)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, replicates, _CHUNK):
        rows = min(_CHUNK, replicates - start)
        drawn = generator.bytes(rows * number).translate(_WEIGHTS)
        yield np.frombuffer(drawn, np.uint8).reshape(rows, number)


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
    summed = [by_cluster(np.rint(counts * UNIT), cluster) for cluster, counts in groups]
    places = [columns(present) for present, _ in summed]
    out = [np.empty((replicates, counts.shape[1])) for _, counts in groups]
    start = 0
    for weight in weights(number, seed, replicates):
        stop = start + len(weight)
        for figures, place, (_, counts) in zip(out, places, summed, strict=True):
            # Exact in any order of summation, hence the same on any machine and number of threads.
            figures[start:stop] = (weight[:, place].astype(np.float64) @ counts) / UNIT
        start = stop
    return out


def columns(present: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Cluster numbers; as a slice if they are consecutive, which saves a copy."""
    if len(present) and present[-1] - present[0] == len(present) - 1 and bool((np.diff(present) == 1).all()):
        return slice(int(present[0]), int(present[-1]) + 1)
    return present
