"""Intervals from bootstrap replicates, also for few clusters and for figures whose replicates do not vary.

Quantiles of replicates are too narrow for few clusters. So quantiles further out are taken, as Student's t and the bias
of the bootstrap's variance require (expanded percentiles: Hesterberg 2015, The American Statistician 69).

If all clusters earn the same (all right or all wrong), replicates do not vary, and resampling cannot show clusters that
are not in the sample. A kind of cluster that does not occur among n clusters makes up at most the share u of all, with
(1 - u)^n = alpha / 2 (the exact binomial bound, about 3.7 / n). Such clusters could be all right or all wrong, which
gives the margins. Means of several figures add the squares of these margins to the squares of the replicates' (MOVER:
Zou and Donner 2008).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr, stdtrit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meds_pipeline.scoring.base import FloatArray

ALPHA = 0.05
_SAME = 1e-9
"""Percent points below which replicates do not vary."""


class Margins(NamedTuple):
    """How far an interval reaches below and above a figure for clusters that are not in the sample."""

    below: float = 0.0
    above: float = 0.0


def effective(sizes: FloatArray) -> float:
    """Effective number of clusters: how many of equal size give the same precision as these sizes (Kish)."""
    total = float(np.sum(sizes))
    return total**2 / float(np.sum(sizes**2)) if total else 0.0


def varies(replicates: FloatArray) -> bool:
    """Whether replicates differ; replicates without a figure are left out."""
    valid = replicates[~np.isnan(replicates)]
    return len(valid) > 0 and float(np.ptp(valid)) > _SAME


def unseen(value: float, clusters: float, alpha: float = ALPHA, lowest: float = 0.0) -> Margins:
    """Margins of a figure that is the same for all clusters; the figure lies between `lowest` and 100."""
    share = 1.0 - (alpha / 2) ** (1.0 / max(clusters, 1.0))
    return Margins(share * (value - lowest), share * (100.0 - value))


def together(parts: Iterable[tuple[float, Margins]]) -> Margins:
    """Margins of a weighted sum of figures, from the weights and margins of its parts."""
    listed = list(parts)
    below, above = (math.hypot(*(weight * part[end] for weight, part in listed)) for end in (0, 1))
    return Margins(below, above)


def pooled_clusters(spreads: Iterable[tuple[float, float]]) -> float:
    """Clusters behind a mean, from (variance, clusters) of its parts, by Satterthwaite's degrees of freedom."""
    listed = [(variance, max(clusters - 1.0, 1.0)) for variance, clusters in spreads if variance > 0]
    if not listed:
        return 0.0
    return 1.0 + sum(variance for variance, _ in listed) ** 2 / sum(v**2 / freedom for v, freedom in listed)


def reach(clusters: float, alpha: float = ALPHA) -> float:
    """Distance from a figure to the ends of its interval, in standard errors of the bootstrap."""
    freedom = max(1, int(clusters - 1))
    return float(stdtrit(freedom, 1.0 - alpha / 2)) * math.sqrt((freedom + 1) / freedom)


def interval(value: float, replicates: FloatArray, clusters: float, margins: Margins) -> tuple[float, float] | None:
    """A 95 % interval in percent; None without replicates."""
    valid = replicates[~np.isnan(replicates)]
    if not len(valid):
        return None
    tail = float(ndtr(-reach(clusters)))
    low, high = (float(end) for end in np.quantile(valid, [tail, 1.0 - tail]))
    if margins.below:
        low = max(min(value, 0.0), value - math.hypot(max(0.0, value - low), margins.below))
    if margins.above:
        high = min(100.0, value + math.hypot(max(0.0, high - value), margins.above))
    return low, high
