"""Counts of the answers' outcomes: correct, partly, wrong, unparsed, truncated, empty, error."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from meds_pipeline.reports.board.model import OutcomeCount

OUTCOMES = tuple(outcome.value for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class Share:
    """One outcome: how many answers, what share of all in percent, and how many of them add nothing to the figure."""

    outcome: str
    items: int
    percent: float
    idle: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """The outcomes of some answers, in the order of `OUTCOMES`."""

    name: str
    shares: tuple[Share, ...]
    items: int

    @property
    def idle(self) -> int:
        """How many answers are right and add nothing to the figure."""
        return sum(share.idle for share in self.shares)


def tallies(counts: Iterable[OutcomeCount], name: Callable[[OutcomeCount], str]) -> dict[str, Tally]:
    """Add up counts with the same name; `name` gives the name of a count, and names stay in order of appearance."""
    sums: dict[str, Counter[str]] = {}
    idle: Counter[tuple[str, str]] = Counter()
    for count in counts:
        label = name(count)
        sums.setdefault(label, Counter())[count.outcome] += count.items
        idle[label, count.outcome] += count.idle
    return {label: _tally(label, found, idle) for label, found in sums.items()}


def _tally(name: str, found: Counter[str], idle: Counter[tuple[str, str]]) -> Tally:
    total = max(1, found.total())
    shares = (Share(outcome, found[outcome], 100 * found[outcome] / total, idle[name, outcome]) for outcome in OUTCOMES)
    return Tally(name, tuple(shares), found.total())
