r"""Patterns whose \w, \b and \d mean what they mean in NLTK.

NLTK 3.10 compiles with the `regex` package. There \w has marks and joiners ("café" with a combining accent is one
word) but no numbers such as ½ or ², and new characters are known sooner than Python knows them.
"""

from __future__ import annotations

import re
from functools import cached_property


class Pattern:
    """One pattern: by `re` for ASCII texts, where both agree and `re` is faster, and by `regex` for all others."""

    def __init__(self, pattern: str) -> None:
        self._ascii = re.compile(pattern)

    @cached_property
    def _unicode(self) -> re.Pattern[str]:
        import regex  # takes 20 ms: only where a text needs it

        compiled: re.Pattern[str] = regex.compile(self._ascii.pattern)  # the same methods, with the same meaning
        return compiled

    def of(self, text: str) -> re.Pattern[str]:
        """The compiled pattern for this text."""
        return self._ascii if text.isascii() else self._unicode
