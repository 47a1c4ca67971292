"""Ranks that admit ties: a model is behind another only where the data says so.

Rank = 1 + the number of models clearly ahead. Clearly ahead means that the paired test's interval lies above zero or,
where no paired test was made, that the two intervals do not meet. Models that share a rank are a tie group; small
differences inside the noise order nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meds_pipeline.reports.model import PairedTest, ScoreRow

PairKey = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a model stands on one figure: its rank from 1, and whether others share it."""

    rank: int
    tied: bool

    @property
    def text(self) -> str:
        """Render as `2`, or `2=` in a tie group."""
        return f"{self.rank}=" if self.tied else str(self.rank)


def index_pairs(pairs: Sequence[PairedTest]) -> dict[PairKey, float]:
    """Map (scorer, level, name, metric, a, b) to the lower end of the interval of a minus b, both ways round."""
    margins: dict[PairKey, float] = {}
    for pair in pairs:
        cell = (pair.scorer, pair.level, pair.name, pair.metric)
        margins[*cell, pair.first, pair.second] = pair.low
        margins[*cell, pair.second, pair.first] = -pair.high
    return margins


def standings(rows: Sequence[ScoreRow], margins: Mapping[PairKey, float]) -> dict[str, Standing]:
    """Rank the models of one figure.

    Args:
        rows: The scores of one (scorer, level, name, metric), one a model; those without a value get no rank.
        margins: Paired tests, from `index_pairs`.

    Returns:
        Standing by model name.
    """
    valued = [row for row in rows if row.value is not None]
    ranks = {row.model: 1 + sum(_ahead(other, row, margins) for other in valued) for row in valued}
    counts = list(ranks.values())
    return {model: Standing(rank, counts.count(rank) > 1) for model, rank in ranks.items()}


def _ahead(first: ScoreRow, second: ScoreRow, margins: Mapping[PairKey, float]) -> bool:
    key = (first.scorer, first.level, first.name, first.metric, first.model, second.model)
    if key in margins:
        return margins[key] > 0
    if first.value is None or second.value is None or first.model == second.model:
        return False
    low = first.value if first.low is None else first.low
    high = second.value if second.high is None else second.high
    return low > high
