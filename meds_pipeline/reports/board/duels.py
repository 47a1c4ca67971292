"""What the comparisons say of two models, over categories and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meds_pipeline.scoring.stats.compare import Comparison


@dataclass(frozen=True, slots=True)
class Duel:
    """Two models under one scorer.

    Attributes:
        first: The model that stands higher on the board, or whose page it is.
        second: The other.
        overall: The comparison over everything; None where the scorer has no overall.
        averages: Those of categories.
        ahead: Those of tasks on which the first is ahead by more than chance.
        behind: Those on which it is behind.
        tied: How many tasks are neither.
    """

    first: str
    second: str
    overall: Comparison | None
    averages: tuple[Comparison, ...]
    ahead: tuple[Comparison, ...]
    behind: tuple[Comparison, ...]
    tied: int


def duel(comparisons: Iterable[Comparison], first: str, second: str) -> Duel:
    """What the comparisons of two models by one scorer say, seen from the first."""
    mine = [row if row.first == first else row.turned() for row in comparisons]
    tasks = [row for row in mine if row.level == "task"]
    ahead = tuple(row for row in tasks if row.apart and row.difference > 0)
    behind = tuple(row for row in tasks if row.apart and row.difference < 0)
    return Duel(
        first,
        second,
        next((row for row in mine if row.level == "overall"), None),
        tuple(row for row in mine if row.level == "category"),
        ahead,
        behind,
        len(tasks) - len(ahead) - len(behind),
    )
