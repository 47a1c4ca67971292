"""Cuts the elements of one name out of an XML file, with exact byte addresses, and parses each on its own.

XML parsers give no byte positions and stop at the first error. Here a scanner that knows tags, comments and CDATA
finds the elements. lxml then parses each of them with all dangerous features off: no entities (an element has no DTD,
so none is ever expanded), no network, no huge trees. A broken element costs only itself.
"""

from __future__ import annotations

import codecs
import re
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from lxml import etree

from meds_pipeline.readers.base import (
    Address,
    Fault,
    Options,
    OptionsT,
    Piece,
    PieceReader,
    Reason,
    RecordError,
    file_fault,
)
from meds_pipeline.readers.window import Found, Window, WindowFullError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEAD = 1 << 16
_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?\s*+<\?xml[^>]*?\bencoding\s*+=\s*+["']([A-Za-z0-9._-]+)["']""")
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]*+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>")
_NAMESPACE = re.compile(rb"""\bxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")
_REST_OF_TAG = re.compile(rb"(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>")
_SKIPPED = {"comment": re.compile(rb"-->|(?P<another><!--)"), "cdata": re.compile(rb"\]\]>")}
_DOCTYPE = re.compile(
    rb"""<!DOCTYPE(?:[^\[>"']|"[^"]*"|'[^']*')*+(?:\[(?:<!--.*?-->|<\?.*?\?>|"[^"]*"|'[^']*'|[^\]"'<]|<(?!!--|\?))*+\]\s*)?>""",
    re.DOTALL,
)
_PROLOG = re.compile(rb"(?:[^<]|<!--.*?-->|<\?.*?\?>|" + _DOCTYPE.pattern + rb")*+", re.DOTALL)
_IN_VALUE = re.compile(rb"""<[A-Za-z_](?:[^<>"']|"[^"<]*"|'[^'<]*')*+(["'])[^<]*""")
"""A start tag up to a `<` in the value of an attribute, where `<` is not allowed."""
_TOKEN = 4096
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")
_REPAIR = "Repair the element, or fetch the file again."


class ElementReader(PieceReader[OptionsT]):
    """A reader of XML files in which each element of one name is a record."""

    element: ClassVar[str]
    """Name of the elements that are records, if the format fixes it."""

    def tag(self, options: OptionsT) -> str:
        """Name of the elements that are records."""
        return self.element

    @abstractmethod
    def element_values(self, node: etree._Element, options: OptionsT) -> tuple[Any, ...]:
        """Column values of one element.

        Raises:
            RecordError: The element is not valid.
        """

    def pieces(self, raw: BinaryIO, options: OptionsT, companions: Mapping[str, BinaryIO]) -> Iterator[Piece | Fault]:
        """Cut the elements."""
        file = XmlFile(raw, self.tag(options), options)
        if file.fault is not None:
            yield file.fault
            return
        yield from file.pieces()

    def values(self, piece: Piece, options: OptionsT) -> tuple[Any, ...]:
        """Parse one element and take its values."""
        file, body = piece.content
        return self.element_values(file.parse(body), options)

    def text_at(self, raw: BinaryIO, address: Address, options: OptionsT, companions: Mapping[str, BinaryIO]) -> str:
        """The element's own bytes, in the encoding that the file declares."""
        raw.seek(0)
        encoding = XmlFile(raw, "_", options).encoding
        raw.seek(address.start)
        return raw.read(address.length).decode(encoding, errors="replace")


class XmlFile:
    """One XML file whose elements named `tag`, at any depth, are cut out. They must not be nested in one another."""

    def __init__(self, raw: BinaryIO, tag: str, options: Options) -> None:
        self._raw, self._tag, self._limit = raw, tag, options.max_record_bytes
        self._head = raw.read(HEAD)
        raw.seek(0)
        declared = _DECLARED.match(self._head)
        self.encoding = declared.group(1).decode() if declared else options.encoding

    @cached_property
    def fault(self) -> Fault | None:
        """The fault of the file as a whole; None if it has none."""
        if self._head.startswith(_WIDE):
            return file_fault(Reason.BAD_ENCODING, "The file is UTF-16. Convert it to UTF-8.")
        try:
            b"".decode(self.encoding)
            _ = self._parser
        except (LookupError, UnicodeError):  # not a text codec, or not known to both libraries
            detail = f"The file declares the unknown encoding {self.encoding!r}. Convert it to UTF-8."
            return file_fault(Reason.BAD_ENCODING, detail)
        if self._head.strip() and self._root is None:
            detail = "There is no XML element in the file. Check its reader, or fetch it again."
            return file_fault(Reason.UNREADABLE, detail)
        return None

    def parse(self, body: bytes) -> etree._Element:
        """Parse one element.

        Raises:
            RecordError: It is not well-formed.
        """
        before, after = self._wrapper
        try:
            return etree.fromstring(before + body + after, self._parser)[0]
        except etree.XMLSyntaxError as error:
            raise self._why(body, error) from None
        except IndexError:
            raise RecordError(Reason.BAD_RECORD, f"It is not an element. {_REPAIR}") from None

    @cached_property
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
        prolog = _PROLOG.match(self._head)
        return _ROOT.search(self._head, prolog.end() if prolog else 0)

    @cached_property
    def _wrapper(self) -> tuple[bytes, bytes]:
        """An element around the cut one, with the namespaces that the root declares."""
        spaces = _NAMESPACE.findall(self._root.group(2)) if self._root else []
        return b"<cut " + b" ".join(spaces) + b">", b"</cut>"

    def pieces(self) -> Iterator[Piece]:
        """Cut from start tag to end tag; a piece with only one of the two is bad."""
        name = re.escape(self._tag.encode())
        token = re.compile(
            rb"(?P<comment><!--)|(?P<cdata><!\[CDATA\[)|(?P<doctype><!DOCTYPE)|(?P<open><%b(?=[\s/>]))|(?P<close></%b\s*>)"
            % (name, name)
        )
        window = Window(self._raw, self._limit)
        position, opened, last_end, lost = 0, -1, 0, False
        endless: set[str] = set()  # groups without an end in the rest of the file are not searched again
        while True:
            try:
                found = window.search(token, position, _TOKEN, keep=opened if opened >= 0 else None)
                if found is None:
                    break
                position = found.end
                if found.group in _SKIPPED:
                    position = _skip(window, found, opened, endless)
                elif found.group == "doctype":
                    position = _doctype_end(window, found, opened)
                elif found.group == "open" and (value := _value_around(window, found, opened)):
                    position = value.end
                    if opened < 0:
                        yield _bad(value.start, value.end, Reason.BAD_RECORD, f"A < is in an attribute. {_REPAIR}")
                elif found.group == "open":
                    if opened >= 0:
                        yield _bad(opened, found.start, Reason.BAD_RECORD, f"It has no end tag. {_REPAIR}")
                    opened = found.start
                    window.release(opened)
                    position, is_empty = _tag_end(window, found.end)
                    if is_empty:
                        yield self._cut(window, opened, position)
                        opened, last_end = -1, position
                else:
                    if opened >= 0:
                        yield self._cut(window, opened, position)
                    elif not lost:
                        yield _bad(last_end, position, Reason.BAD_RECORD, f"It has no start tag. {_REPAIR}")
                    opened, last_end, lost = -1, position, False
            except WindowFullError:
                position = max(position, window.end - _TOKEN)
                yield _bad(opened, position, Reason.TOO_LONG, f"It does not end. {_REPAIR}")
                opened, last_end, lost = -1, position, True
        yield from self._end(window, opened)

    def _cut(self, window: Window, start: int, end: int) -> Piece:
        if end - start > self._limit:
            return _bad(start, end, Reason.TOO_LONG, "It is over max_record_bytes. Raise the option.")
        return Piece(start, end - start, (self, window.cut(start, end)))

    def _end(self, window: Window, opened: int) -> Iterator[Piece]:
        """The bad piece of an element, or of a root, that is not closed at the end of the file."""
        if opened >= 0:
            yield _bad(opened, window.end, Reason.TRUNCATED, "The file ends inside it. Fetch the file again.")
        elif self._root is not None and self._tag.encode() != self._root.group(1):
            self._raw.seek(max(0, window.end - HEAD))
            if b"</" + self._root.group(1) not in self._raw.read(HEAD):
                detail = "The file ends before its root element is closed. Fetch the file again."
                yield _bad(window.end, window.end, Reason.TRUNCATED, detail)

    def _why(self, body: bytes, error: etree.XMLSyntaxError) -> RecordError:
        try:
            body.decode(self.encoding)
        except UnicodeDecodeError as broken:
            detail = f"Byte {broken.start} of it is not {self.encoding}. Repair the byte, or fetch the file again."
            return RecordError(Reason.BAD_ENCODING, detail)
        if "Entity" in str(error.msg):
            detail = f"It refers to an entity, and entities are not expanded. {_REPAIR}"
        else:
            line, column = error.position
            detail = f"It is not well-formed XML (its line {line}, column {column}). {_REPAIR}"
        return RecordError(Reason.BAD_RECORD, detail)


def _bad(start: int, end: int, reason: Reason, detail: str) -> Piece:
    return Piece(start, end - start, RecordError(reason, detail))


def _skip(window: Window, found: Found, opened: int, endless: set[str]) -> int:
    """Position after a comment or CDATA section; if it never ends, after its mark only, so that no record is lost."""
    group = str(found.group)
    if group in endless:
        return found.end
    keep = opened if opened >= 0 else found.start
    window.release(keep)
    try:
        end = window.search(_SKIPPED[group], found.end, 4, keep=keep)
        endless |= set() if end else {group}
    except WindowFullError:
        if opened >= 0:
            raise
        end = None
    return found.end if end is None or end.group else end.end


def _doctype_end(window: Window, found: Found, opened: int) -> int:
    """Position after a document type (its entities may look like records); if it never ends, after its mark only."""
    window.release(opened if opened >= 0 else found.start)
    while True:
        if match := _DOCTYPE.match(window.data, found.start - window.base):
            return window.base + match.end()
        if window.end - found.start > HEAD * 16 or not window.fill():
            return found.end


def _value_around(window: Window, found: Found, opened: int) -> Found | None:
    """The start tag around an attribute value that looks like a record, up to the end of this value; else None."""
    place = found.start - window.base
    before = window.data.rfind(b"<", max(0, place - _TOKEN), place)
    match = _IN_VALUE.fullmatch(window.data, before, place) if before >= 0 else None
    if match is None:
        return None
    start = window.base + before
    window.release(opened if opened >= 0 else start)
    while window.end - found.end < HEAD and window.fill():
        pass
    place = found.end - window.base
    end = re.compile(rb"%b(?=[\s/>])" % match[1]).search(window.data, place, place + HEAD)
    return None if end is None else Found(start, window.base + end.end(), None)


def _tag_end(window: Window, position: int) -> tuple[int, bool]:
    """Position after a start tag, and whether it is an empty element; a tag that does not end counts as ended."""
    while True:
        match = _REST_OF_TAG.match(window.data, position - window.base)
        if match:
            return window.base + match.end(), match.group().endswith(b"/>")
        if window.end - position > HEAD or not window.fill():
            return position, False


def element_bytes(root: etree._Element) -> bytes:
    """An XML document with this root."""
    from lxml import etree

    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
