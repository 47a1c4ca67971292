r"""Forms ("Gender: F", "Age: [[18.0, 'year']]"): whether an output gives a field its right value, and no other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.scoring.corrected.text import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FIELD = re.compile(r"([^\W\d_][\w ]{0,30}?)\s?:\s?(.+)")
_SEXES = {"m": "m", "male": "m", "man": "m", "boy": "m", "gentleman": "m"}
_SEXES |= {"f": "f", "female": "f", "woman": "f", "girl": "f", "lady": "f"}
_DENIED = re.compile(r"\b(?:not|neither|nor|unknown)\b")
_WORD = re.compile(r"[^\W\d_]+")
_AGE = re.compile(r"(\d+(?:\.\d+)?)[^\w\n]{0,6}(year|yr|y|month|mo|week|wk|day|hour|hr)s?\b")
_UNITS = {"yr": "year", "y": "year", "mo": "month", "wk": "week", "hr": "hour"}
_SHORT = 6
_NUMBER = re.compile(r"\W*(\d+(?:\.\d+)?)\W*")


class Found(NamedTuple):
    """How much of one reference an output holds: parts stated, parts held but refused, parts wanted."""

    stated: int
    refused: int
    wanted: int


def form(truth: str) -> dict[str, str]:
    """Fields of a gold answer of two or more lines that are all "name: value"; empty for any other."""
    lines = [line.strip() for line in truth.split("\n") if line.strip()]
    found = [_FIELD.fullmatch(line) for line in lines]
    fields = {line.group(1): line.group(2) for line in found if line}
    return fields if len(fields) == len(lines) > 1 else {}


def ages(text: str) -> frozenset[str]:
    """The ages of a text, as "18 year"; a number alone is years."""
    found = {f"{float(number):g} {_UNITS.get(unit, unit)}" for number, unit in _AGE.findall(text)}
    alone = _NUMBER.fullmatch(text)
    return frozenset(found or ({f"{float(alone.group(1)):g} year"} if alone else ()))


def sexes(text: str) -> frozenset[str]:
    """The sexes a text names, as m and f."""
    return frozenset(_SEXES[word] for word in _WORD.findall(text) if word in _SEXES and not _DENIED.search(text))


def read_form(output: str, fields: Mapping[str, str]) -> Found:
    """How many fields an output gives the right value; one that it gives several values is refused.

    Args:
        output: Lower case, lines kept, without quotes.
        fields: The right value by name. Ages and sexes are compared by meaning ("Female", "18 years").
    """
    given = _values(output, list(fields))
    stated = refused = 0
    for name, value in fields.items():
        read = _reader(value)
        wanted = read(value)
        if given[name]:
            found = frozenset[str]().union(*map(read, given[name]))
        else:
            found = read(_prose(output)) if read is not _text else frozenset()
        stated += found == wanted
        refused += found > wanted
    return Found(stated, refused, len(fields))


def _prose(output: str) -> str:
    """An output without field names; single letters stand for a sex only in a short one."""
    words = output.split()
    return output if len(words) <= _SHORT else " ".join(word for word in words if len(word.strip(".,;:")) > 1)


def _text(value: str) -> frozenset[str]:
    return frozenset({bare(value)} - {""})


def _reader(value: str) -> Callable[[str], frozenset[str]]:
    """How values like this one are read."""
    if bare(value) in _SEXES:
        return sexes
    return ages if ages(value) else _text


def _values(output: str, names: Sequence[str]) -> dict[str, list[str]]:
    """All values an output gives each field: what follows its name and a colon, up to the next name or line."""
    found: dict[str, list[str]] = {name: [] for name in names}
    either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    places = list(re.finditer(rf"(?<!\w)({either})\s{{0,3}}[:=]\s{{0,3}}", output))
    for place, following in zip(places, [*places[1:], None], strict=False):
        value = output[place.end() : following.start() if following else len(output)]
        found[place.group(1)].append(value.split("\n")[0])
    return found
