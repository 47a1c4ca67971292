"""Seeded choice that gives the same words on every machine and Python version.

Only `random.Random(str).random()` is promised to stay the same between Python versions (`choice`, `shuffle` and
`sample` are not), so every choice here is made from that one method.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Draw:
    """A stream of choices fixed by its key, for example `Draw(seed, "pubmedqa", "studies", 17)`.

    Each row has its own stream, so the earlier rows stay the same when more rows are asked for.
    """

    def __init__(self, *key: str | int) -> None:
        self._random = random.Random("/".join(map(str, key)))  # noqa: S311  # choice of words, not a secret

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, each as likely as the others."""
        return options[self.between(0, len(options) - 1)]

    def order(self, options: Sequence[T]) -> list[T]:
        """Return the options in a drawn order."""
        keyed = sorted((self._random.random(), place) for place in range(len(options)))
        return [options[place] for _, place in keyed]


def spread(pattern: Sequence[T], index: int, *key: str | int) -> T:
    """Return entry `index` of an endless list that holds `pattern` over and over, each time in a new order.

    Unlike independent draws, this gives exact shares in every block of `len(pattern)` rows, so also in small twins.
    """
    block, place = divmod(index, len(pattern))
    return Draw(*key, "block", block).order(pattern)[place]
