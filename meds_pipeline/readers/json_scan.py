"""Goes through the members of a large JSON list or object, one after the other, with their byte positions.

A whole-file parser needs several times the file in memory, gives no positions, and one bad byte loses all. Here the
file is decoded piece by piece, the standard library's parser says where each value ends, and orjson, which is
stricter, says what it is. Bytes that are no text become lone surrogates, so every character still has its bytes.

A member that cannot be parsed costs only itself where its end is plain. In a file of one member a line, or an
indented one, the next member begins at the next line that begins as the first member's did: no JSON string holds a
line break. In other files the brackets of the bad member must match. Otherwise the rest of the document is one
fault, and so is what stands behind a bracket that closes the list too early.
"""

from __future__ import annotations

import codecs
import json
import re
from itertools import count
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from meds_pipeline.readers.base import UTF8_BOM, Fault, Reason, Record, RecordError, file_fault, record_or_fault
from meds_pipeline.readers.window import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.readers.json_fields import Fields

_parse = json.JSONDecoder(parse_int=float).raw_decode  # only its end counts; int() refuses more than 4,300 digits
_BLANKS = " \t\r\n"
_SPACE = re.compile(f"[{_BLANKS}]++")
_CUT = re.compile(r"[-+.\w\\]*+\Z")
"""What a number, literal or escape may be at the end of the text in memory."""
_PART = re.compile(r'"(?:[^"\\\r\n]|\\.)*+"|[{}\[\]]')
_AHEAD = 64


class JsonText:
    """A sliding window over the text of a JSON file, and a place in it.

    Attributes:
        text: The text in memory.
        at: The place, as an index of `text`.
        byte: The place, as a position in the file.
        blank: The white space that `peek` went over.
    """

    def __init__(self, raw: BinaryIO, encoding: str, limit: int) -> None:
        self._raw, self._encoding, self._limit = raw, encoding, limit
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        head = raw.read(CHUNK)
        self.byte = len(UTF8_BOM) if head.startswith(UTF8_BOM) else 0
        self.text, self.at, self.blank, self._ended = self._decoder.decode(head[self.byte :]), 0, "", False

    def fill(self) -> bool:
        """Forget what is before the place and read on, at least doubling what is kept. False at the end."""
        if not self._ended:
            kept = self.text[self.at :]
            more = self._raw.read(max(CHUNK, len(kept)))
            self._ended = not more
            self.text, self.at = kept + self._decoder.decode(more, final=self._ended), 0
        return not self._ended

    def size(self, piece: str) -> int:
        """How many bytes of the file these characters are."""
        return len(piece) if piece.isascii() else len(piece.encode(self._encoding, "surrogateescape"))

    def take(self, end: int) -> str:
        """Move to the index `end`; return the text up to there."""
        piece = self.text[self.at : end]
        self.at, self.byte = end, self.byte + self.size(piece)
        return piece

    def give_back(self, piece: str) -> None:
        """Move back before the piece, which was taken last."""
        self.text, self.at, self.byte = piece + self.text[self.at :], 0, self.byte - self.size(piece)

    def find(self, pattern: re.Pattern[str], longest: int) -> bool:
        """Move to the next match, which has at most `longest` characters; False at the end of the file."""
        while True:
            if match := pattern.search(self.text, self.at):
                self.take(match.start())
                return True
            self.take(max(self.at, len(self.text) - longest))
            if not self.fill():
                self.take(len(self.text))
                return False

    def peek(self) -> str:
        """Move to the next character that is not white space, and return it; empty at the end of the file."""
        self.blank = ""
        while True:
            mark = self.text[self.at : self.at + 1]
            if mark and mark not in _BLANKS:
                return mark
            if match := _SPACE.match(self.text, self.at):
                self.blank += self.take(match.end())
            if self.at == len(self.text) and not self.fill() and self.at == len(self.text):
                return ""

    def expect(self, mark: str) -> None:
        """Take a bracket, comma or colon.

        Raises:
            RecordError: Something else is there.
        """
        if (found := self.peek()) != mark:
            problem = "there is something else" if found else "the file ends"
            raise RecordError(Reason.BAD_RECORD if found else Reason.TRUNCATED, f"Where {mark} should be, {problem}.")
        self.take(self.at + 1)

    def value(self) -> str:
        """Take a JSON value.

        Raises:
            RecordError: It is no JSON, or does not end before the file or the longest record does.
        """
        self.peek()
        while True:
            try:
                end = _parse(self.text, self.at)[1]
                if self.text[end - 1] in '}]"' or not _CUT.match(self.text, end) or not self._more():
                    return self.take(end)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or _CUT.match(self.text, error.pos)
                if not is_cut:
                    raise RecordError(Reason.BAD_RECORD, "It is not valid JSON.") from None
                if not self._more():
                    raise RecordError(Reason.TRUNCATED, "The file ends inside it.") from None
            except RecursionError:
                raise RecordError(Reason.BAD_RECORD, "Its brackets are too deep.") from None

    def _more(self) -> bool:
        if len(self.text) - self.at > self._limit:
            raise RecordError(Reason.TOO_LONG, f"It does not end within {self._limit} bytes.")
        return self.fill()

    def key(self) -> str:
        """Take a key and its colon; return the key as it is written.

        Raises:
            RecordError: There is none.
        """
        if self.peek() != '"':
            raise RecordError(Reason.BAD_RECORD, "It does not begin with a key.")
        key = self.value()
        self.expect(":")
        return key

    def skip_brackets(self) -> bool:
        """Move behind a value by its brackets and quotes alone; False where they do not match."""
        while self.text[self.at : self.at + 1] in tuple('{["'):
            depth = 0
            for part in _PART.finditer(self.text, self.at):
                depth += (part.group() in "{[") - (part.group() in "}]")
                if not depth:
                    self.take(part.end())
                    return True
            if len(self.text) - self.at > self._limit or not self.fill():
                break
        return False

    def load(self, piece: str) -> Any:
        """Parse a value.

        Raises:
            RecordError: It is not text in the file's encoding, or no JSON.
        """
        try:
            return orjson.loads(piece)
        except orjson.JSONDecodeError:
            try:
                piece.encode(self._encoding)
            except UnicodeEncodeError as error:
                detail = f"Byte {self.size(piece[: error.start])} of it is not {self._encoding}."
                raise RecordError(Reason.BAD_ENCODING, f"{detail} {REPAIR}") from None
            raise RecordError(Reason.BAD_RECORD, f"It is not valid JSON. {REPAIR}") from None


REPAIR = "Repair the record, or fetch the file again."


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
        yield from self._behind()

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
                if found is None and self._line is None and error.reason is not Reason.TRUNCATED:
                    yield self._rest(start, error)
                    return
                detail = f"{error.detail} {REPAIR}"
                yield Fault(index, start, text.byte - start, error.reason.value, detail)
                if found is None:
                    return
                behind = found
        text.expect(self._closing)
        yield from self._behind()

    def _next(self, *, behind: bool) -> str:
        """Move to the next member, past the comma where one stands `behind` another; return its first character."""
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
        """The member that begins here; it is taken.

        Raises:
            RecordError: It cannot be cut out.
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
        """A member at the very end of the file, its list not closed, may have swallowed the ones behind it."""
        text = self._text
        at_end = not text.peek()
        text.give_back(text.blank)
        if at_end and (inside := line.search(piece)):
            text.give_back(piece[inside.start() :])
            raise RecordError(Reason.BAD_RECORD, "It has no closing bracket.")

    def _resume(self) -> bool | None:
        """Move behind a bad member (True), or to the line of the next (False); None if neither is found."""
        text = self._text
        if self._line:
            return False if text.find(self._line, len(self._line.pattern)) else None
        return True if text.skip_brackets() and text.peek() in (",", self._closing) else None

    def _behind(self) -> Iterator[Fault]:
        """Check that behind the records comes the rest of the objects around them, and nothing else."""
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
                raise RecordError(Reason.BAD_RECORD, "The list is closed before its last record.")
        except RecordError as error:
            if error.reason is not Reason.TOO_LONG:  # a long value that is no record may stand there
                yield self._rest(start, error)

    def _rest(self, start: int, error: RecordError) -> Fault:
        """All from a byte on, as one fault."""
        text = self._text
        text.take(len(text.text))
        while text.fill():
            text.take(len(text.text))
        length = text.byte - start
        detail = f"{error.detail} So the {length} bytes from here to the end of the file are not read. {REPAIR}"
        return Fault(-1, start, length, error.reason.value, detail)
