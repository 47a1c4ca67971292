"""Jieba's segmentation (accurate mode with its hidden Markov model), faster: same dictionary, same sums, same ties.

Jieba (MIT) takes the most probable path through all dictionary words of a block, and lets a hidden Markov model join
the single characters left over. Its own start-up keeps a cache file in the shared temporary folder; here the
dictionary is read directly. Equality with jieba is tested.
"""

from __future__ import annotations

import re
from importlib.resources import files
from math import log

_BLOCK = re.compile("([\u4e00-\u9fd5a-zA-Z0-9+#&\\._%\\-]+)")
_BLANK = re.compile("(\r\n|\\s)")
_HAN = re.compile("([\u4e00-\u9fd5]+)")
_LATIN = re.compile("([a-zA-Z0-9]+(?:\\.\\d+)?%?)")
_NEVER = -3.14e100  # jieba's logarithm of zero


class Segmenter:
    """Splits Chinese text as `jieba.cut(text)` does."""

    def __init__(self) -> None:
        """Read jieba's dictionary and model.

        Raises:
            ImportError: Jieba is absent.
        """
        from jieba.finalseg import prob_emit, prob_start, prob_trans

        fields = files("jieba").joinpath("dict.txt").read_text("utf-8").split()  # word, count, part of speech
        words, counts = fields[0::3], list(map(int, fields[1::3]))
        self._all = log(sum(counts))
        logs = {count: log(count) - self._all for count in set(counts) if count}
        self._words = {word: logs[count] for word, count in zip(words, counts, strict=True) if count}
        self._pairs = {word[:2] for word in words}
        # Beginnings of words of three and more; the length of the longest is kept only past four.
        self._triples = {word[:3] for word in words if len(word) > 2}
        self._longest: dict[str, int] = {}
        for word in words:
            if len(word) > 4 and len(word) > self._longest.get(word[:3], 0):
                self._longest[word[:3]] = len(word)
        self._emit, self._start, self._move = prob_emit.P, prob_start.P, prob_trans.P

    def __call__(self, text: str) -> list[str]:
        """Words of a text, blanks and punctuation included."""
        found: list[str] = []
        for i, block in enumerate(_BLOCK.split(text)):
            if i % 2:
                self._segment(block, found)
            elif block:
                for part in _BLANK.split(block):
                    found += [part] if _BLANK.match(part) else part
        return found

    def _segment(self, block: str, found: list[str]) -> None:
        """Append the words of one block."""
        ends = self._best_path(block)
        single = place = 0  # single characters wait from `single` to `place`
        while place < len(block):
            end = ends[place]
            if end - place > 1:
                self._join(block[single:place], found)
                found.append(block[place:end])
                single = end
            place = end
        self._join(block[single:], found)

    def _best_path(self, block: str) -> list[int]:
        """For each place the end of the word that starts there on the most probable path; ties go to the longer."""
        words, pairs, triples, longest = self._words, self._pairs, self._triples, self._longest
        size = len(block)
        ends = [0] * size
        total = [0.0] * (size + 1)
        for place in range(size - 1, -1, -1):
            own = words.get(block[place])
            best = _NEVER if own is None else own + total[place + 1]
            end = place if own is None else place + 1
            if block[place : place + 2] in pairs and place + 1 < size:
                triple = block[place : place + 3]
                last = place + (longest.get(triple, 4) if triple in triples else 2)
                for stop in range(place + 2, min(last, size) + 1):
                    own = words.get(block[place:stop])
                    if own is not None and (own + total[stop] >= best or end == place):
                        best, end = own + total[stop], stop
            if end == place:  # no word starts here: one character, with a count of one
                best, end = -self._all + total[place + 1], place + 1
            ends[place], total[place] = end, best
        return ends

    def _join(self, singles: str, found: list[str]) -> None:
        """Append single characters, joined where the model takes them for an unknown word."""
        if len(singles) < 2 or singles in self._words:
            found += singles
            return
        for i, part in enumerate(_HAN.split(singles)):
            if i % 2:
                self._model(part, found)
            elif part:
                found += [piece for piece in _LATIN.split(part) if piece]

    def _model(self, text: str, found: list[str]) -> None:
        """Append the words of a run of Chinese characters by the most probable states.

        States: B begins a word, M is inside, E ends it, S stands alone. Of equally probable predecessors jieba takes
        the one whose letter sorts last.
        """
        emit, move = self._emit, self._move
        emit_b, emit_m, emit_e, emit_s = emit["B"], emit["M"], emit["E"], emit["S"]
        e_b, s_b, m_m, b_m = move["E"]["B"], move["S"]["B"], move["M"]["M"], move["B"]["M"]
        s_s, e_s, b_e, m_e = move["S"]["S"], move["E"]["S"], move["B"]["E"], move["M"]["E"]
        character = text[0]
        b = self._start["B"] + emit_b.get(character, _NEVER)
        m = self._start["M"] + emit_m.get(character, _NEVER)
        e = self._start["E"] + emit_e.get(character, _NEVER)
        s = self._start["S"] + emit_s.get(character, _NEVER)
        back: list[dict[str, str]] = []
        for character in text[1:]:
            p_b, p_m, p_s, p_e = (emit_x.get(character, _NEVER) for emit_x in (emit_b, emit_m, emit_s, emit_e))
            from_e, from_s = e + e_b + p_b, s + s_b + p_b
            to_b, new_b = ("E", from_e) if from_e > from_s else ("S", from_s)
            from_m, from_b = m + m_m + p_m, b + b_m + p_m
            to_m, new_m = ("M", from_m) if from_m >= from_b else ("B", from_b)
            from_s, from_e = s + s_s + p_s, e + e_s + p_s
            to_s, new_s = ("S", from_s) if from_s >= from_e else ("E", from_e)
            from_b, from_m = b + b_e + p_e, m + m_e + p_e
            to_e, new_e = ("B", from_b) if from_b > from_m else ("M", from_m)
            b, m, e, s = new_b, new_m, new_e, new_s
            back.append({"B": to_b, "M": to_m, "S": to_s, "E": to_e})
        state = "E" if e > s else "S"
        states = [state]
        for step in reversed(back):
            state = step[state]
            states.append(state)
        begin = done = 0
        for place, state in enumerate(reversed(states)):
            if state == "B":
                begin = place
            elif state in "ES":
                found.append(text[begin if state == "E" else place : place + 1])
                done = place + 1
        if done < len(text):
            found.append(text[done:])
