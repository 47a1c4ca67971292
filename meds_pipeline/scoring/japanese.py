"""Janome's segmentation, several times faster: the same dictionary, costs and ties, without its objects.

Janome (Apache-2.0) looks up every word of the IPA dictionary that starts at a place, by walking two finite-state
transducers byte by byte, and takes the cheapest path through all of them (Viterbi). Here transducer states are walked
once and kept as a tree of characters, and the cheapest predecessor of a word is found once for each of its left
contexts. Upstream uses surfaces only, so nothing else is read. Equality with janome is tested.
"""

from __future__ import annotations

from struct import unpack_from
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    _Costs = Sequence[Sequence[int]]
    """Cost of a transition, by right context of the word before, then left context of the word after."""

    _Node = tuple[int, Sequence[int], int, str, "_Node | None"]
    """The end of a path: cost, transition costs from its last word, that word's number and surface, the path before."""

    _Groups = list[tuple[int, list[tuple[int, Sequence[int], int, str, int]]]]
    """Words by left context, each as (cost, transition costs from it, number, surface, length)."""

_LONGEST = 50  # characters janome looks ahead for a dictionary word
_CHUNK, _LONGEST_CHUNK = 500, 1024  # a text is cut at punctuation after 500 characters, anywhere after 1024
_LONGEST_UNKNOWN = 1024
_BREAKS = "、。,.？?！!"
_IS_FINAL, _IS_LAST, _HAS_OUTPUT, _HAS_FINAL_OUTPUT = 1 << 0, 1 << 1, 1 << 4, 1 << 5  # janome.fst's flags


class _Entry(NamedTuple):
    """A dictionary word, or (number -1) a guess for an unknown one."""

    number: int
    surface: str
    left: int
    right: int
    cost: int


class _Prefix:
    """A prefix of dictionary words: the words that end here or before, and the way to longer ones."""

    __slots__ = ("children", "groups", "states", "words")

    def __init__(self, words: list[_Entry], states: list[tuple[int, int, bytes]], costs: _Costs) -> None:
        self.words = words
        self.states = states
        self.groups = _by_left(words, costs)
        self.children: dict[str, _Prefix | None] = {}


class _Guess(NamedTuple):
    """How unknown words of one character category are made."""

    category: str
    always: bool
    length: int
    entries: Sequence[tuple[int, int, int, str]]


class Segmenter:
    """Splits Japanese text as `janome.tokenizer.Tokenizer().tokenize(text, wakati=True)` does."""

    def __init__(self) -> None:
        """Open janome's dictionary.

        Raises:
            ImportError: Janome is absent or laid out differently.
        """
        from janome.dic import MMapDictionary
        from janome.sysdic import all_fstdata, chardef, connections, mmap_entries, unknowns

        self._transducers: list[bytes] = all_fstdata()
        self._dictionary: Any = MMapDictionary(*mmap_entries(compact=True), connections)
        self._costs: Sequence[Sequence[int]] = connections
        self._categories, self._ranges = chardef.DATA
        self._unknowns: dict[str, Sequence[tuple[int, int, int, str]]] = unknowns.DATA
        self._root = _Prefix([], [(i, 0, b"") for i in range(len(self._transducers))], connections)
        self._states: dict[tuple[int, int], dict[int, tuple[int, bytes]]] = {}
        self._guesses: dict[str, tuple[list[_Guess], frozenset[str]]] = {}

    def __call__(self, text: str) -> list[str]:
        """Surfaces of the words of a text."""
        text = text.strip()
        found: list[str] = []
        done = 0
        while done < len(text):
            surfaces, used = self._segment(text[done:])
            found += surfaces
            done += used
        return found

    def _segment(self, text: str) -> tuple[list[str], int]:
        """Segment up to the first cut; returns surfaces and how many characters they cover."""
        size = min(len(text), _LONGEST_CHUNK)
        ends: list[list[_Node]] = [[] for _ in range(size + 1)]
        ends[0].append((0, self._costs[0], -1, "", None))
        place = 0
        while not self._cut(text, place, size):
            before = ends[place]
            for left, words in self._words(text, place, size):
                # Written out here for the common case: this is the innermost loop of the whole scoring.
                if len(before) == 1:
                    node = before[0]
                    lowest = node[0] + node[1][left]
                else:
                    totals = [node[0] + node[1][left] for node in before]
                    lowest = min(totals)
                    node = before[totals.index(lowest)]
                    if node[2] >= 0 and totals.count(lowest) > 1:
                        node = _first_of_ties(before, totals, lowest)
                for cost, onward, number, surface, length in words:
                    ends[place + length].append((lowest + cost, onward, number, surface, node))
            place += 1
            while not ends[place]:
                place += 1
        totals = [node[0] + node[1][0] for node in ends[place]]
        last: _Node | None = _first_of_ties(ends[place], totals, min(totals))
        surfaces: list[str] = []
        while last is not None and last[4] is not None:
            surfaces.append(last[3])
            last = last[4]
        return surfaces[::-1], place

    @staticmethod
    def _cut(text: str, place: int, size: int) -> bool:
        if place < _CHUNK:
            return place >= size
        return place >= size or text[place - 1] in _BREAKS or text[:place].endswith(("\n\n", "\r\n\r\n"))

    def _words(self, text: str, place: int, size: int) -> _Groups:
        """Dictionary words that start at a place and guesses for unknown words there, by left context."""
        prefix = self._root
        for character in text[place : min(place + _LONGEST, size)]:
            try:
                longer = prefix.children[character]
            except KeyError:
                longer = self._descend(prefix, character)
            if longer is None:
                break
            prefix = longer
        matched = bool(prefix.words)
        guessed: list[_Entry] = []
        for guess in self._guess(text[place])[0]:
            if guess.always or not matched:
                surface = self._unknown(text, place, size, guess)
                guessed += [_Entry(-1, surface, left, right, cost) for left, right, cost, _ in guess.entries]
        return prefix.groups + _by_left(guessed, self._costs) if guessed else prefix.groups

    def _unknown(self, text: str, place: int, size: int, guess: _Guess) -> str:
        """The longest run of characters of one category, up to the category's length."""
        end = place + 1
        last = min(size, place + guess.length + 1)
        while end < last and guess.category in self._guess(text[end])[1]:
            end += 1
        return text[place:end]

    def _guess(self, character: str) -> tuple[list[_Guess], frozenset[str]]:
        """Guesses for words that start with a character, and the categories it can continue."""
        known = self._guesses.get(character)
        if known is None:
            mine = {r["cate"]: r.get("compat_cates", []) for r in self._ranges if r["from"] <= character <= r["to"]}
            mine = mine or {"DEFAULT": []}
            guesses = []
            for name in mine:
                kind = self._categories[name]
                length = _LONGEST_UNKNOWN if kind["GROUP"] else kind["LENGTH"]
                guesses.append(_Guess(name, kind["INVOKE"], length, self._unknowns[name]))
            known = guesses, frozenset(mine).union(*mine.values())
            self._guesses[character] = known
        return known

    def _descend(self, prefix: _Prefix, character: str) -> _Prefix | None:
        """Walk the transducers one character on; None where no dictionary word goes on so."""
        states: list[tuple[int, int, bytes]] = []
        numbers: set[int] = set()
        for which, address, output in prefix.states:
            step: tuple[int, bytes] | None = (address, output)
            for byte in character.encode("utf-8", "surrogatepass"):
                step = self._arc(which, byte, *step) if step is not None else None
            if step is not None:
                states.append((which, *step))
                numbers.update(self._outputs(which, *step))
        child = None
        if states:
            # janome's order of entries is that of a set; it makes no difference to the path (see _first_of_ties).
            entries = [_Entry(n, *self._dictionary._find_entry(n)) for n in sorted(numbers)]
            child = _Prefix([*prefix.words, *entries], states, self._costs)
        prefix.children[character] = child
        return child

    def _arc(self, which: int, byte: int, address: int, output: bytes) -> tuple[int, bytes] | None:
        """Follow the arc labelled `byte` from the state at an address."""
        arcs = self._states.get((which, address))
        if arcs is None:
            arcs = self._states[which, address] = _arcs(self._transducers[which], address)
        found = arcs.get(byte)
        return None if found is None else (found[0], output + found[1])

    def _outputs(self, which: int, address: int, output: bytes) -> Iterator[int]:
        """Numbers of the entries that end at a state."""
        data = self._transducers[which]
        flag = data[address]
        if not flag & _IS_FINAL:
            return
        if not flag & _HAS_FINAL_OUTPUT:
            yield unpack_from("I", output)[0]
            return
        place = address + 5
        for _ in range(unpack_from("I", data, address + 1)[0]):
            size = unpack_from("I", data, place)[0]
            place += 4
            if size:
                yield unpack_from("I", output + data[place : place + size])[0]
            place += size


def _arcs(data: bytes, place: int) -> dict[int, tuple[int, bytes]]:
    """Arcs of the state at a place: address of the target and output by label."""
    found: dict[int, tuple[int, bytes]] = {}
    flag = 0
    while not flag & _IS_LAST and place < len(data):
        start, flag = place, data[place]
        place += 1
        if flag & _IS_FINAL:
            if flag & _HAS_FINAL_OUTPUT:
                count = unpack_from("I", data, place)[0]
                place += 4
                for _ in range(count):
                    place += 4 + unpack_from("I", data, place)[0]
            continue
        label, output = data[place], b""
        place += 1
        if flag & _HAS_OUTPUT:
            size = unpack_from("I", data, place)[0]
            output = data[place + 4 : place + 4 + size]
            place += 4 + size
        found[label] = start + unpack_from("I", data, place)[0], output
        place += 4
    return found


def _by_left(words: Iterable[_Entry], costs: _Costs) -> _Groups:
    """Words by left context, in order of first appearance."""
    groups: dict[int, list[tuple[int, Sequence[int], int, str, int]]] = {}
    for word in words:
        entry = (word.cost, costs[word.right], word.number, word.surface, len(word.surface))
        groups.setdefault(word.left, []).append(entry)
    return list(groups.items())


def _first_of_ties(nodes: Sequence[_Node], totals: Sequence[int], lowest: int) -> _Node:
    """The predecessor janome takes of those with the lowest total.

    The first, if it is no dictionary word; else the dictionary word of lowest number.
    """
    tied = [node for node, total in zip(nodes, totals, strict=True) if total == lowest]
    return tied[0] if tied[0][2] < 0 else min((node for node in tied if node[2] >= 0), key=lambda node: node[2])
