"""Janome's dictionary as arrays: all its words, and its guesses for unknown ones, in many texts at once.

The words form a tree: a node is a prefix, known by its parent and its last character. The nodes of one depth are a
sorted array of such keys, so that one binary search takes all places of all texts one character further.
"""

from __future__ import annotations

from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

_PARTS = 10  # modules of janome's dictionary
_CHARACTER_BITS = 21
_LONGEST_UNKNOWN = 1024
UNKNOWN_RANK = 1 << 19
"""Rank of guessed words: after all dictionary words, whose rank is their number."""


class Words(NamedTuple):
    """Words found in a text: where they start and end, contexts, cost, rank, and the turn of guesses at one place."""

    start: Integers
    end: Integers
    left: Integers
    right: Integers
    cost: Integers
    rank: Integers
    turn: Integers


class _Level(NamedTuple):
    """Prefixes of one length: sorted keys, the first entry and the number of entries of each, and if it goes on."""

    keys: Integers
    first: Integers
    entries: Integers
    longer: NDArray[np.bool_]


class _Guess(NamedTuple):
    """How words of one character category are guessed: whether also beside dictionary words, and how far they run."""

    kind: int
    always: bool
    length: int


class Dictionary:
    """Janome's system dictionary: words, guesses, and the costs of one word after another."""

    def __init__(self) -> None:
        """Read janome's data.

        Raises:
            ImportError: Janome is absent.
            AttributeError: Its dictionary is laid out differently.
        """
        from janome.sysdic import chardef, connections, unknowns

        parts = (import_module(f"janome.sysdic.entries_compact{part}").DATA for part in range(_PARTS))
        rows = list(chain.from_iterable(part.values() for part in parts))  # surface, left and right context, cost
        self._entries = np.array([row[1:4] for row in rows], np.int64).T
        surfaces = [row[0] for row in rows]
        self._order, self._levels = _tree(surfaces)
        self.width = len(connections)
        self.transitions = np.array(connections, np.int32).ravel()
        self._categories, self._ranges = chardef.DATA
        self._kinds = sorted(unknowns.DATA)
        self._unknown = [np.array([row[:3] for row in unknowns.DATA[kind]], np.int64).T for kind in self._kinds]
        self._characters: dict[int, tuple[list[_Guess], list[bool]]] = {}

    def find(self, codes: Integers) -> Words:
        """All dictionary words in a text given by code points, and guesses; neither crosses a code point 0."""
        known = self._known(codes)
        matched = np.zeros(len(codes), bool)
        matched[known.start] = True
        guesses = [known, *self._guessed(codes, matched)]
        return Words(*(np.concatenate(columns) for columns in zip(*guesses, strict=True)))

    def _known(self, codes: Integers) -> Words:
        """Dictionary words."""
        place = np.flatnonzero(codes)
        node = np.zeros(len(place), np.int64)
        found: list[tuple[Integers, Integers, Integers]] = [(place[:0], place[:0], place[:0])]
        for depth, level in enumerate(self._levels):
            inside = place + depth < len(codes)
            place, node = place[inside], node[inside]
            key = (node << _CHARACTER_BITS) | codes[place + depth]
            at = np.minimum(np.searchsorted(level.keys, key), len(level.keys) - 1)
            hit = level.keys[at] == key
            place, node = place[hit], at[hit]
            count = level.entries[node]
            end = np.repeat(place + depth + 1, count)
            found.append((np.repeat(place, count), end, self._order[ranges(level.first[node], count)]))
            longer = level.longer[node]
            place, node = place[longer], node[longer]
            if not len(place):
                break
        start, end, number = (np.concatenate(columns) for columns in zip(*found, strict=True))
        left, right, cost = self._entries[:, number]
        return Words(start, end, left, right, cost, number, np.zeros_like(start))

    def _guessed(self, codes: Integers, matched: NDArray[np.bool_]) -> list[Words]:
        """Guesses by category: a run of its characters, where no dictionary word starts or the category says always."""
        distinct, which = np.unique(codes, return_inverse=True)
        characters = [self._character(int(code)) for code in distinct]
        belongs = np.array([member for _, member in characters])
        out = []
        for turn in range(max(len(guesses) for guesses, _ in characters)):
            mine = [guesses[turn] if turn < len(guesses) else _Guess(-1, False, 0) for guesses, _ in characters]
            kinds, always, lengths = (np.array(column)[which] for column in zip(*mine, strict=True))
            for kind, (left, right, cost) in enumerate(self._unknown):
                start = np.flatnonzero((kinds == kind) & (always | ~matched))
                if not len(start):
                    continue
                breaks = np.append(np.flatnonzero(~belongs[which, kind]), len(codes))
                end = np.minimum(breaks[np.searchsorted(breaks, start + 1)], start + 1 + lengths[start])
                times, each = len(start), len(left)
                contexts = np.tile(left, times), np.tile(right, times)
                rank, turns = np.full(times * each, UNKNOWN_RANK), np.full(times * each, turn)
                spans = np.repeat(start, each), np.repeat(end, each)
                out.append(Words(*spans, *contexts, np.tile(cost, times), rank, turns))
        return out

    def _character(self, code: int) -> tuple[list[_Guess], list[bool]]:
        """Guesses for words that start with a character, in janome's order, and the kinds it can continue."""
        known = self._characters.get(code)
        if known is None:
            character = chr(code)
            mine = {r["cate"]: r.get("compat_cates", []) for r in self._ranges if r["from"] <= character <= r["to"]}
            if not mine and code:
                mine = {"DEFAULT": []}
            guesses = []
            for name in mine:
                kind: dict[str, Any] = self._categories[name]
                length = _LONGEST_UNKNOWN if kind["GROUP"] else kind["LENGTH"]
                guesses.append(_Guess(self._kinds.index(name), kind["INVOKE"], length))
            member = set(mine).union(*mine.values())
            known = self._characters[code] = guesses, [name in member for name in self._kinds]
        return known


def _tree(surfaces: Sequence[str]) -> tuple[Integers, list[_Level]]:
    """The tree of all surfaces, and the entries' numbers in the order the levels refer to."""
    codes = np.frombuffer("".join(surfaces).encode("utf-32-le"), np.uint32).astype(np.int64)
    length = np.fromiter(map(len, surfaces), np.int64, len(surfaces))
    first = np.cumsum(length) - length
    entry = np.arange(len(surfaces))  # entries that go on to this depth
    node = np.zeros(len(surfaces), np.int64)  # the node each has come to
    order: list[Integers] = []
    levels: list[_Level] = []
    done = 0
    for depth in range(int(length.max())):
        going = length[entry] > depth
        entry, node = entry[going], node[going]
        keys, node = np.unique((node << _CHARACTER_BITS) | codes[first[entry] + depth], return_inverse=True)
        ending = length[entry] == depth + 1
        count = np.bincount(node[ending], minlength=len(keys))
        longer = np.zeros(len(keys), bool)
        longer[node[~ending]] = True
        levels.append(_Level(keys, done + np.cumsum(count) - count, count, longer))
        order.append(entry[ending][np.argsort(node[ending], kind="stable")])
        done += len(order[-1])
    return np.concatenate(order), levels


def ranges(first: Integers, count: Integers) -> Integers:
    """The numbers first[i] .. first[i] + count[i] - 1 for every i, one after the other."""
    before = np.cumsum(count) - count
    return np.asarray(np.arange(int(count.sum())) + np.repeat(first - before, count), np.int64)
