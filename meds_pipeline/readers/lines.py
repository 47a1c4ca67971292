"""Lines of a byte stream with their positions, in bounded memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from meds_pipeline.readers.base import UTF8_BOM

if TYPE_CHECKING:
    from collections.abc import Iterator


TOO_LONG = "The line is longer than max_record_bytes. Is a line break missing? Otherwise raise the option."


class Line(NamedTuple):
    """One line.

    Attributes:
        start: First byte in the file (behind a byte order mark).
        body: The bytes without their line break; only the first `limit` where too long.
        ending: The line break; empty at the end of a file without one.
        too_long: Bytes that are not in `body` because the line is over the limit; 0 for all others.
    """

    start: int
    body: bytes
    ending: bytes
    too_long: int

    @property
    def size(self) -> int:
        """Bytes of the line without its line break."""
        return len(self.body) + self.too_long


def iter_lines(raw: BinaryIO, limit: int) -> Iterator[Line]:
    r"""Yield the lines of a file, ended by `\n` or `\r\n`; a lone `\r` ends no line."""
    position = 0
    for piece in iter(partial(raw.readline, limit), b""):
        start = position
        position += len(piece)
        if piece.endswith(b"\r\n"):
            body, ending = piece[:-2], b"\r\n"
        elif piece.endswith(b"\n"):
            body, ending = piece[:-1], b"\n"
        else:
            body, ending = (piece[:-1], b"\r") if piece.endswith(b"\r") else (piece, b"")
        if start == 0 and body.startswith(UTF8_BOM):
            start, body = len(UTF8_BOM), body[len(UTF8_BOM) :]
        lost = 0
        if len(piece) >= limit and not piece.endswith(b"\n"):
            lost = _skip_line(raw, limit)
            position += lost
        yield Line(start, body, ending, lost)


def _skip_line(raw: BinaryIO, limit: int) -> int:
    """Read to the end of the line; at least 1, so that the line counts as too long."""
    lost = 0
    while piece := raw.readline(limit):
        lost += len(piece)
        if piece.endswith(b"\n"):
            break
    return max(1, lost)
