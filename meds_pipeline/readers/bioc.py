"""BioC XML: each `document` is a record in the shared shape of annotated text.

    read(raw)      # id VARCHAR, then text, entities, relations

Passages (or their sentences) are set at the offsets they state, blanks between; an annotation's type is its infon
`type`, other infons whose key is `identifier` or names a vocabulary (MESH, OMIM, "NCBI Gene") are its refs. A
relation's type is its infon `relation` or `type`; its other infons are arguments in the role of their key, as in
BC5CDR, where the nodes are identifiers. Format: Comeau et al. 2013, doi:10.1093/database/bat064.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from meds_pipeline.readers.base import Options, Reason, RecordError
from meds_pipeline.readers.spans import ANNOTATED, FIX, Entity, Relation, Span, check_mention, entity, relation
from meds_pipeline.readers.xml_cut import ElementReader, element_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

_NO_REFERENCE = frozenset(("type", "annotator", "updated_at", "note", "CompositeRole"))


class BiocReader(ElementReader[Options]):
    """Documents of a BioC file."""

    name = "bioc"
    version = 2
    options_type = Options
    element = "document"

    def columns(self, options: Options) -> pa.Schema:
        """Id of the document, then the shared shape."""
        return pa.schema([pa.field("id", pa.string()), *ANNOTATED])

    def element_values(self, node: etree._Element, options: Options) -> tuple[Any, ...]:
        """See `ElementReader.element_values`."""
        text = ""
        for passage in node.iter("passage", "sentence"):
            words = passage.findtext("text")
            if words is None:
                continue
            offset = _number(passage.findtext("offset"))
            if not len(text) <= offset <= options.max_record_bytes:
                raise RecordError(Reason.BAD_SPAN, f"A passage states the offset {offset}, which is not free. {FIX}")
            text = text.ljust(offset) + words
        entities = [_entity(one, text) for one in node.iter("annotation")]
        relations = [_relation(one, place) for place, one in enumerate(node.iter("relation"), 1)]
        return (node.findtext("id") or "").strip(), text, entities, relations


def _entity(node: etree._Element, text: str) -> Entity:
    places = [(_number(one.get("offset")), _number(one.get("length"))) for one in node.findall("location")]
    mention = node.findtext("text")
    if not places or mention is None:
        raise RecordError(Reason.MISSING_FIELD, f"An annotation has no location or no text. {FIX}")
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
    return relation(node.get("id") or f"R{place}", kind, args)


def _infons(node: etree._Element) -> list[tuple[str, str]]:
    return [(one.get("key") or "", (one.text or "").strip()) for one in node.findall("infon")]


def _number(text: str | None) -> int:
    stripped = (text or "").strip()
    if not stripped.isascii() or not stripped.isdecimal():
        raise RecordError(Reason.BAD_SPAN, f"An offset or length is not a number. {FIX}")
    return int(stripped)


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write a collection with one document of one passage per row."""
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
