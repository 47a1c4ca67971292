"""The part of a byte stream that is in memory, addressed by absolute positions."""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple

CHUNK = 1 << 20


class Found(NamedTuple):
    """Where a pattern matched: bytes `start` to `end`, and the name of the group that matched."""

    start: int
    end: int
    group: str | None


class WindowFullError(Exception):
    """The bytes that must stay in memory are more than the limit."""


class Window:
    """A sliding window over a stream.

    Attributes:
        limit: Most bytes of one record.
        data: The bytes in memory.
        base: Absolute position of `data[0]`.
    """

    def __init__(self, raw: BinaryIO, limit: int) -> None:
        self._raw, self.limit = raw, limit
        self.data, self.base, self._floor, self._ended = b"", 0, 0, False

    @property
    def end(self) -> int:
        """First position not in memory; the size of the file once all is read."""
        return self.base + len(self.data)

    def release(self, position: int) -> None:
        """Allow the window to forget the bytes before this position."""
        self._floor = position

    def fill(self) -> bool:
        """Read on, at least doubling the kept bytes, so that the total work stays linear; return False at the end."""
        kept = self.data[self._floor - self.base :]
        more = b"" if self._ended else self._raw.read(max(CHUNK, len(kept)))
        if not more:
            self._ended = True
            return False
        self.data, self.base = kept + more, self._floor
        return True

    def cut(self, start: int, end: int) -> bytes:
        """A copy of the bytes from `start` to `end`."""
        return self.data[start - self.base : end - self.base]

    def search(self, pattern: re.Pattern[bytes], position: int, overlap: int, keep: int | None = None) -> Found | None:
        """The next match from here; None at the end of the file.

        Args:
            pattern: What to look for.
            position: Where to begin.
            overlap: Length of the longest possible match; so many searched bytes are searched again with more data.
            keep: Bytes from here on stay in memory; None: only bytes that a match may still need.

        Raises:
            WindowFullError: The kept bytes are over the limit.
        """
        while True:
            match = pattern.search(self.data, position - self.base)
            if match:
                return Found(self.base + match.start(), self.base + match.end(), match.lastgroup)
            position = max(position, self.end - overlap)
            self.release(position if keep is None else keep)
            if keep is not None and self.end - keep > self.limit:
                raise WindowFullError
            if not self.fill():
                return None
