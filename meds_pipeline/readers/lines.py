"""Lines of a byte stream with their positions, in bounded memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from meds_pipeline.readers.base import UTF8_BOM

if TYPE_CHECKING:
    from collections.abc import Iterator


class Line(NamedTuple):
    """One line.

    Attributes:
        start: First byte in the file (behind a byte order mark).
        body: The bytes without their line break; cut to `limit` where too long.
        too_long: Whether the line is longer than the limit.
        size: Bytes of the whole line with its line break.
    """

    start: int
    body: bytes
    too_long: bool
    size: int


def iter_lines(raw: BinaryIO, limit: int) -> Iterator[Line]:
    r"""Yield the lines of a file, ended by `\n` or `\r\n`; a lone `\r` ends no line."""
    position = 0
    for piece in iter(partial(raw.readline, limit), b""):
        start, size, body = position, len(piece), piece
        too_long = False
        if start == 0 and piece.startswith(UTF8_BOM):
            start, body = len(UTF8_BOM), piece[len(UTF8_BOM) :]
        while size >= limit and not piece.endswith(b"\n"):
            too_long = True
            piece = raw.readline(limit)  # noqa: PLW2901  # the rest of the same line
            if not piece:
                break
            size += len(piece)
        position += size
        yield Line(start, body.rstrip(b"\r\n"), too_long, size)
