"""Spans and fields copied from a passage: all parts of the truth, in any order, affirmed and not among alternatives."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, ClassVar

from meds_pipeline.scoring.base import Answer, Family, ItemScore, Outcome, counted
from meds_pipeline.scoring.corrected.fields import Found, form, read_form
from meds_pipeline.scoring.corrected.nothing import says_none
from meds_pipeline.scoring.corrected.passage import copies
from meds_pipeline.scoring.corrected.text import bare, given, normal, repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_QUOTES = str.maketrans("", "", "\"'“”‘’`*")
_PARTS = re.compile(r"\n+|;\s*|,\s+(?![^\[(\n]{0,200}[\])])")
_UNITS = re.compile(r"(?<=\d)(?=[^\W\d_])")
_SPACED = re.compile(r"\s*([/:%])\s*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ZEROS = re.compile(r"(?<=\d)(\.\d*?)0+(?!\d)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\d)-(?=[^\W\d_])")
_DENIED = re.compile(
    r"\b(?:not|(?:is|was|are)nt|never|neither|nor|no|rather than|instead of|other than|without|except|excluding"
    r"|excludes?|ruled out)\s(?:(?:an?|the|any|be|is|was|given|with|been|of)\s){0,2}$"
)
"""Right before a part (quotes, and apostrophes with them, are gone); further off, a denial may be about anything."""
_DENIED_AFTER = re.compile(
    r"[\s)]{1,3}(?:is|was|are|were|be|has been|have been|can|should|would)"
    r"(?:nt|\s(?:not|never|incorrect|wrong|excluded|ruled out))\b"
)
_OR_AFTER = re.compile(r"\s?(?:,\s)?(?:or|versus|vs\.?)\s")
_OR_BEFORE = re.compile(r"(?:\b(?:or|versus|vs\.?|either)|/)\s?$")
_AMOUNT = re.compile(r"\d[\d.]*\s[^\W\d_]+")
_NEAR = 60
"""Characters around a part that are looked at."""


def lines(text: str) -> str:
    """Lower case without quotes, lines kept: for forms."""
    return unicodedata.normalize("NFKC", text).translate(_QUOTES).lower()


def plain(text: str) -> str:
    """Normal form in which "5mg", "1,000 mg", "18.0", "type-2" and "mg / kg" are written one way."""
    text = normal(text.translate(_QUOTES))
    text = _ZEROS.sub(lambda found: found.group(1).rstrip("."), _THOUSANDS.sub("", _HYPHEN.sub(" ", text)))
    text = _UNITS.sub(" ", text)
    return " ".join(_SPACED.sub(r"\1", text).replace(":", ": ").split())


def parts(truth: str) -> list[str]:
    """The parts of a gold answer: lines, or items of a list; commas inside brackets do not part."""
    return [part for part in (plain(bare(piece)) for piece in _PARTS.split(truth.translate(_QUOTES))) if part]


def read_parts(output: str, wanted: Sequence[str]) -> Found:
    """How many parts an output (in plain form) states; one only denied, or offered among others, is refused."""
    stated = refused = 0
    for part in wanted:
        places = list(_places(output, part))
        if any(_is_stated(output, start, start + len(part), wanted) for start in places):
            stated += 1
        elif places:
            refused += 1
    return Found(stated, refused, len(wanted))


def _places(output: str, part: str) -> Iterator[int]:
    """Where a part stands at word boundaries; "5 mg" is not in "2.5 mg"."""
    start = output.find(part)
    number = part[0].isdigit()
    while start >= 0:
        before, after = output[max(0, start - 2) : start], output[start + len(part) :][:2]
        inside = before[-1:].isalnum() and part[0].isalnum() or after[:1].isalnum() and part[-1].isalnum()
        decimal = number and len(before) == 2 and before[1] in ".," and before[0].isdigit()
        fraction = part[-1].isdigit() and len(after) == 2 and after[0] in ".," and after[1].isdigit()
        if not (inside or decimal or fraction):
            yield start
        start = output.find(part, start + max(1, len(part)))


def _is_stated(output: str, start: int, end: int, wanted: Sequence[str]) -> bool:
    before, after = output[max(0, start - _NEAR) : start], output[end : end + _NEAR]
    if _DENIED.search(before) or _DENIED_AFTER.match(after):
        return False
    if (found := _OR_AFTER.match(after)) and not after.startswith(tuple(wanted), found.end()):
        return False
    if (found := _OR_BEFORE.search(before)) and not before[: found.start()].rstrip(" ,").endswith(tuple(wanted)):
        return False
    return not _among_amounts(output[start:end], before, after, wanted)


def _among_amounts(part: str, before: str, behind: str, wanted: Sequence[str]) -> bool:
    """Whether an amount stands in a list or range with one the truth does not have: "5 mg, 10 mg", "5 to 10 mg"."""
    if not _AMOUNT.fullmatch(part):
        return False
    unit = re.escape(part.split()[-1])
    beside = [
        re.search(rf"(\d[\d.]*)\s{unit}\s?[,;/]?\s?(?:and|then)?\s?$", before),
        re.search(rf"(\d[\d.]*)(?:\s{unit})?\s?(?:to|or|[-–/])\s?$", before),
        re.match(rf"\s?[,;/–-]?\s?(?:and|then|to|or)?\s?(\d[\d.]*)\s{unit}\b", behind),
    ]
    return any(found is not None and f"{found.group(1)} {part.split()[-1]}" not in wanted for found in beside)


class Extraction(Family):
    """Right if every part of a reference is stated; some parts are `partly` and earn nothing."""

    reads_input: ClassVar[bool] = True

    def score(self, answer: Answer) -> ItemScore:
        """Compare with each reference; the best counts."""
        answer = given(answer)
        output = answer.output or ""
        best = max(
            (self._found(output, reference) for reference in answer.references), key=_rank, default=Found(0, 0, 0)
        )
        right = 0 < best.wanted == best.stated
        if right and repeats(answer) is None and copies(output, answer.input, max(answer.references, key=len)):
            return counted(answer, 0.0, why="repeats the passage", unparsed=True)
        why = f"{best.stated} of {best.wanted} parts found" + (
            f", {best.refused} denied or among others" if best.refused else ""
        )
        score = counted(answer, float(right), why=why, unparsed=bool(best.refused) and not best.stated)
        some = score.outcome is Outcome.WRONG and best.stated > 0
        return score._replace(outcome=Outcome.PARTLY) if some else score

    @staticmethod
    def _found(output: str, reference: str) -> Found:
        if says_none(reference):
            return Found(int(says_none(output)), 0, 1)
        if normal(output) == normal(reference):
            return Found(1, 0, int(bool(bare(reference))))
        if fields := form(lines(reference)):
            return read_form(lines(output), fields)
        return read_parts(plain(output), parts(reference))


def _rank(found: Found) -> tuple[float, int]:
    return (found.stated / found.wanted if found.wanted else 0.0), found.refused
