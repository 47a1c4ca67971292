"""XML: each element of one name is a record; columns are paths inside it.

    read(raw, record="QAPair", columns={"@pid": "VARCHAR", "Question": "VARCHAR", "Question/@qtype": "VARCHAR"})
    read(raw, record="document", columns={
        "id": "VARCHAR", "sentences": 'STRUCT("@text" VARCHAR, entity STRUCT("@id" VARCHAR, "@type" VARCHAR)[])[]'
    }, paths={"id": "@id", "sentences": "sentence"})

A path is child names joined by `/`, with `.//name` at any depth, `{*}name` in any namespace, an `@attribute` (or
`@xml:lang`) last, or `.` for the element itself. A column's path is its name, unless `paths` gives another. Fields of a
STRUCT are paths from the element found, so parallel parts stay together. A list column takes all matches, any other
column the first match. Text is all text inside, with blanks as upstream wrote them. No match is NULL, an empty element
is ''. Addresses are exact. Entities are not expanded, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from meds_pipeline.readers.base import Reason, RecordError
from meds_pipeline.readers.columns import ColumnOptions, Type
from meds_pipeline.readers.tables import CELLS, cell_text
from meds_pipeline.readers.xml_cut import ElementReader, element_bytes

if TYPE_CHECKING:
    import pyarrow as pa
    from lxml import etree

_XML = "http://www.w3.org/XML/1998/namespace"
_NAME = r"[^\W\d][\w.-]*"
_STEP = rf"(?:\{{[\w:/.#?=&%~+*-]+\}})?(?:{_NAME}|\*)"
_ATTRIBUTE = rf"@(?:{_NAME}:)?{_NAME}"
PATH = re.compile(rf"\.|{_ATTRIBUTE}|(?:\.//?)?{_STEP}(?://?{_STEP})*(?:/{_ATTRIBUTE})?")
_CORRECT = "Correct the element, or the column's path and type."
Extract = Callable[["etree._Element"], Any]


class XmlOptions(ColumnOptions):
    """Options of `xml`. `encoding` is used if the file declares none; `columns` may not have the type MAP."""

    record: str = Field(pattern=r"^[A-Za-z_][\w:.-]*$")
    """Name of the elements that are records, as written in the file (with its prefix, if any). Such elements must
    not hold one another."""

    paths: dict[str, str] = {}
    """Column name to path, for columns whose name is not their path."""

    naming_columns = ("required", "paths")

    @model_validator(mode="after")
    def _paths_can_be_followed(self) -> Self:
        _ = self.extractors
        return self

    @cached_property
    def extractors(self) -> dict[str, Extract]:
        """Functions that take the value of each column out of an element, by column."""
        found = {}
        for name, kind in self.types().items():
            try:
                found[name] = extractor(self.paths.get(name, name), kind)
            except ValueError as error:
                raise ValueError(f"column {name}: {error}") from None
        return found


class XmlReader(ElementReader[XmlOptions]):
    """Elements of an XML file."""

    name = "xml"
    version = 2
    options_type = XmlOptions

    def columns(self, options: XmlOptions) -> pa.Schema:
        """The declared columns."""
        return options.arrow()

    def tag(self, options: XmlOptions) -> str:
        """The declared name of the elements."""
        return options.record

    def element_values(self, node: etree._Element, options: XmlOptions) -> tuple[Any, ...]:
        """The declared columns of one element."""
        found = []
        for name, extract in options.extractors.items():
            try:
                value = extract(node)
            except ValueError as error:
                raise RecordError(Reason.MISTYPED_FIELD, f"Column {name}: {error}. {_CORRECT}") from None
            if name in options.required and value in (None, []):
                raise RecordError(Reason.MISSING_FIELD, f"Nothing is at the path of {name}. {_CORRECT}")
            found.append(value)
        return tuple(found)


def extractor(path: str, kind: Type) -> Extract:
    """A function that takes the value of one column out of an element; it raises ValueError on a wrong type.

    Raises:
        ValueError: The path is not valid, or an element cannot have this type.
    """
    steps, attribute = _split(path)
    if kind.item is not None:
        one = _reader(kind.item, attribute)
        return lambda node: [value for value in map(one, _all(node, steps)) if value is not None]
    one = _reader(kind, attribute)

    def first(node: etree._Element) -> Any:
        found = node if steps == "." else node.find(steps)
        return None if found is None else one(found)

    return first


def _split(path: str) -> tuple[str, str | None]:
    if PATH.fullmatch(path) is None:
        raise ValueError(f"{path!r} is not a path like a/b/@c")
    steps, mark, attribute = path.rpartition("@")
    if not mark:
        return path, None
    return steps.rstrip("/") or ".", attribute


def _attribute(node: etree._Element, name: str) -> str | None:
    """An attribute by its name as written in the file, with its prefix."""
    prefix, colon, local = name.rpartition(":")
    if not colon:
        return node.get(name)
    space = node.nsmap.get(prefix, _XML if prefix == "xml" else "")
    return node.get(f"{{{space}}}{local}")


def _all(node: etree._Element, steps: str) -> list[etree._Element]:
    return [node] if steps == "." else node.findall(steps)


def _reader(kind: Type, attribute: str | None) -> Extract:
    """A function that turns one found element into a value of this type."""
    if kind.fields is not None:
        inner = {name: extractor(name, field) for name, field in kind.fields.items()}
        return lambda node: {name: extract(node) for name, extract in inner.items()}
    if kind.text not in CELLS:
        raise ValueError(f"XML has no {kind.text}; use STRUCT or a list of plain values")
    cell = CELLS[kind.text]

    def text(node: etree._Element) -> Any:
        found = "".join(node.itertext()) if attribute is None else _attribute(node, attribute)
        return None if found is None else cell(found)

    return text


def write(rows: Sequence[Mapping[str, Any]], options: XmlOptions) -> bytes:
    """Write one element per row: as the root if there is one row, else below a root; paths must have plain steps."""
    from lxml import etree

    nodes = []
    for row in rows:
        node = etree.Element(options.record)
        for name, value in row.items():
            _place(node, options.paths.get(name, name), value)
        nodes.append(node)
    if len(nodes) == 1:
        return element_bytes(nodes[0])
    root = etree.Element("records")
    root.extend(nodes)
    return element_bytes(root)


def _place(node: etree._Element, path: str, value: Any, *, another: bool = False) -> None:
    """Put a value at its path: a list as one element per value, a STRUCT below its element."""
    from lxml import etree

    if isinstance(value, list):
        for item in value:
            _place(node, path, item, another=True)
    elif value is not None:
        steps, attribute = _split(path)
        names = [name for name in steps.split("/") if name not in ("", ".")]
        for place, name in enumerate(names, 1):
            found = None if another and place == len(names) else node.find(name)
            node = etree.SubElement(node, name) if found is None else found
        if isinstance(value, dict):
            for inner, part in value.items():
                _place(node, inner, part)
        elif attribute is None:
            node.text = cell_text(value)
        else:
            node.set(attribute, cell_text(value))
