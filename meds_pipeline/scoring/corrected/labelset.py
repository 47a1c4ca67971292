"""A closed set of labels, in all their spellings, and where a text names them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.scoring.corrected.context import Weight
from meds_pipeline.scoring.corrected.prose import Mention, Prose
from meds_pipeline.scoring.corrected.text import normal, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from meds_pipeline.scoring.registry import TaskSpec

_WORD = re.compile(r"[^\W_]+(?:\+|-(?![^\W_]))*")
_BETWEEN = r"[^\w.;:!?\n]{1,4}"
"""What may stand between the words of a label: "NSTEMI/STEMI" is "nstemi / stemi"."""
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_SHORT = frozenset({"yes", "no", "maybe"})
"""Words that mean other things inside a sentence: they count as an answer only where they stand as one."""
_ADJECTIVES = frozenset({"true", "false", "neutral", "positive", "negative"})
"""Words that say something else before a noun ("no evidence", "a true positive")."""
_GOES_ON = (
    r"because|since|as|but|and|or|nor|given|due|based|although|though|while|however|the|this|these|it|they|there|he|she|we|i"
    r"|if|when|for|in|with|to|rather|instead|than|over|versus|not|only|is|are|was|here"
)
_OF_IT = (
    r"claims?|statements?|assertions?|predictions?|hypothes[ie]s|labels?|answers?|relation\w*|stance|information"
    r"|fits?|seems?|appl(?:y|ies)|holds?|would|should|can|could|may|might|has|does|means"
)
"""Nouns that say no more than the label, and verbs of which it is the subject."""
_BEFORE_NOUN = re.compile(rf" (?!(?:{_GOES_ON})\b)[a-z]")
_BEFORE_OTHER_NOUN = re.compile(rf" (?!(?:{_GOES_ON}|{_OF_IT})\b)[a-z]")
_JUDGES = re.compile(r"entail(?:s|ed)?|contradict(?:s|ed|ing|ory)?")
"""Words that state by themselves, wherever they stand."""
_NUMBER = re.compile(r"\d+")
_CLASS = re.compile(r"(?<!\w)(?:class|label|category)\s?$")
_LINE_NUMBER = re.compile(r"[.)]\s{1,2}\S")


def key(text: str) -> str:
    """The words of a label, in normal form."""
    return " ".join(_WORD.findall(normal(text).replace("&", " and ")))


@lru_cache(maxsize=512)
def _finder(spellings: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all spellings at word boundaries, longer ones first so that none is found inside another.

    Chinese and Japanese have no blanks between words, so theirs are found anywhere.
    """
    ordered = sorted(spellings, key=lambda text: (-len(text), text))
    cjk = [_spelt(text) for text in ordered if _CJK.search(text)]
    words = "|".join(_spelt(text) for text in ordered if not _CJK.search(text))
    return re.compile("|".join([*cjk, rf"(?<!\w)(?<!\d[.,])(?:{words})(?!\w)(?![.,]\d)(?!\s?%)"] if words else cjk))


def _spelt(spelling: str) -> str:
    return _BETWEEN.join(r"(?:and|&)" if word == "and" else re.escape(word) for word in spelling.split())


class Labels(NamedTuple):
    """Label by spelling, both as `key` gives them."""

    meanings: Mapping[str, str]

    @classmethod
    def of(cls, spec: TaskSpec) -> Labels:
        """The labels of a task with their other spellings."""
        meanings = {key(label): key(label) for label in spec.labels}
        for label, others in spec.spellings.items():
            meanings |= dict.fromkeys(map(key, others), key(label))
        return cls({spelling: label for spelling, label in meanings.items() if spelling})

    def meaning(self, text: str, lead_in: str = "") -> str:
        """The label a gold answer names; its own words where it is none of the set."""
        word = key(without(text, [lead_in]))
        return self.meanings.get(word, word)

    def with_truths(self, truths: Iterable[str]) -> Labels:
        """The set with an item's own gold answers, should they not be in it."""
        new = {truth: truth for truth in truths if truth and truth not in self.meanings}
        return Labels({**self.meanings, **new}) if new else self

    def mentions(self, prose: Prose) -> Iterator[Mention]:
        """Where a text names labels."""
        if not self.meanings:
            return
        numbers = all(map(_NUMBER.fullmatch, self.meanings))
        for found in _finder(tuple(self.meanings)).finditer(prose.low):
            word = key(found.group())
            number = _NUMBER.fullmatch(word) is not None
            if not (number and numbers) and self._describes(word, prose.low, found.end()):
                continue
            if number and _counts(prose.low, found):
                continue
            needs = Weight.ALONE if word in _SHORT or (number and not numbers) else Weight.NAMED
            least = Weight.JUDGED if numbers or _JUDGES.fullmatch(word) else Weight.NAMED
            named = _CLASS.search(prose.low, max(0, found.start() - 12), found.start()) if number else None
            start = named.start() if named else found.start()
            yield Mention(self.meanings[word], start, found.end(), needs, least)

    @staticmethod
    def _describes(word: str, low: str, end: int) -> bool:
        """Whether a word only describes the noun behind it."""
        if word == "no" or word.isdigit():
            return _BEFORE_NOUN.match(low, end) is not None
        if word in ("true", "false") and low.startswith(" to ", end):
            return True
        return word in _ADJECTIVES and _BEFORE_OTHER_NOUN.match(low, end) is not None


def _counts(low: str, found: re.Match[str]) -> bool:
    """Whether a number at the start of a line only counts ("1. ..")."""
    starts = not low[max(0, found.start() - 3) : found.start()].rpartition("\n")[2].strip(" -*(")
    return starts and _LINE_NUMBER.match(low, found.end()) is not None
