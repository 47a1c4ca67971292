"""Answers from a closed set of labels: yes/no/maybe, entailment, true/false, verdicts, diagnoses, treatments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted
from meds_pipeline.scoring.corrected.stated import Mention, Reading, lead_of, stated
from meds_pipeline.scoring.corrected.text import clean, given, normal, repeats, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from meds_pipeline.scoring.registry import TaskSpec

_WORDS = re.compile(r"[^\W_]+(?:\+|-(?![^\W_]))*")
_BETWEEN = r"[^\w.;:!?\n]{1,4}"
"""Characters that may separate the words of a label: "NSTEMI/STEMI" is "nstemi / stemi"."""
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_ORDINARY = frozenset({"yes", "no", "maybe", "true", "false", "neutral", "positive", "negative"})
"""Labels that are ordinary words."""
_JUDGES = re.compile(r"entail(?:s|ed)?|contradict(?:s|ed|ing)?")
_WORD_BEHIND = re.compile(
    r" (?!(?:because|since|as|but|and|or|given|based|according|due|not|rather|if|nor|instead|with|to the)\b)\w"
)
_NUMBER_ALONE = re.compile(r"[.)]? ?(?:\n|$)|,? (?:because|since|as)\b")


def key(text: str) -> str:
    """The words of a label, in normal form."""
    return " ".join(_WORDS.findall(normal(text).replace("&", " and ")))


@lru_cache(maxsize=512)
def _finder(spellings: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all spellings, longer ones first, at word boundaries (not in Chinese and Japanese)."""
    ordered = sorted(spellings, key=lambda text: (-len(text), text))
    spelt = {text: _BETWEEN.join("(?:and|&)" if w == "and" else re.escape(w) for w in text.split()) for text in ordered}
    cjk = [spelt[text] for text in ordered if _CJK.search(text)]
    words = "|".join(spelt[text] for text in ordered if not _CJK.search(text))
    return re.compile("|".join([*cjk, rf"(?<!\w)(?<!\d[.,])(?:{words})(?!\w)(?![.,]\d)(?! ?%)"] if words else cjk))


class LabelSet(NamedTuple):
    """A closed set: label by spelling, both as `key` gives them."""

    meanings: Mapping[str, str]

    @classmethod
    def of(cls, spec: TaskSpec) -> LabelSet:
        """The labels of a task with their other spellings."""
        pairs = [(label, label) for label in spec.labels]
        pairs += [(word, label) for label, others in spec.spellings.items() for word in others]
        return cls({key(word): key(label) for word, label in pairs if key(word)})

    def meaning(self, text: str, lead_in: str = "") -> str:
        """The label that a gold answer names; its own words if they are no label of the set."""
        word = key(text).removeprefix(key(lead_in)).strip()
        return self.meanings.get(word, word)

    def with_truths(self, truths: Iterable[str]) -> LabelSet:
        """The set together with an item's own gold answers."""
        new = {truth: truth for truth in truths if truth and truth not in self.meanings}
        return LabelSet({**self.meanings, **new}) if new else self

    def mentions(self, low: str) -> Iterator[Mention]:
        """The places where a cleaned text in lower case names labels."""
        if not self.meanings:
            return
        for found in _finder(tuple(self.meanings)).finditer(low):
            word = key(found.group())
            short = word in _ORDINARY or word.isdigit()
            if not short or _counts(low, word, *found.span()):
                judges = _JUDGES.fullmatch(word) is not None
                yield Mention(frozenset({self.meanings[word]}), *found.span(), short=short, judges=judges)


def _counts(low: str, word: str, start: int, end: int) -> bool:
    """Whether an ordinary word or a number is a label at this place.

    A number is a label after "the answer is" or alone at the start of the text; a word, if no noun follows it.
    """
    if word.isdigit():
        return lead_of(low, start) is not None or (start == 0 and _NUMBER_ALONE.match(low, end) is not None)
    return word == "maybe" or _WORD_BEHIND.match(low, end) is None


class Closed(Family):
    """Accuracy over labels: right if the text states exactly one label and a reference has this label."""

    def __init__(self, spec: TaskSpec) -> None:
        """Take the labels with their spellings."""
        super().__init__(spec)
        self.labels = LabelSet.of(spec)

    def score(self, answer: Answer) -> ItemScore:
        """Read the label stated and compare."""
        answer = given(answer)
        truths = {self.labels.meaning(reference, self.spec.lead_in) for reference in answer.references} - {""}
        reading = self.read(said(answer), self.labels.with_truths(truths))
        right = bool(reading.values & truths) or repeats(answer)
        return counted(answer, float(right), why=reading.why, unparsed=not reading.values)

    @staticmethod
    def read(output: str, labels: LabelSet) -> Reading:
        """The one label that an output states."""
        if "?" not in output and "%" not in output and (whole := labels.meanings.get(key(output))):
            return Reading(frozenset({whole}), "a label alone")
        low = clean(output).lower()
        return stated(low, list(labels.mentions(low)))
