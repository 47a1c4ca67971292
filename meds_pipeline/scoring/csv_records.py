"""Records of a CSV file in one pass, with their lines, which can be read again where a quote was lost."""

from __future__ import annotations

import codecs
import csv
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_END = "\x04 end of file\n"
"""Read after the last line: a record of its own, unless a quote is still open."""
_START = re.compile(r'"?(?:task\d+|x_\w+)"?,')
_PREFIXES = ("task", '"task', "x_", '"x_')
_ESCAPED = re.compile("[\udc80-\udcff]")
_CHUNK = 1 << 20


class WrongByte(NamedTuple):
    """A byte that is not UTF-8, and where in the file it is."""

    byte: int
    offset: int


class Records:
    """The records of a CSV file as lists of cells, to be used in a `with`.

    Lines of nothing but blanks are passed over, as pandas does. Bytes that are not UTF-8 are escaped.

    Attributes:
        lines: The lines of the record that was given last.
        number: Number of the first of them, from 1.
    """

    def __init__(self, path: Path) -> None:
        self._offset, self._valid = _scan(path)
        self._stream = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._again: list[str] = []
        self._ended = self._turned = False
        self.lines: list[str] = []
        self.number = 1

    def __enter__(self) -> Records:
        """The file is open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._stream.close()

    def __iter__(self) -> Iterator[list[str]]:
        """Every record, the header included."""
        csv.field_size_limit(sys.maxsize)
        while not self._ended:
            self._turned = False
            for cells in csv.reader(self._feed()):
                if not self.lines:
                    return  # the mark of the end
                if len(cells) > 1 or len(self.lines) > 1 or self.lines[0].strip(" \t\r\n"):
                    yield cells
                self.number += len(self.lines)
                if not self._valid:
                    self._offset += sum(len(_bytes(line)) for line in self.lines)
                self.lines.clear()
                if self._turned:
                    break

    def _feed(self) -> Iterator[str]:
        """What `csv.reader` reads: lines that are read again, new ones, the mark of the end."""
        while self._again:
            self.lines.append(self._again.pop())
            yield self.lines[-1]
        for line in self._stream:
            self.lines.append(line)
            yield line
        self._ended = True
        yield _END

    def unclosed(self, cells: Sequence[str]) -> bool:
        """Whether the file ended before the record did, within a quote."""
        return self._ended and cells[-1].endswith(_END)

    def row_within(self) -> int | None:
        """Which of the record's lines after the first looks like the start of a row: a task id and a comma."""
        lines = self.lines
        starts = (i for i in range(1, len(lines)) if lines[i].startswith(_PREFIXES) and _START.match(lines[i]))
        return next(starts, None) if len(lines) > 1 else None

    def read_again(self, start: int) -> None:
        """Let the record end before its line `start`, and be the lines from there on read once more."""
        self._again += reversed(self.lines[start:])
        del self.lines[start:]
        self._turned, self._ended = True, False

    def wrong(self) -> WrongByte | None:
        """The record's first byte that is not UTF-8."""
        offset = self._offset
        for line in () if self._valid else self.lines:
            if found := _ESCAPED.search(line):
                return WrongByte(ord(found.group()) - 0xDC00, offset + len(_bytes(line[: found.start()])))
            offset += len(_bytes(line))
        return None


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogateescape")


def _scan(path: Path) -> tuple[int, bool]:
    """How many bytes of byte order mark a file starts with, and whether it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        mark = len(codecs.BOM_UTF8) if stream.read(3) == codecs.BOM_UTF8 else 0
        stream.seek(0)
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return mark, False
    return mark, True
