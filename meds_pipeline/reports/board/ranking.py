"""Ranks that admit ties: a model is behind another only where the data says so.

Models are taken from best to worst. A model that is not significantly behind the best of a group joins the group. A tie
group shares a rank: one more than the number of models in the groups before. The comparison of two models decides
whether they differ; without one, they differ if their intervals do not overlap. `meds score` ranks by the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.scoring.stats.ranking import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meds_pipeline.reports.board.model import ScoreRow
    from meds_pipeline.scoring.stats.compare import Comparison


@dataclass(frozen=True, slots=True)
class Rank:
    """The rank of a model on one figure: its place from 1, and whether other models share it."""

    place: int
    tied: bool

    @property
    def text(self) -> str:
        """Render as `2`, or `2=` in a tie group."""
        return f"{self.place}=" if self.tied else str(self.place)


@dataclass(frozen=True, slots=True)
class TieGroup:
    """A rank and the models that share it."""

    rank: Rank
    models: tuple[str, ...]


def ranked_groups(rows: Iterable[ScoreRow], comparisons: Sequence[Comparison]) -> tuple[TieGroup, ...]:
    """Rank the models of one figure, best first.

    Args:
        rows: Scores of the figure, one per model; a score without a value gets no rank.
        comparisons: Comparisons of the figure.
    """
    apart = {frozenset((row.first, row.second)): row.apart for row in comparisons}
    scores = {row.model: row for row in rows if row.value is not None}
    values = {model: row.value for model, row in scores.items() if row.value is not None}

    def differ(best: str, other: str) -> bool:
        known = apart.get(frozenset((best, other)))
        return _no_overlap(scores[best], scores[other]) if known is None else known

    groups: list[TieGroup] = []
    before = 0
    for group in grouped(values, differ):
        groups.append(TieGroup(Rank(before + 1, len(group) > 1), tuple(group)))
        before += len(group)
    return tuple(groups)


def _no_overlap(best: ScoreRow, other: ScoreRow) -> bool:
    """Whether the interval of the better score lies above that of the other."""
    low = best.value if best.low is None else best.low
    high = other.value if other.high is None else other.high
    return low is not None and high is not None and low > high
