"""BioC XML: each `document` is a record in the shared shape of annotated text.

    read(raw)      # id VARCHAR, then text, entities, relations

Passages (or their sentences) are set at the offsets they state, blanks between; an annotation's type is its infon
`type`, other infons whose key is `identifier` or names a vocabulary (MESH, OMIM, "NCBI Gene") are its refs. A
relation's type is its infon `relation` or `type`; its other infons are arguments in the role of their key, as in
BC5CDR, where the nodes are identifiers. Format: Comeau et al. 2013, doi:10.1093/database/bat064.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import Addressed, BaseReader, Fault, Options, Reason, Record
from meds_pipeline.readers.spans import (
    ANNOTATED,
    AnnotationError,
    Entity,
    Relation,
    Span,
    check_mention,
    entity,
)
from meds_pipeline.readers.xml_elements import ElementError, element_bytes, element_text, element_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml import etree

_FIX = "Correct the document, or fetch the file again."
_NO_REFERENCE = frozenset(("type", "annotator", "updated_at", "note", "CompositeRole"))


class BiocReader(BaseReader[Options]):
    """Documents of a BioC file."""

    name = "bioc"
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """Id of the document, then the shared shape."""
        return pa.schema([pa.field("id", pa.string()), *ANNOTATED])

    def records(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Record | Fault]:
        """Go through the documents."""
        limit = options.max_record_bytes

        def values(document: etree._Element) -> tuple[Any, ...]:
            try:
                return _values(document, limit)
            except AnnotationError as error:
                raise ElementError(error.reason, f"{error.detail} {_FIX}") from None

        yield from element_units(raw, "document", options, values)

    def raw_text(
        self,
        raw: BinaryIO,
        address: Addressed,
        *,
        companions: Mapping[str, BinaryIO] | None = None,
        **options: Any,
    ) -> str:
        """The document's own bytes, in the encoding that the file declares."""
        return element_text(raw, address, self.parse(options))


def _values(document: etree._Element, limit: int) -> tuple[Any, ...]:
    text = ""
    for node in document.iter("passage", "sentence"):
        words = node.findtext("text")
        if words is None:
            continue
        offset = _number(node.findtext("offset"))
        if not len(text) <= offset <= limit:
            raise AnnotationError(Reason.BAD_SPAN, f"A passage states the offset {offset}, which is not free.")
        text = text.ljust(offset) + words
    entities = [_entity(node, text) for node in document.iter("annotation")]
    relations = [_relation(node, place) for place, node in enumerate(document.iter("relation"), 1)]
    return (document.findtext("id") or "").strip(), text, entities, relations


def _entity(node: etree._Element, text: str) -> Entity:
    places = [(_number(one.get("offset")), _number(one.get("length"))) for one in node.findall("location")]
    mention = node.findtext("text")
    if not places or mention is None:
        raise AnnotationError(Reason.MISSING_FIELD, "An annotation has no location or no text.")
    spans = [Span(start, start + length) for start, length in places]
    check_mention(text, spans, mention)
    infons = _infons(node)
    refs = [value for key, value in infons if key not in _NO_REFERENCE and value]
    kind = next((value for key, value in infons if key == "type"), None)
    return entity(node.get("id") or "", kind, mention, spans, refs)


def _relation(node: etree._Element, place: int) -> Relation:
    infons = _infons(node)
    kind = next((value for key, value in infons if key in ("relation", "type")), None)
    args = [(key, value) for key, value in infons if key not in ("relation", "type")]
    args += [(one.get("role") or "", one.get("refid") or "") for one in node.findall("node")]
    return {
        "id": node.get("id") or f"R{place}",
        "type": kind,
        "args": [{"role": role, "ref": ref} for role, ref in args],
    }


def _infons(node: etree._Element) -> list[tuple[str, str]]:
    return [(one.get("key") or "", (one.text or "").strip()) for one in node.findall("infon")]


def _number(text: str | None) -> int:
    stripped = (text or "").strip()
    if not stripped.isascii() or not stripped.isdecimal():
        raise AnnotationError(Reason.BAD_SPAN, "An offset or length is not a number.")
    return int(stripped)


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write a collection with a document of one passage a row."""
    from lxml.builder import E

    documents = []
    for row in rows:
        passage = E.passage(E.offset("0"), E.text(row["text"]))
        for one in row["entities"]:
            infons = [] if one["type"] is None else [E.infon(one["type"], key="type")]
            refs = [E.infon(ref, key="identifier") for ref in one["refs"]]
            places = [E.location(offset=str(s["start"]), length=str(s["end"] - s["start"])) for s in one["spans"]]
            passage.append(E.annotation(*infons, *refs, *places, E.text(one["text"]), id=one["id"]))
        relations = []
        for one in row["relations"]:
            kind = [] if one["type"] is None else [E.infon(one["type"], key="relation")]
            nodes = [E.node(refid=end["ref"], role=end["role"]) for end in one["args"]]
            relations.append(E.relation(*kind, *nodes, id=one["id"]))
        documents.append(E.document(E.id(row["id"]), passage, *relations))
    return element_bytes(E.collection(*documents))
