"""Janome's segmentation of many texts at once: the same dictionary, costs and ties, an order of magnitude faster.

Janome (Apache-2.0) takes the cheapest path through all words of the IPA dictionary found in a text, and guesses for
unknown ones (Viterbi). Here all texts of a batch advance together, one character a step. Upstream uses the words'
surfaces only. Equality with janome is tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from meds_pipeline.scoring.japanese_words import UNKNOWN_RANK, Dictionary, Words, ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from meds_pipeline.scoring.japanese_words import Integers

_CHUNK, _LONGEST_CHUNK = 500, 1024  # a text is cut at punctuation after 500 characters, anywhere after 1024
_BREAKS = "、。,.？?！!"
_BATCH = 60_000  # characters; bounds the memory
# A path's key: its total, then the last word's rank (20 bits), then its place among the words that end there (13).
_RANK_BITS, _PLACE_BITS = 20, 13


class _Batch(NamedTuple):
    """Texts as one: code points with a 0 after each text, where each text begins, and which text a place is in."""

    codes: Integers
    begin: Integers
    text: Integers


class Segmenter:
    """Splits Japanese texts as `janome.tokenizer.Tokenizer().tokenize(text, wakati=True)` does."""

    def __init__(self) -> None:
        """Read janome's dictionary.

        Raises:
            ImportError: Janome is absent.
            AttributeError: Its dictionary is laid out differently.
        """
        self.dictionary = Dictionary()

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
        windows = [text[:_LONGEST_CHUNK] for text in texts]
        batch = _joined(windows)
        words = self.dictionary.find(batch.codes)
        kept = _reached(words, batch)
        used = _cuts(windows, words.end[kept], batch)
        kept = kept[words.start[kept] < (batch.begin + used)[batch.text[words.start[kept]]]]
        # One end mark a text, which comes last: a word that starts where the text is cut and ends nowhere.
        number = len(texts)
        nothing = np.zeros(number, np.int64)
        marks = Words(batch.begin + used, np.full(number, len(batch.codes)), *[nothing] * 5)
        text = np.append(batch.text[words.start[kept]], np.arange(number))
        step = np.append(words.start[kept], marks.start) - batch.begin[text]
        guessed = np.append(words.rank[kept] >= UNKNOWN_RANK, nothing)
        order = np.lexsort((np.append(words.turn[kept], nothing), guessed, text, step))
        merged = Words(*(np.append(a[kept], b)[order] for a, b in zip(words, marks, strict=True)))
        before = self._cheapest(merged, step[order], batch)
        last = np.zeros(number, np.int64)
        last[text[order]] = np.arange(len(order))
        starts = _walk(before, last, step[order])
        for window, begins, covered in zip(windows, starts, used.tolist(), strict=True):
            # Words follow one another without gaps: the next one's start is a word's end.
            yield [window[a:b] for a, b in zip(begins, [*begins[1:], covered], strict=True)], covered

    def _cheapest(self, words: Words, step: Integers, batch: _Batch) -> Integers:
        """For each word the one before it on the cheapest path to it; negative at the start of a text.

        Words are in order of step, text, and janome's order. Of equally cheap words before, janome takes the first if
        it is no dictionary word, else the dictionary word of lowest number; "first" is by start, dictionary words
        before guesses.
        """
        # Nodes: a start mark for each text (context 0, cost 0, like a guess in rank), then the words.
        number, nothing = len(batch.begin), np.zeros(len(batch.begin), np.int64)
        right = np.concatenate((nothing, words.right))
        ranks = np.concatenate((np.full(number, UNKNOWN_RANK), words.rank))
        ended = np.concatenate((batch.begin, words.end))
        by_end = np.argsort(ended, kind="stable")
        count = np.bincount(ended)
        first = np.cumsum(count) - count
        # For every word all nodes that end where it starts: `pairs` from `bounds[word]` on.
        choices = count[words.start]
        pairs = by_end[ranges(first[words.start], choices)]
        bounds = np.cumsum(choices) - choices
        move = self.dictionary.transitions[right[pairs] * self.dictionary.width + np.repeat(words.left, choices)]
        place = np.arange(len(pairs)) - np.repeat(bounds, choices)
        rank = (ranks[pairs] << _PLACE_BITS) + place
        shift, mask = _RANK_BITS + _PLACE_BITS, (1 << _PLACE_BITS) - 1
        steps = np.searchsorted(step, np.arange(int(step.max()) + 2)).tolist()
        edges = np.append(bounds, len(pairs)).tolist()
        total = np.zeros(number + len(step), np.int64)
        before = np.full(len(step), -1)
        for low, high in zip(steps[:-1], steps[1:], strict=True):
            if low == high:
                continue
            here, groups = slice(edges[low], edges[high]), bounds[low:high]
            key = (total[pairs[here]] + move[here]) << shift
            by_place = np.minimum.reduceat(key + place[here], groups - edges[low])
            by_rank = np.minimum.reduceat(key + rank[here], groups - edges[low])
            opening, lowest = pairs[groups + (by_place & mask)], pairs[groups + (by_rank & mask)]
            before[low:high] = np.where(ranks[opening] == UNKNOWN_RANK, opening, lowest) - number
            total[number + low : number + high] = (by_place >> shift) + words.cost[low:high]
        return before


def _joined(windows: Sequence[str]) -> _Batch:
    """Texts as one array of code points, a 0 after each (0 itself becomes 1, which no dictionary knows either)."""
    text = "\0".join(window.replace("\0", "\1") for window in windows) + "\0"
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    size = np.array([len(window) + 1 for window in windows], np.int64)
    return _Batch(codes, np.cumsum(size) - size, np.repeat(np.arange(len(windows)), size))


def _walk(before: Integers, last: Integers, step: Integers) -> list[list[int]]:
    """Starts of the words on the path that ends in each of the `last` words, those left out, in order."""
    node, path = before[last], []
    while (node >= 0).any():
        path.append(np.where(node >= 0, step[node], -1))
        node = np.where(node >= 0, before[node], -1)
    columns = np.array(path[::-1]).reshape(len(path), len(last)).T.tolist()
    return [[start for start in column if start >= 0] for column in columns]


def _reached(words: Words, batch: _Batch) -> Integers:
    """Which words start where another ends, or a text begins: janome looks nowhere else."""
    kept = np.arange(len(words.start))
    while True:
        reached = np.zeros(len(batch.codes), bool)
        reached[words.end[kept]] = reached[batch.begin] = True
        keep: NDArray[np.bool_] = reached[words.start[kept]]
        if keep.all():
            return kept
        kept = kept[keep]


def _cuts(windows: Sequence[str], ends: Integers, batch: _Batch) -> Integers:
    """Where janome cuts each text: at its end, or past 500 characters after punctuation or a blank line."""
    reached = np.zeros(len(batch.codes), bool)
    reached[ends] = True
    used = [len(window) for window in windows]
    for i, window in enumerate(windows):
        for place in range(_CHUNK, len(window)):
            breaks = window[place - 1] in _BREAKS or window[:place].endswith(("\n\n", "\r\n\r\n"))
            if breaks and reached[batch.begin[i] + place]:
                used[i] = place
                break
    return np.array(used, np.int64)


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
