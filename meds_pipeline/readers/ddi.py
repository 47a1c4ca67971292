"""DDI corpus XML: each `sentence` is a record in the shared shape of annotated text.

    read(raw)      # id VARCHAR, then text, entities, relations

`charOffset` is inclusive at both ends and may name several spans (`40-49;63-70`); here ends are exclusive. Each pair is
a relation with the arguments `e1` and `e2`; its type is NULL if the pair does not interact.
Format: Herrero-Zazo et al. 2013, doi:10.1016/j.jbi.2013.07.011.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from meds_pipeline.readers.base import Options, Reason, RecordError
from meds_pipeline.readers.spans import ANNOTATED, FIX, Entity, Relation, Span, check_spans, entity, relation
from meds_pipeline.readers.xml_cut import ElementReader, element_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

_OFFSETS = re.compile(r"[0-9]+-[0-9]+(?:;[0-9]+-[0-9]+)*")


class DdiReader(ElementReader[Options]):
    """Sentences of a DDI corpus file."""

    name = "ddi"
    version = 2
    options_type = Options
    element = "sentence"

    def columns(self, options: Options) -> pa.Schema:
        """Id of the sentence, then the shared shape."""
        return pa.schema([pa.field("id", pa.string()), *ANNOTATED])

    def element_values(self, node: etree._Element, options: Options) -> tuple[Any, ...]:
        """See `ElementReader.element_values`."""
        text = _attribute(node, "text")
        entities = [_entity(one, text) for one in node.findall("entity")]
        known = {one["id"] for one in entities}
        relations = [_relation(one, known) for one in node.findall("pair")]
        return _attribute(node, "id"), text, entities, relations


def _attribute(node: etree._Element, name: str) -> str:
    value = node.get(name)
    if value is None:
        raise RecordError(Reason.MISSING_FIELD, f"It, or one of its entities or pairs, has no {name}. {FIX}")
    return value


def _entity(node: etree._Element, text: str) -> Entity:
    offsets = _attribute(node, "charOffset")
    if _OFFSETS.fullmatch(offsets) is None:
        raise RecordError(Reason.BAD_SPAN, f"The charOffset of an entity cannot be read. {FIX}")
    pairs = [part.split("-") for part in offsets.split(";")]
    spans = [Span(int(first), int(last) + 1) for first, last in pairs]
    check_spans(text, spans)
    return entity(_attribute(node, "id"), _attribute(node, "type"), _attribute(node, "text"), spans)


def _relation(node: etree._Element, known: set[str]) -> Relation:
    ends = [(role, _attribute(node, role)) for role in ("e1", "e2")]
    if not {ref for _, ref in ends} <= known:
        raise RecordError(Reason.BAD_REFERENCE, f"A pair names an entity that is not there. {FIX}")
    kind = (node.get("type") or "true") if _attribute(node, "ddi") == "true" else None
    return relation(_attribute(node, "id"), kind, ends)


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write a document with one sentence per row."""
    from lxml.builder import E

    sentences = []
    for row in rows:
        parts = []
        for one in row["entities"]:
            offsets = ";".join(f"{span['start']}-{span['end'] - 1}" for span in one["spans"])
            parts.append(E.entity(id=one["id"], charOffset=offsets, type=one["type"], text=one["text"]))
        for pair in row["relations"]:
            kind = {"ddi": "false"} if pair["type"] is None else {"ddi": "true", "type": pair["type"]}
            ends = {end["role"]: end["ref"] for end in pair["args"]}
            parts.append(E.pair(id=pair["id"], **ends, **kind))
        sentences.append(E.sentence(*parts, id=row["id"], text=row["text"]))
    return element_bytes(E.document(*sentences))
