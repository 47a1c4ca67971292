"""What became of the answers, counted: correct, partly, wrong, unparsed, truncated, empty, error."""

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
    """One outcome: how many answers, and what share of all, in percent."""

    outcome: str
    items: int
    percent: float


@dataclass(frozen=True, slots=True)
class Tally:
    """The outcomes of some answers, in the order of `OUTCOMES`."""

    name: str
    shares: tuple[Share, ...]
    items: int


def tallies(counts: Iterable[OutcomeCount], name: Callable[[OutcomeCount], str]) -> dict[str, Tally]:
    """Add counts up under the name that `name` gives each, in order of appearance."""
    sums: dict[str, Counter[str]] = {}
    for count in counts:
        sums.setdefault(name(count), Counter())[count.outcome] += count.items
    return {label: _tally(label, found) for label, found in sums.items()}


def _tally(name: str, found: Counter[str]) -> Tally:
    total = found.total()
    shares = tuple(Share(outcome, found[outcome], 100 * found[outcome] / max(1, total)) for outcome in OUTCOMES)
    return Tally(name, shares, total)
