"""The text of a JSON file, piece by piece, in bounded memory, and where in the file each character stands.

The standard library's parser finds the end of a value, and orjson, which is stricter, parses it. Bytes that are not
text become lone surrogates, so that the position of every character in the file is known.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, BinaryIO

import orjson

from meds_pipeline.readers.base import UTF8_BOM, Reason, RecordError
from meds_pipeline.readers.window import CHUNK

REPAIR = "Repair the record, or fetch the file again."
_parse = json.JSONDecoder(parse_int=float).raw_decode  # only the end is used; int() refuses over 4,300 digits
_BLANKS = " \t\r\n"
_SPACE = re.compile(f"[{_BLANKS}]++")
_CUT = re.compile(r"[-+.\w\\]*+\Z")
"""A possibly incomplete number, literal or escape at the end of the text in memory."""
_PART = re.compile(r'"(?:[^"\\\r\n]|\\.)*+"|[{}\[\]]')


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
        """Forget the text before the place and read on, at least doubling the rest; return False at the end."""
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

    def to_end(self) -> None:
        """Move to the end of the file."""
        self.take(len(self.text))
        while self.fill():
            self.take(len(self.text))
        self.take(len(self.text))

    def find(self, pattern: re.Pattern[str], longest: int) -> bool:
        """Move to the next match, which has at most `longest` characters; False, and near the end, if there is none."""
        while True:
            if match := pattern.search(self.text, self.at):
                self.take(match.start())
                return True
            self.take(max(self.at, len(self.text) - longest))
            if not self.fill():
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
            RecordError: It is not JSON, does not end in the file, or is longer than the longest record.
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
        """Move past a value by its brackets and quotes only; return False if they do not match."""
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
