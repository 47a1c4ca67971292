"""Goes through the members of a large JSON list or object, one after the other, with their byte positions.

A whole-file parser needs several times the file in memory, gives no positions, and fails completely at one bad byte.
Here a member that cannot be parsed costs only itself, if its end can be found. In a file with one member per line, or
an indented file, the next member begins at the next line that begins like the line of the first member: no JSON string
holds a line break. In other files the brackets of the bad member must match. If the end is not found, the rest of the
document is one fault; so is the text after a bracket that closes the list too early.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any

from meds_pipeline.readers.base import Fault, Reason, Record, RecordError, file_fault, record_or_fault
from meds_pipeline.readers.json_text import REPAIR, JsonText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.readers.json_fields import Fields

_AHEAD = 64
"""How many characters after a member are searched for the end of the file."""


def enter(text: JsonText, path: tuple[str, ...]) -> None:
    """Move to the value at a path of keys.

    Raises:
        RecordError: There is no such key, or the objects on the way are broken.
    """
    for key in path:
        if text.peek() != "{":
            raise RecordError(Reason.MISSING_FIELD, f"There is no object that could hold the field {key}.")
        text.expect("{")
        while True:
            if text.peek() != '"':
                raise RecordError(Reason.MISSING_FIELD, f"There is no field {key}.")
            if text.load(text.key()) == key:
                break
            text.value()
            if text.peek() == ",":
                text.expect(",")


class Members:
    """The members of the list or object at a place of a text that stands inside `depth` objects."""

    def __init__(self, text: JsonText, fields: Fields, depth: int, limit: int, *, keyed: bool) -> None:
        self._text, self._fields, self._depth, self._limit, self._keyed = text, fields, depth, limit, keyed
        self._opening, self._closing = "{}" if keyed else "[]"
        self._line: re.Pattern[str] | None = None

    def one(self) -> Iterator[Record | Fault]:
        """The value itself as the only record.

        Raises:
            RecordError: It cannot be parsed.
        """
        yield self._unit(0, self._text.byte)
        yield from self._behind("More comes behind the one record. If each line is a record, set `reader: jsonl`.")

    def all(self) -> Iterator[Record | Fault]:
        """Records and faults of all members."""
        text = self._text
        if text.peek() != self._opening:
            yield file_fault(Reason.UNREADABLE, f"The records are not in {self._opening}{self._closing}. {REPAIR}")
            return
        text.expect(self._opening)
        behind = False
        for index in count():
            start = text.byte
            try:
                if self._next(behind=behind) == self._closing:
                    break
                start = text.byte
                yield self._unit(index, start)
                behind = True
            except RecordError as error:
                found = self._resume()
                is_one = found is not None or self._line is not None or error.reason is Reason.TRUNCATED
                yield self._fault(index if is_one else -1, start, error)
                if found is None:
                    return
                behind = found
        text.expect(self._closing)
        yield from self._behind()

    def _next(self, *, behind: bool) -> str:
        """Move to the next member, past the comma if it comes `behind` another one; return its first character."""
        text = self._text
        mark = text.peek()
        if behind and mark == ",":
            text.expect(",")
            mark = text.peek()
        elif behind and mark != self._closing:
            text.give_back(text.blank)
            if not mark:
                raise RecordError(Reason.TRUNCATED, "The file ends before its list is closed.")
            raise RecordError(Reason.BAD_RECORD, "Between two records is something other than a comma.")
        if self._line is None and mark not in ("", self._closing) and "\n" in text.blank:
            indent = text.blank[text.blank.rindex("\n") :]
            self._line = re.compile(indent + ('(?=")' if self._keyed else r"(?=[^\s,\]}])"))
        return mark

    def _unit(self, index: int, start: int) -> Record | Fault:
        """Take the member that begins here, and return its record or fault.

        Raises:
            RecordError: The member cannot be cut out.
        """
        text = self._text
        key = text.key() if self._keyed else None
        piece = text.value()
        if self._line and not text.text[text.at : text.at + _AHEAD].strip():
            self._check_last(piece, self._line)
        length = text.byte - start

        def values() -> tuple[Any, ...]:
            if length > self._limit:
                raise RecordError(Reason.TOO_LONG, "It is over max_record_bytes. Raise the option.")
            before = () if key is None else (text.load(key),)
            return before + self._fields.values(text.load(piece))

        return record_or_fault(index, start, length, values)

    def _check_last(self, piece: str, line: re.Pattern[str]) -> None:
        """Check the last member of a file whose list is not closed: it may contain the members after it."""
        text = self._text
        at_end = not text.peek()
        text.give_back(text.blank)
        if at_end and (inside := line.search(piece)):
            text.give_back(piece[inside.start() :])
            raise RecordError(Reason.BAD_RECORD, "It has no closing bracket.")

    def _resume(self) -> bool | None:
        """Move past a bad member (True), or to the line of the next one (False), or to the end of the file (None)."""
        text = self._text
        if self._line and text.find(self._line, len(self._line.pattern)):
            return False
        if self._line is None and text.skip_brackets() and text.peek() in (",", self._closing):
            return True
        text.to_end()
        return None

    def _behind(self, more: str = "The list is closed before its last record.") -> Iterator[Fault]:
        """Check that only the rest of the enclosing objects follows the records."""
        text = self._text
        start = text.byte
        try:
            for _ in range(self._depth):
                while text.peek() == ",":
                    text.expect(",")
                    text.key()
                    text.value()
                text.expect("}")
            if text.peek():
                raise RecordError(Reason.BAD_RECORD, more)
        except RecordError as error:
            if error.reason is not Reason.TOO_LONG:  # a long value after the records is allowed
                text.to_end()
                yield self._fault(-1, start, error)

    def _fault(self, index: int, start: int, error: RecordError) -> Fault:
        """The fault of the bytes from `start` to the current place: a bad member, or (-1) the rest of the file."""
        length = self._text.byte - start
        rest = f" So the {length} bytes from here to the end of the file are not read." if index < 0 else ""
        return Fault(index, start, length, error.reason.value, f"{error.detail}{rest} {REPAIR}")
