"""Normal forms of texts, shared by the corrected families."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import upstream_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from meds_pipeline.scoring.base import Answer

_ENDS = " ,;:.!?#•·…、。"
_STARTS = " ,;:!?#•·…、。"  # a full stop may start a number
_OPENERS = {"(": ")", "[": "]", "{": "}", "「": "」", "“": "”", "‘": "’", "«": "»"}
_CLOSERS = {closer: opener for opener, closer in _OPENERS.items()}
_QUOTES = "\"'`*_"
_LAYERS = 8
"""Brackets and quotes around a text are taken off at most so many times: nobody writes more, and time stays linear."""


def given(answer: Answer, *, none_is_said: bool = False) -> Answer:
    """The answer with its output only where there is one: not after an error, nor where readers count it as missing.

    Args:
        answer: The answer.
        none_is_said: Whether "None" may be what a model says, since there may be nothing to name. In a CSV file it
            cannot be told from a missing cell; that makes no difference to the counts.
    """
    if answer.output is None:
        return answer
    word = none_is_said and answer.output in ("None", "N/A", "n/a", "NULL", "null")
    missing = answer.error is not None or (upstream_cell(answer.output) is None and not word)
    return answer._replace(output=None) if missing else answer


def repeats(answer: Answer) -> str | None:
    """The reference that an output is word for word; None where it is none, or only marks."""
    said = normal(answer.output or "")
    return next((reference for reference in answer.references if normal(reference) == said and bare(said)), None)


def normal(text: str) -> str:
    """NFKC, case-folded, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bare(text: str) -> str:
    """Normal form without what frames it: marks at the ends, quotes and brackets that enclose all of it or match none.

    What belongs to a name stays: `nad(+)`, `[3h]dopamine`, `5'`.
    """
    text = normal(text)
    for _ in range(_LAYERS):
        before = text
        text = _unframed(text.rstrip(_ENDS).lstrip(_STARTS))
        if text == before:
            break
    return text


def _unframed(text: str) -> str:
    """The text without one layer of quotes or brackets."""
    if len(text) < 2:
        return "" if text in _OPENERS or text in _CLOSERS or text in ('"', "`") else text
    first, last = text[0], text[-1]
    inside = text[1:-1]
    if first == last and first in _QUOTES and (first not in inside or first * 2 == text[:2] == text[-2:]):
        return inside
    if _OPENERS.get(first) == last and _closes_last(text, first, last):
        return inside
    if first == '"' or (first in _OPENERS and _OPENERS[first] not in text):
        return text[1:]
    if last == '"' or (last in _CLOSERS and _CLOSERS[last] not in text):
        return text[:-1]
    return text


def _closes_last(text: str, opener: str, closer: str) -> bool:
    """Whether the bracket that the text opens with is the one it closes with."""
    depth = 0
    for place, char in enumerate(text):
        depth += (char == opener) - (char == closer)
        if not depth:
            return place == len(text) - 1
    return False


def without(text: str, lead_ins: Iterable[str]) -> str:
    """The text without the first of the lead-ins that it starts with (compared in lower case)."""
    stripped = text.strip()
    for lead in lead_ins:
        if lead and stripped.lower().startswith(lead.lower()):
            return stripped[len(lead) :].strip()
    return stripped


def likeness(first: Set[str], second: Set[str]) -> float:
    """Jaccard likeness of two sets; 1 for two empty ones."""
    return len(first & second) / len(first | second) if first | second else 1.0
