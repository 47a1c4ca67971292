"""Choice questions: the letters that an answer states, as letters or by the options' texts, in six languages."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, ClassVar

from meds_pipeline.scoring.base import Answer, Family, ItemScore, Outcome, counted
from meds_pipeline.scoring.corrected.stated import Mention, Reading, lead_of, stated
from meds_pipeline.scoring.corrected.text import bare, clean, given, repeats, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_WORD = "A-Za-z0-9_\u00c0-\u024f\u0370-\u052f"
"""Characters that form a word with a letter next to them; Chinese and Japanese characters do not."""
_AND = r"(?:\s|[,;、&+・和与と]|and\b|et\b|y\b|и\b|及び){1,5}"
_ONLY = re.compile(rf"\W{{0,9}}([A-H](?:{_AND}[A-H]){{0,7}}|[A-H]{{2,8}}|[a-h])\W{{0,9}}")
_LETTERS = re.compile(rf"(?<![{_WORD}])(?<![A-Za-z]['-])(?:[A-H]{{1,5}}|[a-h])(?![{_WORD}])(?!['-][{_WORD}])")
_GOES_ON = re.compile(
    r" (?:is|are|was|because|since|as|and|or|but|rather|over|if|not|seems?|must|should|would|fits"
    r"|est|sont|et|es|son|y|и)\b"
)
_WORD_BEHIND = re.compile(r"\.? [^\W\d_A-Z\u0410-\u042f\u3040-\u9fff]")
"""The text after a letter that is an article or an initial and not an option: "A patient", "E. coli"."""
_LISTED = re.compile(r"(?<![^\s;,(])([A-H]) ?[:.)、]\s?([^\t\n]+?)(?=[\t\n]|  |,? \(?[A-H] ?[:.)] |$)", re.MULTILINE)
_TRUTH = re.compile(rf"(?<![{_WORD}])[A-H](?:{_AND}[A-H](?![{_WORD}]))*(?![{_WORD}])")
_ALSO = re.compile(r"[,、] ?([A-H]): ?([^,]*)")
_TRUTH_TEXT = re.compile(rf"(?<![{_WORD}])[A-H]\s?[:.)]\s?(.+)", re.DOTALL)
_CYRILLIC = re.compile(r"(?<!\w)[А-ЗСН](?!\w)")
_BY_LOOK, _BY_PLACE = str.maketrans("АВСЕНБГД", "ABCEHBDE"), str.maketrans("АБВГДЕЖЗ", "ABCDEFGH")
_OWN_LIST, _OWN = re.compile(r"(?:^|[\s;,(])[БГД] ?[.):]", re.MULTILINE), re.compile(r"(?<!\w)[БГД](?!\w)")
_SCANNED = 4000
"""How many letters of a text are read; they are the last ones."""
_SHORT = 3
_INSIDE = re.compile(f"[{_WORD}]{{2}}")
_ENDS = re.compile(r"[.,:;)]|\s*$|\n")
_TOGETHER = re.compile(r"[ .:)(,=-]{0,4}")


def latin(text: str, by_place: bool = False) -> str:
    """NFKC, with Cyrillic option letters as Latin letters, by place in the alphabet (В is C) or by look (В is B)."""
    text = unicodedata.normalize("NFKC", text)
    table = _BY_PLACE if by_place else _BY_LOOK
    return text if text.isascii() else _CYRILLIC.sub(lambda letter: letter.group().translate(table), text)


def options(question: str) -> dict[str, str]:
    """Option texts by letter, if a question lists them as `A: ..`, `B: ..`; the last list counts."""
    found: dict[str, str] = {}
    for letter, text in _LISTED.findall(latin(question, _OWN_LIST.search(question) is not None)):
        if letter == "A":
            found = {}
        if shown := bare(clean(text)):
            found[letter] = shown
    return found if len(found) > 1 and "ABCDEFGH".startswith("".join(found)) else {}


def truth_letters(truth: str, listed: Mapping[str, str] | None = None) -> frozenset[str]:
    """The letters of a gold answer ("正确答案是 B: ..", "A, C", "A: zinc, C: iron"), whatever its lead-in."""
    text = latin(truth)
    if alone := _ONLY.fullmatch(text):
        return _letters(alone.group(1))
    first = _TRUTH.search(text)
    if first is None:
        return frozenset()
    more = _ALSO.findall(text, first.end())
    also = (letter for letter, own in more if not listed or bare(own).startswith(listed.get(letter, " ")))
    return _letters(first.group()).union(also)


def _letters(text: str) -> frozenset[str]:
    return frozenset(re.findall("[A-H]", text.upper() if len(text) == 1 else text))


def truth_texts(references: Iterable[str]) -> dict[str, str]:
    """Option texts by letter, from the gold answers that have one letter."""
    found = ((truth_letters(reference), _TRUTH_TEXT.search(latin(reference))) for reference in references)
    return {min(letters): bare(text.group(1)) for letters, text in found if text and len(letters) == 1}


def mentions(text: str, texts: Mapping[str, str]) -> list[Mention]:
    """Options that a cleaned text names by text or letter, in order; a letter and its own text are one mention."""
    low = text.lower()
    found = sorted([*_by_text(low, texts), *_by_letter(text, low, texts)], key=lambda m: (m.start, -m.end))
    kept: list[Mention] = []
    for mention in found:
        last = kept[-1] if kept else None
        if last and mention.start < last.end:
            continue
        if last and last.values == mention.values and _TOGETHER.fullmatch(low, last.end, mention.start):
            kept[-1] = last._replace(end=mention.end)
        else:
            kept.append(mention)
    return kept


def _by_text(low: str, texts: Mapping[str, str]) -> Iterator[Mention]:
    for letter, option in texts.items():
        start = low.find(option) if option else -1
        while start >= 0:
            end = start + len(option)
            around = low[max(0, start - 1) : start] + option[0], option[-1] + low[end : end + 1]
            if not any(_INSIDE.fullmatch(pair) for pair in around):
                yield Mention(frozenset(letter), start, end, short=len(option) <= _SHORT)
            start = low.find(option, end)


def _by_letter(text: str, low: str, texts: Mapping[str, str]) -> Iterator[Mention]:
    for found in list(_LETTERS.finditer(text))[-_SCANNED:]:
        if _is_letter(text, low, found, texts):
            yield Mention(_letters(found.group()), *found.span(), short=True)


def _is_letter(text: str, low: str, found: re.Match[str], texts: Mapping[str, str]) -> bool:
    """Whether letters name options: small or joined ones only after "the answer is", a small one also at line start.

    A capital letter before a small word ("A patient", "E. coli") does not name an option, with two exceptions: the word
    continues the sentence or is the option's text; or the letter starts its line and the option's text is not known.
    """
    (start, end), letters = found.span(), found.group()
    heads = not text[text.rfind("\n", 0, start) + 1 : start].strip(" (-*")
    if len(letters) > 1 or letters.islower():
        plain = _ENDS.match(text, end) is not None and list(letters) == sorted(set(letters))
        return plain and (heads and len(letters) == 1 or lead_of(low, start) is not None)
    if not _WORD_BEHIND.match(text, end) or _GOES_ON.match(text, end):
        return True
    own = texts.get(letters)
    return low.startswith(own, end + 1) or low.startswith(own, end + 2) if own else heads and text[end] == "."


class Choice(Family):
    """Accuracy: right if the letters stated are those of a reference; some of several right letters are `partly`."""

    reads_input: ClassVar[bool] = True

    def score(self, answer: Answer) -> ItemScore:
        """Read the letters of output and references and compare the sets."""
        answer = given(answer)
        output = said(answer)
        listed = options(answer.input)
        truths = [truth_letters(reference, listed) for reference in answer.references]
        by_place = _OWN_LIST.search(answer.input) or not listed and _OWN.search(output)
        reading = self.read(latin(output, bool(by_place)), listed or truth_texts(answer.references))
        right = bool(reading.values) and reading.values in truths or repeats(answer)
        if not right and len(listed) > 2 and reading.values >= listed.keys():
            reading = Reading(frozenset(), "all options listed")
        letters, *wanted = ("".join(sorted(letters)) for letters in (reading.values, *truths))
        why = f"{reading.why}: {letters or '-'}, truth {' or '.join(wanted) or 'unreadable'}"
        score = counted(answer, float(right), why=why, unparsed=not reading.values)
        some = score.outcome is Outcome.WRONG and any(reading.values & letters for letters in truths)
        return score._replace(outcome=Outcome.PARTLY) if some else score

    @staticmethod
    def read(output: str, texts: Mapping[str, str]) -> Reading:
        """The letters that an output states."""
        text = clean(output)
        whole = bare(text)
        same = [letter for letter, option in texts.items() if whole in (option, bare(f"{letter}. {option}"))]
        if len(same) == 1:
            return Reading(frozenset(same), "an option's text alone")
        if "?" not in text and (alone := _ONLY.fullmatch(text)):
            return Reading(_letters(alone.group(1)), "nothing but letters")
        return stated(text.lower(), mentions(text, texts), several=True)
