"""Text of corpora, files and names made fit for a terminal: no character of it can steer one."""

from __future__ import annotations

import re
import sys

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and line break, marks that turn the direction of text, bytes that are no text."""


def excerpt(text: str, most: int, lines: int = sys.maxsize) -> str:
    """Return a text within so many characters and lines: of a longer one the start, its length, and the end."""
    if len(text) <= most and text.count("\n") < lines:
        return text
    start = text[: most * 2 // 3].splitlines()[: lines * 2 // 3 - 1]
    end = text[-(most // 3) :].splitlines()[-(lines // 3) :]
    return "\n".join([*start, f"[... {len(text):,} characters in all ...]", *end])


def printable(text: str) -> str:
    """Return a text with every character that a terminal would obey written out by its number."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
