"""What the paired tests say, laid out for people: the better model first, tie groups, wins and losses by task."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from meds_pipeline.reports.model import ModelCard, PairedTest
    from meds_pipeline.reports.ranking import Standing


@dataclass(frozen=True, slots=True)
class Place:
    """A rank and who shares it."""

    standing: Standing
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duel:
    """Two models under one scorer.

    Attributes:
        first: The model that stands higher on the board, or whose page it is.
        second: The other.
        overall: The test over everything; None where the scorer has no overall.
        averages: Those of categories.
        ahead: Tests of tasks on which the first is ahead by more than chance.
        behind: Those on which it is behind.
        tied: How many tasks are neither.
    """

    first: str
    second: str
    overall: PairedTest | None
    averages: tuple[PairedTest, ...]
    ahead: tuple[PairedTest, ...]
    behind: tuple[PairedTest, ...]
    tied: int

    @property
    def tasks(self) -> int:
        """Tasks compared."""
        return len(self.ahead) + len(self.behind) + self.tied


def places(standings: Mapping[str, Standing]) -> tuple[Place, ...]:
    """Tie groups, best first."""
    groups: dict[Standing, list[str]] = {}
    for model, standing in standings.items():
        groups.setdefault(standing, []).append(model)
    return tuple(Place(standing, tuple(groups[standing])) for standing in sorted(groups, key=lambda s: s.rank))


def better_first(tests: Iterable[PairedTest], order: Sequence[ModelCard]) -> list[PairedTest]:
    """Tests with the better model first, in the order of the board; equals as the board has them."""
    place = {model.name: number for number, model in enumerate(order)}

    def turned(test: PairedTest) -> PairedTest:
        behind = test.difference < 0 or (test.difference == 0 and place[test.first] > place[test.second])
        return test.turned() if behind else test

    found = [turned(test) for test in tests]
    return sorted(found, key=lambda test: sorted((place[test.first], place[test.second])))


def duels(tests: Sequence[PairedTest], scorer: str, order: Sequence[ModelCard]) -> list[Duel]:
    """Every two models, the one higher on the board first."""
    found = (duel(tests, scorer, first.name, second.name) for first, second in combinations(order, 2))
    return [one for one in found if one is not None]


def duel(tests: Sequence[PairedTest], scorer: str, first: str, second: str) -> Duel | None:
    """What the tests say of two models, seen from the first; None where they were not compared."""
    mine = [
        test if test.first == first else test.turned()
        for test in tests
        if test.scorer == scorer and {test.first, test.second} == {first, second}
    ]
    if not mine:
        return None
    tasks = [test for test in mine if test.level == "task"]
    ahead = tuple(test for test in tasks if test.apart and test.difference > 0)
    behind = tuple(test for test in tasks if test.apart and test.difference < 0)
    return Duel(
        first,
        second,
        next((test for test in mine if test.level == "overall"), None),
        tuple(test for test in mine if test.level == "category"),
        ahead,
        behind,
        len(tasks) - len(ahead) - len(behind),
    )
