"""Choice questions: any letter, any of the six languages, wherever the answer stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from meds_pipeline.scoring.base import Answer, Family, ItemScore, Outcome, counted
from meds_pipeline.scoring.corrected.context import Stance, Statement, Weight
from meds_pipeline.scoring.corrected.letters import (
    is_cyrillic,
    letter_mentions,
    only_letters,
    options,
    plain,
    text_mentions,
    truth_letters,
    truth_text,
)
from meds_pipeline.scoring.corrected.markup import clean
from meds_pipeline.scoring.corrected.prose import Mention, Prose, Reading, decide
from meds_pipeline.scoring.corrected.text import bare, given, repeats

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUESTION_ANSWER = re.compile(r"(?:^|(?<=\?)\s{0,2})A\s?[:.]\s?(?=\(?[A-H]\)?[.\s]{0,3}$)")
"""The "A:" of "Q: .. A: B"."""
_NEAR = re.compile(r"[\s.:)(,=-]{0,6}")
_DEFINES = re.compile(r"\)?\s(?:is|was|means|refers to|stands for|est|es|это)\s(?:the\s)?|\s?(?:是|为|は)\s?")
_CLOSED = re.compile(r"[\s)\].,;-]{0,6}(?:\n|$)")
_LINE = re.compile(r"[^\w\n]{0,6}([A-H])(?:[.):\s-]{1,4}(.{0,80}))?")
_VERDICT = re.compile(
    r"\b(?:is|are|was|correct|incorrect|wrong|right|yes|no|not|true|false|plausible|possible|unlikely)\b"
)


def read_letters(output: str, listed: Mapping[str, str], texts: Mapping[str, str], language: str = "en") -> Reading:
    """The letters that an output gives; none where it gives none or cannot be told.

    Args:
        output: The text, Cyrillic letters made Latin.
        listed: Option texts by letter, from the question.
        texts: Those and that of the gold answer.
        language: Two letters.
    """
    output = _QUESTION_ANSWER.sub(" answer: ", output)
    if alone := only_letters(output):
        return Reading(alone, "nothing but letters")
    prose = Prose(output, language)
    if several := _lines(prose.text, texts, bool(listed)):
        return Reading(several, "a list of letters")
    statements = prose.statements(_mentions(prose, listed, texts))
    reading = decide(statements, several=True)
    reading = reading._replace(values=frozenset("".join(reading.values)))
    if reading.weight in (Weight.ALONE, Weight.NAMED) and _lists_all(statements, listed):
        return Reading(frozenset(), "all options listed")
    return reading


def _lists_all(statements: list[Statement], listed: Mapping[str, str]) -> bool:
    affirmed = {value for s in statements if s.stance is Stance.AFFIRMED for value in s.values}
    return len(listed) > 2 and affirmed >= listed.keys()


def _lines(text: str, texts: Mapping[str, str], known: bool) -> frozenset[str]:
    """The letters of a text of two or more lines, each a letter or a letter with its option; else none."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not 2 <= len(lines) <= len("ABCDEFGH"):
        return frozenset()
    found = [_LINE.fullmatch(line) for line in lines]
    letters = [line.group(1) for line in found if line and _is_option(line.group(1), line.group(2), texts, known)]
    distinct = len(set(letters)) == len(lines) and len(letters) < max(3, len(texts))
    return frozenset(letters) if distinct else frozenset()


def _is_option(letter: str, rest: str | None, texts: Mapping[str, str], known: bool) -> bool:
    text = bare(rest or "")
    if not text or not known:
        return not _VERDICT.search(text)
    return texts.get(letter, "").startswith(text)


def _mentions(prose: Prose, listed: Mapping[str, str], texts: Mapping[str, str]) -> list[Mention]:
    """Letters and option texts in order, letters inside option texts left out, a letter and its text as one mention."""
    marks = [(mention, True) for mention in text_mentions(prose, listed)]
    marks += [(mention, False) for mention in letter_mentions(prose, texts)]
    marks.sort(key=lambda mark: (mark[0].start, not mark[1]))
    kept: list[tuple[Mention, bool]] = []
    for mention, is_text in marks:
        if kept and mention.start < kept[-1][0].end:
            continue
        if kept and kept[-1][1] is not is_text:
            together = _together(prose, kept[-1][0], mention, is_text)
            if together is not None:
                kept[-1:] = [(one, True) for one in together]
                continue
        kept.append((mention, is_text))
    return [mention for mention, _ in kept]


def _together(prose: Prose, first: Mention, second: Mention, letter_first: bool) -> list[Mention] | None:
    """What a letter and an option's text side by side say; None where they do not stand side by side.

    One mention where they agree. Nothing where they contradict each other ("B) Aspirin", which is A), nor where a text
    only says what an option is ("B is heparin").
    """
    near = _NEAR.fullmatch(prose.low, first.end, second.start) is not None
    if first.value != second.value:
        return [] if near and _CLOSED.match(prose.low, second.end) else None
    if near:
        end = second.end + (not letter_first and prose.low.startswith(")", second.end))
        return [Mention(first.value, first.start, end, Weight.ALONE if letter_first else Weight.NAMED)]
    return [] if letter_first and _DEFINES.fullmatch(prose.low, first.end, second.start) else None


class Choice(Family):
    """Accuracy: right if the letters given are those of a reference; some of several right letters are `partly`."""

    reads_input: ClassVar[bool] = True

    def score(self, answer: Answer) -> ItemScore:
        """Read letters from both sides and compare the sets."""
        answer = given(answer)
        output = answer.output or ""
        truths = [truth_letters(reference) for reference in answer.references]
        golds = {truth_text(reference): letters for reference, letters in zip(answer.references, truths, strict=True)}
        listed = options(answer.input)
        known = {min(letters): text for text, letters in golds.items() if text and len(letters) == 1}
        reading = read_letters(
            plain(output, is_cyrillic(answer.input, output)), listed, listed | known, self.spec.language
        )
        if not reading.values and (whole := bare(clean(output))) and golds.get(whole):
            reading = Reading(golds[whole], "the right option's text")
        right = (bool(reading.values) and reading.values in truths) or repeats(answer) is not None
        if not right and len(listed) > 2 and reading.values >= listed.keys():
            reading = Reading(frozenset(), "all options listed")
        shown = ["".join(sorted(letters)) for letters in (reading.values, *truths)]
        why = f"{reading.why}: {shown[0] or '-'}, truth {' or '.join(shown[1:]) or 'unreadable'}"
        score = counted(answer, float(right), why=why, unparsed=not reading.values)
        some = score.outcome is Outcome.WRONG and any(reading.values & letters for letters in truths)
        return score._replace(outcome=Outcome.PARTLY) if some else score
