r"""Patterns in which \w, \b and \d have the same meaning as in NLTK.

NLTK 3.10 compiles patterns with the `regex` package. There \w matches marks and joiners ("café" with a combining accent
is one word) but no numbers such as ½ or ², and `regex` knows new characters earlier than Python.
"""

from __future__ import annotations

import re
from functools import cached_property


class Pattern:
    """One pattern: by `re` for ASCII texts, where both packages agree and `re` is faster, else by `regex`."""

    def __init__(self, pattern: str) -> None:
        self._ascii = re.compile(pattern)

    @cached_property
    def _unicode(self) -> re.Pattern[str]:
        import regex  # takes 20 ms, so only if a text needs it

        compiled: re.Pattern[str] = regex.compile(self._ascii.pattern)  # the same methods, with the same meaning
        return compiled

    def of(self, text: str) -> re.Pattern[str]:
        """The compiled pattern for this text."""
        return self._ascii if text.isascii() else self._unicode
