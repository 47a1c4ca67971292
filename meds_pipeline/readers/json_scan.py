"""Finds the members of a large JSON list or object one after the other, with their byte positions.

A whole-file parser needs several times the file in memory, gives no positions, and one bad byte loses all. Here a
scanner that knows only strings and brackets cuts the members out of a sliding window, and orjson parses each.
After a break (a missing bracket, a flipped quote, bytes that are no text) it finds the next member again: in
files with one member a line (or indented) by the line's exact indentation, which is safe because no JSON string
holds a line break; in files without line breaks by trying each `{` until one parses and has the expected fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meds_pipeline.readers.base import UTF8_BOM, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meds_pipeline.readers.json_fields import Fields
    from meds_pipeline.readers.window import Window

_SKIP = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\\r\n]++|\\[^\r\n])*+")*+')
_OPEN_STRING = re.compile(rb'"(?:[^"\\\r\n]++|\\[^\r\n])*+')
_LITERAL = re.compile(rb"[^\s,\[\]{}\":]++")
_QUOTE, _BACKSLASH, _COMMA, _COLON = b'"'[0], b"\\"[0], b","[0], b":"[0]
_CLOSING = {b"{"[0]: b"}"[0], b"["[0]: b"]"[0]}
_ANY_KEY, _ANY_OBJECT = re.compile(rb'(?=")'), re.compile(rb"(?=\{)")
_TRY_AT_LEAST = 1 << 16


class Broken(Exception):
    """A member cannot be cut out or parsed.

    Attributes:
        start: Where it begins.
        reason: See `Reason`.
        detail: What is wrong, as one sentence.
        search_from: The next member begins here or later.
        end: Where it ends, if its brackets match; the next member then begins behind it at the latest.
    """

    def __init__(
        self, start: int, reason: Reason, detail: str, search_from: int | None = None, end: int | None = None
    ) -> None:
        super().__init__(start, reason, detail)
        self.start, self.reason, self.detail, self.end = start, reason, detail, end
        self.search_from = start + 1 if search_from is None else search_from


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
        if 0 <= base + found - start <= limit and (found < len(data) or data[found - 1] in b'}]"'):
            return base + found
        if max(found, len(data)) + base - start > limit:
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
    """Goes through the members of one list or object and past the broken ones."""

    def __init__(self, window: Window, fields: Fields, *, keyed: bool) -> None:
        self._window, self._fields, self._keyed = window, fields, keyed
        self._close = b"}"[0] if keyed else b"]"[0]
        self._line_start: re.Pattern[bytes] | None = None
        self._longest = 0

    def walk(self, position: int, depth: int) -> Iterator[Member | Gap]:
        """Members of the list or object at `position`, which stands inside `depth` objects.

        Where there is no opening bracket, as after a damaged first byte, it begins at the first member that fits.
        """
        window = self._window
        opening = b"{"[0] if self._keyed else b"["[0]
        if window.byte(position) == opening:
            self._learn(position)
            yield from self._walk(position + 1, depth)
            return
        found = self._next(position)
        detail = f"It does not begin with {chr(opening)}."
        yield Gap(position, window.end if found is None else found, Reason.BAD_RECORD, detail)
        if found is not None:
            yield from self._walk(found, depth)

    def _walk(self, position: int, depth: int) -> Iterator[Member | Gap]:
        window = self._window
        behind: int | None = None
        while True:
            try:
                if behind is not None:
                    position = self._separator(behind)
                position = window.space(position)
                window.release(position)
                if window.byte(position) == self._close:
                    self._finish(position, depth)
                    return
                member = self._member(position)
                if window.byte(window.space(member.end)) < 0:
                    self._check_last(member)
                self._longest = max(self._longest, member.end - member.start)
                yield member
                behind = member.end
            except Broken as broken:
                found = self._next(broken.search_from, broken.end)
                end = window.end if found is None else found
                if broken.start < end or broken.reason is Reason.TRUNCATED:
                    yield Gap(broken.start, end, broken.reason, broken.detail)
                if found is None:
                    return
                position, behind = found, (found if found == broken.end else None)

    def _separator(self, behind: int) -> int:
        """Where to go on behind a member: behind its comma, or at the closing bracket."""
        position = self._window.space(behind)
        byte = self._window.byte(position)
        if byte == _COMMA:
            self._learn(position)
            return position + 1
        if byte != self._close:
            raise _between(behind, byte)
        return position

    def _finish(self, last: int, depth: int) -> None:
        """Check that the rest of the document follows the closing bracket at `last`, and no lost member."""
        window = self._window
        while depth:
            after = window.space(last + 1)
            window.release(last)
            byte = window.byte(after)
            if byte == b"}"[0]:
                depth, last = depth - 1, after
            elif byte == _COMMA:
                try:
                    _, value_start = self._key(window.space(after + 1), None)
                    last = value_end(window, value_start) - 1
                except Broken as broken:
                    if broken.reason is Reason.TOO_LONG:
                        return
                    raise _between(last, 0) from None
                except ValueError:
                    raise _between(last, 0) from None
            else:
                raise _between(last, byte)
        if window.byte(window.space(last + 1)) >= 0:
            raise _between(last, 0)

    def _check_last(self, member: Member) -> None:
        """A member at the very end of the file, its list not closed, may have swallowed the ones behind it."""
        inside = self._next(member.start + 1, member.end)
        if inside is not None and inside < member.end:
            raise Broken(member.start, Reason.BAD_RECORD, "It has no closing bracket.", inside)

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
        window, key, value_start, end = self._window, None, start, None
        try:
            if self._keyed:
                key, value_start = self._key(start, limit)
            end = value_end(window, value_start, limit)
            return Member(start, end, key, self._fields.load(window.cut(value_start, end)))
        except Broken as broken:
            raise Broken(start, broken.reason, broken.detail) from None
        except ValueError:
            reason, detail = self._fields.why(window.cut(start, window.end if end is None else end))
            raise Broken(start, reason, detail, end=end) from None

    def _key(self, start: int, limit: int | None) -> tuple[str, int]:
        """The key at `start` and where its value begins."""
        window = self._window
        if window.byte(start) != _QUOTE:
            raise Broken(start, Reason.BAD_RECORD, "It does not begin with a key.")
        end = value_end(window, start, limit)
        colon = window.space(end)
        if window.byte(colon) != _COLON:
            raise Broken(start, Reason.BAD_RECORD, "There is no colon after its key.")
        return str(self._fields.load(window.cut(start, end))), window.space(colon + 1)

    def _next(self, position: int, stop: int | None = None) -> int | None:
        """Where the next member begins, from a position on; at the latest at `stop`, None at the end of the file."""
        window = self._window
        pattern = self._line_start or (_ANY_KEY if self._keyed else _ANY_OBJECT)
        overlap = 1 << 12 if self._line_start else 1
        while True:
            match = window.search(pattern, position, overlap)
            if match is None or (stop is not None and match.end >= stop):
                return stop
            if self._line_start is not None or self._fits(match.end):
                return match.end
            position = match.end + 1

    def _fits(self, position: int) -> bool:
        self._window.release(position)
        try:
            member = self._member(position, limit=max(_TRY_AT_LEAST, 16 * self._longest))
        except Broken:
            return False
        return self._fields.plausible(member.value)


def _between(position: int, byte: int) -> Broken:
    """What stands behind a member, or behind the closing bracket, belongs to no member."""
    if byte < 0:
        return Broken(position, Reason.TRUNCATED, "The file ends before its list is closed.", position)
    return Broken(position, Reason.BAD_RECORD, "Between two records is something other than a comma.", position)


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
