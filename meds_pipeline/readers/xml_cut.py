"""Cuts the elements of one name out of an XML file, with exact byte addresses, and parses each on its own.

XML parsers give no byte positions and stop at the first error. Here a scanner that knows tags, comments and CDATA
finds the elements; each is then parsed by lxml with everything dangerous off: no entities (there is no DTD in an
element, so none is ever expanded), no network, no huge trees. A broken element costs itself only.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from meds_pipeline.readers.base import Fault, Reason, file_fault
from meds_pipeline.readers.window import Found, Window, WindowFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = 1 << 16
_DECLARED = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_NAMESPACE = re.compile(rb"""\bxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")
_PROLOG = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!DOCTYPE(?:[^\[>]|\[.*?\]\s*(?=>))*>", re.DOTALL)
_REST_OF_TAG = re.compile(rb"(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>")
_SKIPPED = {"comment": re.compile(rb"-->"), "cdata": re.compile(rb"\]\]>")}
_TOKEN = 256
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")
_REPAIR = "Repair the element, or fetch the file again."


@dataclass(frozen=True, slots=True)
class Element:
    """One parsed element and its address."""

    start: int
    end: int
    node: etree._Element


@dataclass(frozen=True, slots=True)
class BadElement:
    """One element that cannot be cut out or parsed."""

    start: int
    end: int
    reason: Reason
    detail: str


class XmlFile:
    """One XML file of which the elements called `tag` are wanted, at any depth. They must not hold one another."""

    def __init__(self, raw: BinaryIO, tag: str, encoding: str, limit: int) -> None:
        self._raw, self._tag, self._limit = raw, tag, limit
        self._head = raw.read(HEAD)
        raw.seek(0)
        declared = _DECLARED.search(self._head)
        self.encoding = declared.group(1).decode() if declared else encoding

    @cached_property
    def fault(self) -> Fault | None:
        """What is wrong with the file as a whole; None if nothing is."""
        if self._head.startswith(_WIDE):
            return file_fault(Reason.BAD_ENCODING, "The file is UTF-16. Convert it to UTF-8.")
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            detail = f"The file declares the unknown encoding {self.encoding!r}. Convert it to UTF-8."
            return file_fault(Reason.BAD_ENCODING, detail)
        if self._head.strip() and self._root is None:
            detail = "There is no XML element in the file. Check its reader, or fetch it again."
            return file_fault(Reason.UNREADABLE, detail)
        return None

    def elements(self) -> Iterator[Element | BadElement]:
        """Cut and parse, in file order."""
        before, after = self._wrapper()
        parser = self._parser()
        for piece in self._pieces():
            if isinstance(piece, BadElement):
                yield piece
                continue
            start, body = piece
            try:
                node = etree.fromstring(before + body + after, parser)[0]
            except etree.XMLSyntaxError as error:
                yield BadElement(start, start + len(body), *self._why(body, error))
            except IndexError:
                yield BadElement(start, start + len(body), Reason.BAD_RECORD, f"It is not an element. {_REPAIR}")
            else:
                yield Element(start, start + len(body), node)

    def _parser(self) -> etree.XMLParser:
        return etree.XMLParser(
            encoding=self.encoding,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    @cached_property
    def _root(self) -> re.Match[bytes] | None:
        return _ROOT.search(_PROLOG.sub(lambda match: b" " * len(match.group()), self._head))

    def _wrapper(self) -> tuple[bytes, bytes]:
        """An element around the cut one, with the namespaces that the root declares."""
        spaces = _NAMESPACE.findall(self._root.group(2)) if self._root else []
        return b"<cut " + b" ".join(spaces) + b">", b"</cut>"

    def _pieces(self) -> Iterator[tuple[int, bytes] | BadElement]:
        """Bytes from start tag to end tag; what has only one of the two is bad."""
        name = re.escape(self._tag.encode())
        token = re.compile(
            rb"(?P<comment><!--)|(?P<cdata><!\[CDATA\[)|(?P<open><%b(?=[\s/>]))|(?P<close></%b\s*>)" % (name, name)
        )
        window = Window(self._raw, self._limit)
        position, opened, last_end, lost = 0, -1, 0, False
        while True:
            try:
                found = window.search(token, position, _TOKEN, keep=opened if opened >= 0 else None)
                if found is None:
                    break
                position = found.end
                if found.group in _SKIPPED:
                    position = _skip(window, found, opened)
                elif found.group == "open":
                    if opened >= 0:
                        yield BadElement(opened, found.start, Reason.BAD_RECORD, f"It has no end tag. {_REPAIR}")
                    opened = found.start
                    window.release(opened)
                    position, is_empty = _tag_end(window, found.end)
                    if is_empty:
                        yield self._piece(window, opened, position)
                        opened, last_end = -1, position
                else:
                    if opened >= 0:
                        yield self._piece(window, opened, position)
                    elif not lost:
                        yield BadElement(last_end, position, Reason.BAD_RECORD, f"It has no start tag. {_REPAIR}")
                    opened, last_end, lost = -1, position, False
            except WindowFullError:
                position = max(position, window.end - _TOKEN)
                yield BadElement(opened, position, Reason.TOO_LONG, f"It does not end. {_REPAIR}")
                opened, last_end, lost = -1, position, True
        yield from self._end(window, opened)

    def _piece(self, window: Window, start: int, end: int) -> tuple[int, bytes] | BadElement:
        if end - start > self._limit:
            return BadElement(start, end, Reason.TOO_LONG, "It is over max_record_bytes. Raise the option.")
        return start, window.cut(start, end)

    def _end(self, window: Window, opened: int) -> Iterator[BadElement]:
        """What is missing at the end of the file."""
        if opened >= 0:
            yield BadElement(opened, window.end, Reason.TRUNCATED, "The file ends inside it. Fetch the file again.")
        elif self._root is not None and self._tag.encode() != self._root.group(1):
            self._raw.seek(max(0, window.end - HEAD))
            if b"</" + self._root.group(1) not in self._raw.read(HEAD):
                detail = "The file ends before its root element is closed. Fetch the file again."
                yield BadElement(window.end, window.end, Reason.TRUNCATED, detail)

    def _why(self, body: bytes, error: etree.XMLSyntaxError) -> tuple[Reason, str]:
        try:
            body.decode(self.encoding)
        except UnicodeDecodeError as broken:
            detail = f"Byte {broken.start} of it is not {self.encoding}. Repair the byte, or fetch the file again."
            return Reason.BAD_ENCODING, detail
        if "Entity" in str(error.msg):
            return Reason.BAD_RECORD, f"It refers to an entity, and entities are not expanded. {_REPAIR}"
        line, column = error.position
        return Reason.BAD_RECORD, f"It is not well-formed XML (its line {line}, column {column}). {_REPAIR}"


def _skip(window: Window, found: Found, opened: int) -> int:
    """Position behind a comment or CDATA section; behind its mark where it never ends, so nothing is lost in it."""
    keep = opened if opened >= 0 else found.start
    window.release(keep)
    try:
        end = window.search(_SKIPPED[str(found.group)], found.end, 3, keep=keep)
    except WindowFullError:
        if opened >= 0:
            raise
        end = None
    return found.end if end is None else end.end


def _tag_end(window: Window, position: int) -> tuple[int, bool]:
    """Position behind a start tag and whether it is an empty element; a tag that does not end is taken as ended."""
    while True:
        match = _REST_OF_TAG.match(window.data, position - window.base)
        if match:
            return window.base + match.end(), match.group().endswith(b"/>")
        if window.end - position > HEAD or not window.fill():
            return position, False
