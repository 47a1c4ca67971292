"""Finds the members of a large JSON list or object one after the other, with their byte positions.

A whole-file parser needs several times the file in memory, gives no positions, and one bad byte loses all. Here a
scanner that knows only strings and brackets cuts the members out of a sliding window, and orjson parses each.
After a break (a missing bracket, a flipped quote, bytes that are no text) it finds the next member again: in
files with one member a line (or indented) by the line's exact indentation, which is safe because no JSON string
holds a line break; in files without line breaks by trying each `{` until one parses and has the expected fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meds_pipeline.readers.base import UTF8_BOM, Reason

if TYPE_CHECKING:
    from meds_pipeline.readers.window import Window

_SKIP = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\\r\n]++|\\[^\r\n])*+")*+')
_OPEN_STRING = re.compile(rb'"(?:[^"\\\r\n]++|\\[^\r\n])*+')
_LITERAL = re.compile(rb"[^\s,\[\]{}\":]++")
_QUOTE, _BACKSLASH, _COMMA, _COLON = b'"'[0], b"\\"[0], b","[0], b":"[0]
_CLOSING = {b"{"[0]: b"}"[0], b"["[0]: b"]"[0]}
_CLOSERS = frozenset(_CLOSING.values())
_TRY_AT_LEAST = 1 << 16


class Broken(Exception):
    """The member that begins at `start` cannot be cut out or parsed."""

    def __init__(self, start: int, reason: Reason, detail: str) -> None:
        super().__init__(start, reason, detail)
        self.start, self.reason, self.detail = start, reason, detail


@dataclass(frozen=True, slots=True)
class Member:
    """One member: bytes `start` to `end`, its key where it has one, its parsed value."""

    start: int
    end: int
    key: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes `start` to `end` that hold no readable member."""

    start: int
    end: int
    reason: Reason
    detail: str


def value_end(window: Window, start: int, limit: int | None = None) -> int:
    """End of the JSON value that begins at `start`.

    Raises:
        Broken: It does not end before the file or `limit` does, or its brackets do not match.
    """
    limit = limit or window.limit
    while True:
        data, base = window.data, window.base
        found = _value_end(data, start - base)
        if found == _MISMATCH:
            raise Broken(start, Reason.BAD_RECORD, "Its quotes or brackets do not match.")
        if found >= 0 and (found < len(data) or data[found - 1] in b'}]"'):
            return base + found
        if window.end - start > limit:
            raise Broken(start, Reason.TOO_LONG, f"It does not end within {limit} bytes.")
        if not window.fill():
            if found >= 0:
                return base + found
            raise Broken(start, Reason.TRUNCATED, "The file ends inside it.")


_MORE, _MISMATCH = -1, -2


def _value_end(data: bytes, position: int) -> int:
    """End of a value in `data`, `_MORE` where data ends first, or `_MISMATCH`."""
    if position >= len(data):
        return _MORE
    first = data[position]
    if first == _QUOTE:
        return _string_end(data, position)
    if first not in _CLOSING:
        match = _LITERAL.match(data, position)
        return match.end() if match else _MISMATCH
    stack: list[int] = []
    skip = _SKIP.match
    size = len(data)
    while True:
        match = skip(data, position)
        position = match.end() if match else position
        if position >= size:
            return _MORE
        byte = data[position]
        if byte in _CLOSING:
            stack.append(_CLOSING[byte])
        elif byte == _QUOTE:
            found = _string_end(data, position)
            return found if found < 0 else _MISMATCH
        elif byte != stack.pop():
            return _MISMATCH
        elif not stack:
            return position + 1
        position += 1


def _string_end(data: bytes, position: int) -> int:
    match = _OPEN_STRING.match(data, position)
    end = match.end() if match else position
    if end >= len(data) or (data[end] == _BACKSLASH and end + 1 >= len(data)):
        return _MORE
    return end + 1 if data[end] == _QUOTE else _MISMATCH


class Members:
    """Goes through the members of one list or object and past the broken ones.

    Args:
        window: The file.
        keyed: True for the members of an object.
        load: Bytes to a value; raises ValueError.
        plausible: Whether a value found while searching for the next member is one.
    """

    def __init__(
        self,
        window: Window,
        *,
        keyed: bool,
        load: Callable[[bytes], Any],
        plausible: Callable[[Any], bool],
    ) -> None:
        self._window, self._keyed, self._load, self._plausible = window, keyed, load, plausible
        self._close = b"}"[0] if keyed else b"]"[0]
        self._line_start: re.Pattern[bytes] | None = None
        self._longest = 0

    def walk(self, position: int, nested: bool) -> Iterator[Member | Gap]:
        """Members from the position after the opening bracket; `nested` if the file goes on after the closing one."""
        window = self._window
        self._learn(position - 1)
        while True:
            try:
                position = window.space(position)
                window.release(position)
                if window.byte(position) == self._close:
                    if self._finished(position + 1, nested):
                        return
                    raise Broken(position + 1, Reason.BAD_RECORD, "Something follows the end of the list.")
                member = self._member(position)
                self._longest = max(self._longest, member.end - member.start)
                yield member
                position = window.space(member.end)
                byte = window.byte(position)
                if byte == _COMMA:
                    self._learn(member.end)
                    position += 1
                elif byte != self._close:
                    raise self._no_separator(position, byte)
            except Broken as broken:
                found = self._next_after(broken.start)
                end = window.end if found is None else found
                if broken.start < end or broken.reason is Reason.TRUNCATED:
                    yield Gap(broken.start, end, broken.reason, broken.detail)
                if found is None:
                    return
                position = found

    @staticmethod
    def _no_separator(position: int, byte: int) -> Broken:
        if byte < 0:
            return Broken(position, Reason.TRUNCATED, "The file ends before its list is closed.")
        return Broken(position, Reason.BAD_RECORD, "There is no comma between two records.")

    def _finished(self, position: int, nested: bool) -> bool:
        byte = self._window.byte(self._window.space(position))
        return byte in (_COMMA, *_CLOSERS) if nested else byte < 0

    def _learn(self, position: int) -> None:
        """Remember how a member's line begins: the line break and the exact blanks before it."""
        if self._line_start is not None:
            return
        window = self._window
        after = window.space(position + 1)
        blank = window.cut(position + 1, after)
        if window.byte(after) >= 0 and b"\n" in blank:
            indent = blank[blank.rindex(b"\n") :]
            follow = rb'(?=")' if self._keyed else rb"(?=[^\s,\]}])"
            self._line_start = re.compile(re.escape(indent) + follow)

    def _member(self, start: int, limit: int | None = None) -> Member:
        window, key, value_start = self._window, None, start
        try:
            if self._keyed:
                if window.byte(start) != _QUOTE:
                    raise Broken(start, Reason.BAD_RECORD, "It does not begin with a key.")
                key_end = value_end(window, start, limit)
                colon = window.space(key_end)
                if window.byte(colon) != _COLON:
                    raise Broken(start, Reason.BAD_RECORD, "There is no colon after its key.")
                key = self._load(window.cut(start, key_end))
                value_start = window.space(colon + 1)
            end = value_end(window, value_start, limit)
            return Member(start, end, key, self._load(window.cut(value_start, end)))
        except Broken as broken:
            raise Broken(start, broken.reason, broken.detail) from None
        except UnicodeDecodeError:
            raise Broken(start, Reason.BAD_ENCODING, "Its bytes are not text in the file's encoding.") from None
        except ValueError:
            raise Broken(start, Reason.BAD_RECORD, "It is not valid JSON.") from None

    def _next_after(self, start: int) -> int | None:
        """Where the next member begins after a break at `start`."""
        window, position = self._window, start
        pattern = self._line_start or (re.compile(rb'(?=")') if self._keyed else re.compile(rb"(?=\{)"))
        overlap = 1 << 12 if self._line_start else 1
        while True:
            match = window.search(pattern, position, overlap)
            if match is None:
                return None
            found = match.end
            if self._line_start is not None:
                if found > start:
                    return found
            elif self._fits(found):
                return found
            position = found + 1

    def _fits(self, position: int) -> bool:
        self._window.release(position)
        try:
            member = self._member(position, limit=max(_TRY_AT_LEAST, 16 * self._longest))
        except Broken:
            return False
        return self._plausible(member.value)


def skip_mark(window: Window) -> int:
    """Position after an optional UTF-8 byte order mark and white space."""
    window.byte(0)
    return window.space(len(UTF8_BOM) if window.cut(0, 3) == UTF8_BOM else 0)


def enter(window: Window, position: int, path: tuple[str, ...], load: Callable[[bytes], Any]) -> int:
    """Position of the value at a path of keys, from the object at `position`.

    Raises:
        Broken: There is no such key, or the objects on the way are broken.
    """
    for key in path:
        if window.byte(position) != b"{"[0]:
            raise Broken(position, Reason.MISSING_FIELD, f"There is no object that could hold the field {key}.")
        position = window.space(position + 1)
        while True:
            window.release(position)
            if window.byte(position) != _QUOTE:
                raise Broken(position, Reason.MISSING_FIELD, f"There is no field {key}.")
            key_end = value_end(window, position)
            found = load(window.cut(position, key_end))
            position = window.space(window.space(key_end) + 1)
            if found == key:
                break
            position = window.space(value_end(window, position))
            if window.byte(position) == _COMMA:
                position = window.space(position + 1)
    return position
