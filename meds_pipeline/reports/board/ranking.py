"""Ranks that admit ties: a model is behind another only where the data says so.

Models are taken from best to worst. Whoever cannot be told from the best of a group joins it, so a tie group shares a
rank: one more than the number of models in the groups before. The paired test tells two models apart or, where none was
made, intervals that do not meet. `meds score` ranks by the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.scoring.stats.ranking import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


def index_pairs(pairs: Iterable[PairedTest]) -> dict[PairKey, PairedTest]:
    """Map (scorer, level, name, metric, a, b) to the test of a minus b, both ways round."""
    both = (test for pair in pairs for test in (pair, pair.turned()))
    return {(test.scorer, test.level, test.name, test.metric, test.first, test.second): test for test in both}


def standings(rows: Sequence[ScoreRow], tests: Mapping[PairKey, PairedTest]) -> dict[str, Standing]:
    """Rank the models of one figure.

    Args:
        rows: The scores of one (scorer, level, name, metric), one a model; those without a value get no rank.
        tests: Paired tests, from `index_pairs`.

    Returns:
        Standing by model name, best first.
    """
    valued = {row.model: row for row in rows if row.value is not None}
    values = {model: row.value for model, row in valued.items() if row.value is not None}
    ranks: dict[str, Standing] = {}
    for group in grouped(values, lambda best, other: _apart(valued[best], valued[other], tests)):
        ranks |= dict.fromkeys(group, Standing(len(ranks) + 1, len(group) > 1))
    return ranks


def _apart(best: ScoreRow, other: ScoreRow, tests: Mapping[PairKey, PairedTest]) -> bool:
    test = tests.get((best.scorer, best.level, best.name, best.metric, best.model, other.model))
    if test is not None:
        return test.apart
    if best.value is None or other.value is None:
        return False
    low = best.value if best.low is None else best.low
    high = other.value if other.high is None else other.high
    return low > high
