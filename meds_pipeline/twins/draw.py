"""Seeded choice that gives the same words on every machine and Python version.

Only `random.Random(str).random()` is promised to stay the same between Python versions (`choice`, `shuffle` and
`sample` are not), so every choice here is made from that one method.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

T = TypeVar("T")
H = TypeVar("H", bound="Hashable")
_ATTEMPTS = 50


class Draw:
    """A stream of choices fixed by its key, for example `Draw(seed, "pubmedqa", "labelled", 17)`.

    One stream a record keeps records apart: asking for more records leaves the earlier ones as they were.
    """

    def __init__(self, *key: str | int) -> None:
        self._random = random.Random("/".join(map(str, key)))  # noqa: S311  # choice of words, not a secret

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound` - 1."""
        return int(self._random.random() * bound)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, share: float) -> bool:
        """Return True in the given share of calls (0 to 1)."""
        return self._random.random() < share

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, each as likely as the others."""
        return options[self.below(len(options))]

    def order(self, options: Sequence[T]) -> list[T]:
        """Return the options in a drawn order."""
        keyed = sorted((self._random.random(), place) for place in range(len(options)))
        return [options[place] for _, place in keyed]


def spread(pattern: Sequence[T], seed: int, name: str, index: int) -> T:
    """Return entry `index` of an endless list that holds `pattern` over and over, each time in a new order.

    Unlike independent draws this keeps the shares exact in every run of `len(pattern)` records, small twins included.
    """
    block, place = divmod(index, len(pattern))
    return Draw(seed, name, "block", block).order(pattern)[place]


def distinct(make: Callable[[Draw], H], seen: set[H], *key: str | int) -> H:
    """Return what `make` draws under `key`, drawn again (fifty times at most) where it is in `seen`; note it there."""
    for attempt in range(_ATTEMPTS):
        made = make(Draw(*key, attempt))
        if made not in seen:
            break
    seen.add(made)
    return made
