"""Janome's segmentation of many texts at once: the same dictionary, costs and ties, an order of magnitude faster.

Janome (Apache-2.0) takes the cheapest path through all words of the IPA dictionary found in a text, and guesses for
unknown ones (Viterbi). Here the words of a batch of texts are collected first; then all texts advance together, one
character a step, with NumPy. Upstream uses the words' surfaces only. Equality with janome is tested.
"""

from __future__ import annotations

from array import array
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

_PARTS = 10  # modules of janome's dictionary
_CHUNK, _LONGEST_CHUNK = 500, 1024  # a text is cut at punctuation after 500 characters, anywhere after 1024
_LONGEST_UNKNOWN = 1024
_BREAKS = "、。,.？?！!"
_BATCH = 60_000  # characters; bounds the memory
# A path's key: its total, then the last word's rank (20 bits), then its place among the words that end there (13).
_RANK_BITS, _PLACE_BITS = 20, 13
_UNKNOWN_RANK = 1 << 19


class _Guess(NamedTuple):
    """How unknown words of one character category are made: `kind` numbers the category."""

    category: str
    kind: int
    always: bool
    length: int


class _Found(NamedTuple):
    """Words found in texts: (text, start, number of the surface) and (text, start, kind, length), each flat."""

    surfaces: array[int]
    guesses: array[int]


class _Lattice(NamedTuple):
    """All words of a batch in order of start, text, and janome's order; first one start mark for each text."""

    text: Integers
    start: Integers
    end: Integers
    left: Integers
    right: Integers
    cost: Integers
    rank: Integers


class Segmenter:
    """Splits Japanese texts as `janome.tokenizer.Tokenizer().tokenize(text, wakati=True)` does."""

    def __init__(self) -> None:
        """Read janome's dictionary.

        Raises:
            ImportError: Janome is absent.
            AttributeError: Janome's dictionary is laid out differently.
        """
        from janome.sysdic import chardef, connections, unknowns

        parts = (import_module(f"janome.sysdic.entries_compact{part}").DATA for part in range(_PARTS))
        rows = list(chain.from_iterable(part.values() for part in parts))  # surface, left and right context, cost
        self._left, self._right, self._cost = (np.array([row[i] for row in rows], np.int64) for i in (1, 2, 3))
        self._surfaces: dict[str, int] = {}
        surface_of = np.array([self._surfaces.setdefault(row[0], len(self._surfaces)) for row in rows])
        by_length = sorted(self._surfaces, key=len)
        self._longest = {surface[:2]: len(surface) for surface in by_length}
        self._longest_of_three = {surface[:3]: len(surface) for surface in by_length if len(surface) > 2}
        # The entries of each surface: `_count` numbers from `_first` on in `_number`.
        self._number, self._count = np.argsort(surface_of, kind="stable"), np.bincount(surface_of)
        self._first = np.cumsum(self._count) - self._count
        self._length = np.fromiter(map(len, self._surfaces), np.int64, len(self._surfaces))
        self._width = len(connections)
        self._transitions = np.array(connections, np.int32).ravel()
        self._categories, self._ranges = chardef.DATA
        self._kinds = sorted(unknowns.DATA)
        self._unknown = [np.array([row[:3] for row in unknowns.DATA[kind]], np.int64) for kind in self._kinds]
        self._guesses: dict[str, tuple[list[_Guess], frozenset[str]]] = {}

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """Surfaces of the words of each text."""
        found: list[list[str]] = [[] for _ in texts]
        left = [(i, text.strip()) for i, text in enumerate(texts)]
        while left := [(i, text) for i, text in left if text]:
            rest: list[tuple[int, str]] = []
            for batch in _batches(sorted(left, key=lambda pair: len(pair[1]))):
                for (i, text), (words, used) in zip(batch, self._segment([text for _, text in batch]), strict=True):
                    found[i] += words
                    rest.append((i, text[used:]))
            left = rest
        return found

    def _segment(self, texts: Sequence[str]) -> Iterator[tuple[list[str], int]]:
        """Segment each text up to its first cut: surfaces, and how many characters they cover."""
        found = _Found(array("q"), array("q"))
        used = [self._collect(i, text[:_LONGEST_CHUNK], found) for i, text in enumerate(texts)]
        lattice = self._lattice(found, used)
        before = self._cheapest(lattice, len(texts)).tolist()
        starts, ends = lattice.start.tolist(), lattice.end.tolist()
        # The last node of each text is its end mark, which comes last among words of its text.
        last = np.zeros(len(texts), np.int64)
        last[lattice.text] = np.arange(len(before))
        for text, node, covered in zip(texts, last.tolist(), used, strict=True):
            words: list[str] = []
            node = before[node]  # noqa: PLW2901 (walks back)
            while node >= len(texts):
                words.append(text[starts[node] : ends[node]])
                node = before[node]  # noqa: PLW2901
            yield words[::-1], covered

    def _collect(self, which: int, text: str, found: _Found) -> int:
        """Find all words that start where another can end; returns where the text is cut."""
        surfaces = self._surfaces
        size = len(text)
        reached = bytearray(size + 1)
        place = 0
        while not _cut(text, place, size):
            known = len(found.surfaces)
            for end in range(place + 1, self._reach(text, place, size) + 1):
                number = surfaces.get(text[place:end])
                if number is not None:
                    found.surfaces.extend((which, place, number))
                    reached[end] = 1
            matched = len(found.surfaces) > known
            for guess in self._guess(text[place])[0]:
                if guess.always or not matched:
                    end = self._run(text, place, guess)
                    found.guesses.extend((which, place, guess.kind, end - place))
                    reached[end] = 1
            place = reached.index(1, place + 1)
        return place

    def _reach(self, text: str, place: int, size: int) -> int:
        """Where the longest dictionary word that might start here would end."""
        longest = self._longest.get(text[place : place + 2], 1)
        if longest > 2:
            longest = self._longest_of_three.get(text[place : place + 3], 2)
        return min(place + longest, size)

    def _run(self, text: str, place: int, guess: _Guess) -> int:
        """Where the run of characters of one category ends, at most the category's length further on."""
        end = place + 1
        last = min(len(text), place + guess.length + 1)
        while end < last and guess.category in self._guess(text[end])[1]:
            end += 1
        return end

    def _guess(self, character: str) -> tuple[list[_Guess], frozenset[str]]:
        """Guesses for words that start with a character, and the categories it can continue."""
        known = self._guesses.get(character)
        if known is None:
            mine = {r["cate"]: r.get("compat_cates", []) for r in self._ranges if r["from"] <= character <= r["to"]}
            mine = mine or {"DEFAULT": []}
            guesses = []
            for name in mine:
                kind: dict[str, Any] = self._categories[name]
                length = _LONGEST_UNKNOWN if kind["GROUP"] else kind["LENGTH"]
                guesses.append(_Guess(name, self._kinds.index(name), kind["INVOKE"], length))
            known = guesses, frozenset(mine).union(*mine.values())
            self._guesses[character] = known
        return known

    def _lattice(self, found: _Found, used: Sequence[int]) -> _Lattice:
        """Dictionary entries of the surfaces found, entries of the guesses, and a start and end mark for each text."""
        number = len(used)
        text, start, surface = np.array(found.surfaces).reshape(-1, 3).T
        count = self._count[surface]
        entry = self._number[_ranges(self._first[surface], count)]
        columns = [
            (
                np.repeat(text, count),
                np.repeat(start, count),
                np.repeat(start + self._length[surface], count),
                self._left[entry],
                self._right[entry],
                self._cost[entry],
                entry,
            )
        ]
        guesses = np.array(found.guesses).reshape(-1, 4)
        for kind, entries in enumerate(self._unknown):
            mine = guesses[guesses[:, 2] == kind]
            rows = np.repeat(mine, len(entries), axis=0)
            left, right, cost = np.tile(entries, (len(mine), 1)).T
            rank = np.full(len(rows), _UNKNOWN_RANK)
            columns.append((rows[:, 0], rows[:, 1], rows[:, 1] + rows[:, 3], left, right, cost, rank))
        texts, nothing = np.arange(number), np.zeros(number, np.int64)
        beyond = np.full(number, -1)
        columns.append((texts, np.array(used, np.int64), beyond, nothing, nothing, nothing, nothing))
        merged = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
        order = np.lexsort((merged[0], merged[1]))
        marks = (texts, beyond, nothing, nothing, nothing, nothing, np.full(number, _UNKNOWN_RANK))
        return _Lattice(*(np.concatenate((mark, part[order])) for mark, part in zip(marks, merged, strict=True)))

    def _cheapest(self, lattice: _Lattice, texts: int) -> Integers:
        """For each word the one before it on the cheapest path to it.

        Of equally cheap ones janome takes the first if it is no dictionary word, else the dictionary word of lowest
        number; "first" is by start, dictionary words before guesses.
        """
        size = len(lattice.text)
        ended = lattice.end * texts + lattice.text
        ended[lattice.end < 0] = (lattice.end.max() + 1) * texts  # end marks end nowhere
        by_end = np.argsort(ended, kind="stable")
        count = np.bincount(ended)
        first = np.cumsum(count) - count
        # For every word all words that end where it starts: `pairs` from `bounds[word]` on.
        begun = (lattice.start * texts + lattice.text)[texts:]
        choices = count[begun]
        pairs = by_end[_ranges(first[begun], choices)]
        bounds = np.cumsum(choices) - choices
        move = self._transitions[lattice.right[pairs] * self._width + np.repeat(lattice.left[texts:], choices)]
        place = _ranges(np.zeros_like(choices), choices)
        rank = (lattice.rank[pairs] << _PLACE_BITS) + place
        shift = _RANK_BITS + _PLACE_BITS
        steps = np.searchsorted(lattice.start[texts:], np.arange(lattice.start.max() + 2)).tolist()
        edges = np.append(bounds, len(pairs)).tolist()
        total = np.zeros(size, np.int64)
        before = np.full(size, -1)
        for low, high in zip(steps[:-1], steps[1:], strict=True):
            if low == high:
                continue
            here = slice(edges[low], edges[high])
            groups = bounds[low:high] - edges[low]
            key = (total[pairs[here]] + move[here]) << shift
            by_place = np.minimum.reduceat(key + place[here], groups)
            by_rank = np.minimum.reduceat(key + rank[here], groups)
            opening = pairs[bounds[low:high] + (by_place & ((1 << _PLACE_BITS) - 1))]
            lowest = pairs[bounds[low:high] + (by_rank & ((1 << _PLACE_BITS) - 1))]
            mine = slice(texts + low, texts + high)
            before[mine] = np.where(lattice.rank[opening] == _UNKNOWN_RANK, opening, lowest)
            total[mine] = (by_place >> shift) + lattice.cost[mine]
        return before


def _cut(text: str, place: int, size: int) -> bool:
    """Whether janome cuts a text here."""
    if place < _CHUNK:
        return place >= size
    return place >= size or text[place - 1] in _BREAKS or text[:place].endswith(("\n\n", "\r\n\r\n"))


def _batches(pairs: Sequence[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Texts in batches of bounded length."""
    batch: list[tuple[int, str]] = []
    size = 0
    for pair in pairs:
        batch.append(pair)
        size += min(len(pair[1]), _LONGEST_CHUNK)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _ranges(first: Integers, count: Integers) -> Integers:
    """The numbers first[i] .. first[i] + count[i] - 1 for every i, one after the other."""
    before = np.cumsum(count) - count
    return np.asarray(np.arange(int(count.sum())) + np.repeat(first - before, count), np.int64)
