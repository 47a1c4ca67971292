"""Lines of a byte stream with their positions, in bounded memory."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from meds_pipeline.readers.base import UTF8_BOM, Options, Piece, Reason, RecordError
from meds_pipeline.readers.window import Window, WindowFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

TOO_LONG = "The line is longer than max_record_bytes. Is a line break missing? Otherwise raise the option."

_BLANK_LINE = re.compile(rb"\n[ \t\r\f\v]*\n")
_BLANK_LINES = re.compile(rb"(?:[ \t\r\f\v]*+\n)++")
_LONGEST_BLANK = 4096


class Lines(Protocol):
    """Anything that gives lines as a file does."""

    def readline(self, limit: int = -1, /) -> bytes:
        """A line with its line break, or the first `limit` bytes of it; empty at the end."""


class Line(NamedTuple):
    """One line.

    Attributes:
        start: First byte in the file (after a byte order mark).
        body: The bytes without their line break; only the first `limit` bytes of a line that is too long.
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


def piece_of(lines: list[Line]) -> Piece:
    """The piece that consists of these consecutive lines."""
    start = lines[0].start
    return Piece(start, lines[-1].start + lines[-1].size - start, lines)


def check_length(piece: Piece, options: Options) -> None:
    """Check that each line, and all lines together, are within the limit.

    Raises:
        RecordError: They are over the limit.
    """
    if piece.length > options.max_record_bytes or any(line.too_long for line in piece.content):
        raise RecordError(Reason.TOO_LONG, TOO_LONG)


def iter_lines(raw: Lines, limit: int, position: int = 0) -> Iterator[Line]:
    r"""Yield the lines of a file from `position` on, ended by `\n` or `\r\n`; a lone `\r` ends no line."""
    # Two more bytes, so that a line as long as the limit comes with its line break.
    for piece in iter(partial(raw.readline, limit + 2), b""):
        start = position
        position += len(piece)
        body, ending = _split(piece)
        if start == 0 and body.startswith(UTF8_BOM):
            start, body = len(UTF8_BOM), body[len(UTF8_BOM) :]
        lost = 0
        if len(body) > limit:
            if ending != b"\n" and ending != b"\r\n":
                last, skipped = _skip_line(raw, limit)
                position += skipped
                ending = _split(last)[1]
            body, lost = body[:limit], position - start - len(ending) - limit
        yield Line(start, body, ending, lost)


def _split(piece: bytes) -> tuple[bytes, bytes]:
    """A line and its line break."""
    if piece.endswith(b"\r\n"):
        return piece[:-2], b"\r\n"
    if piece.endswith(b"\n"):
        return piece[:-1], b"\n"
    return (piece[:-1], b"\r") if piece.endswith(b"\r") else (piece, b"")


def _skip_line(raw: Lines, limit: int) -> tuple[bytes, int]:
    """Read to the end of the line; return its last piece and the number of bytes read."""
    last, skipped = b"", 0
    while piece := raw.readline(limit):
        last, skipped = piece, skipped + len(piece)
        if piece.endswith(b"\n"):
            break
    return last, skipped


def iter_blocks(raw: BinaryIO, limit: int) -> Iterator[tuple[int, bytes]]:
    """Yield the blocks between blank lines: the position of each, and its bytes without the last line break.

    Of a block much longer than `limit` only the beginning is given, which is also over the limit.
    """
    window = Window(raw, limit)
    window.fill()
    position = len(UTF8_BOM) if window.data.startswith(UTF8_BOM) else 0
    while True:
        try:
            found = window.search(_BLANK_LINE, position, _LONGEST_BLANK, keep=position)
        except WindowFullError:
            yield position, window.cut(position, position + limit + 1)
            found = window.search(_BLANK_LINE, max(position, window.end - _LONGEST_BLANK), _LONGEST_BLANK)
        else:
            body = window.cut(position, found.start if found else window.end)
            if leading := _BLANK_LINES.match(body):
                position, body = position + leading.end(), body[leading.end() :]
            if body.strip():
                yield position, body.rstrip(b"\r\n")
        if found is None:
            return
        position = found.end
