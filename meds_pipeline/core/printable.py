"""Makes text of corpora, files and names safe for a terminal: no character can control it."""

from __future__ import annotations

import re
import sys

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters except tab and line break, marks that change the direction of text, bytes that are not text."""


def excerpt(text: str, most: int, lines: int = sys.maxsize) -> str:
    """Return a text within so many characters and lines; a longer text becomes its start, its length and its end."""
    if len(text) <= most and text.count("\n") < lines:
        return text
    start = text[: most * 2 // 3].splitlines()[: lines * 2 // 3 - 1]
    end = text[-(most // 3) :].splitlines()[-(lines // 3) :]
    return "\n".join([*start, f"[... {len(text):,} characters in all ...]", *end])


def printable(text: str) -> str:
    """Return a text in which every character that controls a terminal is written as its number."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
