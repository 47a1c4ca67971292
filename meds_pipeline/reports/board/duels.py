"""Summaries of the comparisons of two models, over categories and tasks."""

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
        first: The model that is higher on the board, or the model of the page.
        second: The other model.
        overall: The comparison over everything; None if the scorer has no overall figure.
        averages: The comparisons of categories.
        ahead: The comparisons of tasks in which the first model is ahead by more than chance.
        behind: The comparisons of tasks in which it is behind by more than chance.
        tied: How many tasks show no difference beyond chance.
    """

    first: str
    second: str
    overall: Comparison | None
    averages: tuple[Comparison, ...]
    ahead: tuple[Comparison, ...]
    behind: tuple[Comparison, ...]
    tied: int


def duel(comparisons: Iterable[Comparison], first: str, second: str) -> Duel:
    """The duel of two models by one scorer, seen from the first model."""
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
