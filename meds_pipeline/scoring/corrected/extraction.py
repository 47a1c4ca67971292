"""Spans and forms copied from a passage: right if every part of the truth is given, in any order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from meds_pipeline.scoring.base import Answer, Family, ItemScore, Outcome, counted
from meds_pipeline.scoring.corrected.text import bare, given, normal, repeats, said, says_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_QUOTES = str.maketrans("", "", "\"'“”‘’`*")
_PARTS = re.compile(r"\n+|;\s*|,\s+(?![^\[(\n]{0,200}[\])])")
_SPELLINGS = (
    (re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\d)-(?=[^\W\d_])"), " "),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<=\d)\.0+(?!\d)|(?<=\d)(\.\d*?[1-9])0+(?!\d)"), r"\1"),
    (re.compile(r"(?<=\d)(?=[^\W\d_])"), " "),
    (re.compile(r"\s*([/:%])\s*"), r"\1"),
    (re.compile(":"), ": "),
)
"""Replacements that give "5mg", "1,000 mg", "18.0", "type-2" and "mg / kg" one spelling each."""
_DENIED = re.compile(
    r"\b(?:not|(?:is|was|are)nt|never|neither|nor|no|rather than|instead of|other than|without|except|excluding)\s"
    r"(?:(?:an?|the|any|be|given|with|of)\s){0,2}$"
)
_DENIED_AFTER = re.compile(
    r"[\s)]{1,3}(?:is|was|are|were|can|should|would)(?:nt|\s(?:not|never|incorrect|wrong|ruled out))\b"
)
_OR_BEFORE, _OR_AFTER = (
    re.compile(r"(?:\b(?:or|versus|vs\.?|either)|/)\s?$"),
    re.compile(r"\s?,?\s?(?:or|versus|vs\.?)\s"),
)
_AMOUNT = re.compile(r"\d[\d.]* ([^\W\d_]+)")
_NEAR = 60
_FIELD = re.compile(r"([^\W\d_][\w ]{0,30}?)\s?:\s?(.+)")
_SEXES = {"m": "m", "male": "m", "man": "m", "boy": "m", "f": "f", "female": "f", "woman": "f", "girl": "f"}
_AGE = re.compile(r"(\d+(?:\.\d+)?)[^\w\n]{0,6}(y|month|mo|week|wk|day|hour|hr)(?:ea)?r?s?\b")
_UNITS = {"mo": "month", "wk": "week", "hr": "hour"}
_FRAME = re.compile(r"^\s*input: ?\n|\n\s*output:\s*$", re.IGNORECASE)
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_]+")
_LONG, _SHARE, _TIMES = 20, 0.4, 2


class Found(NamedTuple):
    """How much of one reference an output holds: parts stated, parts held but refused, parts wanted."""

    stated: int
    refused: int
    wanted: int


def plain(text: str) -> str:
    """Normal form without quotes, with one spelling for numbers and units."""
    text = normal(text.translate(_QUOTES))
    for pattern, written in _SPELLINGS:
        text = pattern.sub(written, text)
    return " ".join(text.split())


def parts(truth: str) -> list[str]:
    """The parts of a gold answer: lines, or items of a list; commas inside brackets do not separate parts."""
    return [part for part in (plain(bare(piece)) for piece in _PARTS.split(truth.translate(_QUOTES))) if part]


def read_parts(output: str, wanted: Sequence[str]) -> Found:
    """How many parts an output (in plain form) states; a part that is denied or one of several is refused."""
    held = [[_is_stated(output, start, part, wanted) for start in _places(output, part)] for part in wanted]
    clear = [not _has_rival(output, part, wanted) for part in wanted]
    stated = sum(any(one) and alone for one, alone in zip(held, clear, strict=True))
    return Found(stated, sum(map(bool, held)) - stated, len(wanted))


def _places(output: str, part: str) -> Iterator[int]:
    """The places where a part occurs at word boundaries; "5 mg" is not in "2.5 mg"."""
    start = output.find(part)
    while start >= 0:
        before, after = output[max(0, start - 2) : start], output[start + len(part) :][:2]
        inside = before[-1:].isalnum() and part[0].isalnum() or after[:1].isalnum() and part[-1].isalnum()
        decimal = (
            part[0].isdigit() and re.fullmatch(r"\d[.,]", before) or part[-1].isdigit() and re.match(r"[.,]\d", after)
        )
        if not (inside or decimal):
            yield start
        start = output.find(part, start + len(part))


def _is_stated(output: str, start: int, part: str, wanted: Sequence[str]) -> bool:
    end = start + len(part)
    before, after = output[max(0, start - _NEAR) : start], output[end : end + _NEAR]
    if _DENIED.search(before) or _DENIED_AFTER.match(after):
        return False
    if (found := _OR_AFTER.match(after)) and not after.startswith(tuple(wanted), found.end()):
        return False
    either = _OR_BEFORE.search(before)
    return either is None or before[: either.start()].rstrip(" ,").endswith(tuple(wanted))


def _has_rival(output: str, part: str, wanted: Sequence[str]) -> bool:
    """Whether a part is an amount and the output gives another one of its unit: "5 mg, 10 mg", "5-10 mg"."""
    amount = _AMOUNT.fullmatch(part)
    if amount is None:
        return False
    unit = re.escape(amount.group(1))
    found = re.findall(rf"(?<![\d.])(\d[\d.]*)(?: {unit}\b|(?= ?(?:to|[-–/]) ?\d[\d.]* {unit}\b))", output)
    return any(f"{number} {amount.group(1)}" not in wanted for number in found)


def form(truth: str) -> dict[str, str]:
    """Fields of a gold answer of two or more lines that are all "name: value"; empty for any other."""
    found = [_FIELD.fullmatch(line.strip()) for line in _lines(truth) if line.strip()]
    fields = {line.group(1): line.group(2) for line in found if line}
    return fields if len(fields) == len(found) > 1 else {}


def _lines(text: str) -> list[str]:
    return text.translate(_QUOTES).lower().split("\n")


def value(text: str) -> frozenset[str]:
    """The value of a field: its ages ("18 year") or sexes (m, f), else its words."""
    text = re.sub(r"^\W*(\d+(?:\.\d+)?)\W*$", r"\1 year", text)
    ages = {f"{float(number):g} {_UNITS.get(unit, unit)}" for number, unit in _AGE.findall(text)}
    sexes = {_SEXES[word] for word in _WORD.findall(text) if word in _SEXES and " not " not in f" {text}"}
    return frozenset((ages | sexes) or {bare(text)} - {""})


def read_form(output: str, fields: dict[str, str]) -> Found:
    """How many fields have the right value in an output; a field with several values is refused."""
    names = "|".join(map(re.escape, fields))
    said_fields = re.findall(
        rf"(?<!\w)({names})\s?[:=]\s?([^\n]*?)(?=(?<!\w)(?:{names})\s?[:=]|$)", output, re.MULTILINE
    )
    stated = refused = 0
    for name, wanted in fields.items():
        texts = [text for said_name, text in said_fields if said_name == name]
        found = frozenset[str]().union(*map(value, texts)) if said_fields else value(output) & value(wanted)
        stated += found == value(wanted)
        refused += found > value(wanted)
    return Found(stated, refused, len(fields))


def copies(output: str, passage: str, truth: str) -> bool:
    """Whether an output repeats so much of its passage that it would contain the truth anyway.

    The limit: two fifths of the three-word sequences of a passage of 20 words or more, and twice the words of the
    truth.
    """
    source, ours = (_WORD.findall(normal(text)) for text in (_FRAME.sub("", passage), output))
    least = max(_TIMES * len(_WORD.findall(truth)), _SHARE * len(source))
    if len(source) < _LONG or len(ours) < least:
        return False
    runs, given_runs = (set(zip(words, words[1:], words[2:], strict=False)) for words in (source, ours))
    return len(runs & given_runs) >= max(_TIMES * len(_WORD.findall(truth)), _SHARE * len(runs))


class Extraction(Family):
    """Right if every part of a reference is stated; some parts are `partly` and earn nothing."""

    reads_input: ClassVar[bool] = True

    def score(self, answer: Answer) -> ItemScore:
        """Compare with each reference; the best counts."""
        answer = given(answer)
        output = said(answer)
        found = [self._found(output, reference) for reference in answer.references] or [Found(0, 0, 0)]
        best = max(found, key=lambda one: (one.stated / max(1, one.wanted), one.refused))
        right = 0 < best.wanted == best.stated
        if right and not repeats(answer) and copies(output, answer.input, max(answer.references, key=len)):
            return counted(answer, 0.0, why="repeats the passage", unparsed=True)
        refused = f", {best.refused} denied or among others" if best.refused else ""
        why = f"{best.stated} of {best.wanted} parts found{refused}"
        score = counted(answer, float(right), why=why, unparsed=bool(best.refused) and not best.stated)
        some = score.outcome is Outcome.WRONG and best.stated > 0
        return score._replace(outcome=Outcome.PARTLY) if some else score

    @staticmethod
    def _found(output: str, reference: str) -> Found:
        if says_none(reference):
            return Found(int(says_none(output)), 0, 1)
        if normal(output) == normal(reference):
            return Found(1, 0, int(bool(bare(reference))))
        if fields := form(reference):
            return read_form("\n".join(_lines(output)), fields)
        return read_parts(plain(output), parts(reference))
