"""Checks a cron schedule without loading Dagster: it has five valid fields, and some day matches them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: dict[str, tuple[int, int, dict[str, int]]] = {
    "minute": (0, 59, {}),
    "hour": (0, 23, {}),
    "day": (1, 31, {}),
    "month": (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    "weekday": (0, 7, {name: number for number, name in enumerate(_DAYS)}),
}
"""First and last value of each field, and names for some values."""
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]{1,2}))?", re.ASCII)


def _cron(text: str) -> str:
    texts = text.split()
    if len(texts) != len(_FIELDS):
        raise ValueError(f"{text!r} is no cron schedule: it has {len(texts)} fields, not {', '.join(_FIELDS)}")
    values = {name: _values(name, field) for name, field in zip(_FIELDS, texts, strict=True)}
    if all(min(values["day"]) > _LENGTHS[month - 1] for month in values["month"]):
        raise ValueError(f"{text!r} is no cron schedule: there is no such day")
    return text


def _values(name: str, field: str) -> set[int]:
    low, high, names = _FIELDS[name]
    found: set[int] = set()
    for part in field.lower().split(","):
        match = _PART.fullmatch(part)
        first, last, step = match.groups() if match else ("", None, None)
        ends = [first or "", last or first or ""] if first is not None else [str(low), str(high)]
        numbers = [names[end] if end in names else int(end) if end.isdecimal() else -1 for end in ends]
        if not low <= numbers[0] <= numbers[1] <= high or step in ("0", "00"):
            raise ValueError(f"{part!r} is no {name} of a cron schedule ({low} to {high})")
        found.update(range(numbers[0], numbers[1] + 1, int(step or 1)))
    return found


Cron = Annotated[str, AfterValidator(_cron)]
"""Text of a cron schedule."""
