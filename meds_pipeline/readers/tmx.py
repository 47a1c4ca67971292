"""TMX translation memories: each `tu` is a record, with one segment per language.

    read(raw)      # id VARCHAR, segments MAP(language -> text), notes VARCHAR[]

Languages are as upstream wrote them (`en`, `es-419`). Of inline markup the codes (`bpt`, `ept`, `ph`, `it`, `ut`)
are left out and the text inside `hi` is kept, as TMX 1.4b says. Two segments in one language are a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from meds_pipeline.readers.base import Options, Reason, RecordError
from meds_pipeline.readers.xml_cut import ElementReader, element_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_CODES = frozenset(("bpt", "ept", "ph", "it", "ut"))
_FIX = "Correct the unit, or fetch the file again."


class TmxReader(ElementReader[Options]):
    """Translation units of a TMX file."""

    name = "tmx"
    version = 2
    options_type = Options
    element = "tu"

    def columns(self, options: Options) -> pa.Schema:
        """Id, segments by language, notes and properties."""
        segments = pa.map_(pa.string(), pa.string())
        return pa.schema([("id", pa.string()), ("segments", segments), ("notes", pa.list_(pa.string()))])

    def element_values(self, node: etree._Element, options: Options) -> tuple[Any, ...]:
        """See `ElementReader.element_values`."""
        segments: dict[str, str] = {}
        for variant in node.findall("tuv"):
            language = variant.get(_LANGUAGE) or variant.get("lang")
            segment = variant.find("seg")
            if not language or segment is None:
                raise RecordError(Reason.MISSING_FIELD, f"A variant has no language or no segment. {_FIX}")
            if language in segments:
                raise RecordError(Reason.BAD_RECORD, f"It has two segments in {language}. {_FIX}")
            segments[language] = _text(segment)
        if not segments:
            raise RecordError(Reason.MISSING_FIELD, f"It has no segment. {_FIX}")
        notes = ["".join(one.itertext()) for one in node if one.tag in ("note", "prop")]
        return node.get("tuid"), list(segments.items()), notes


def _text(node: etree._Element) -> str:
    """Text of a segment without native codes."""
    parts = [node.text or ""]
    for child in node:
        parts += ["" if child.tag in _CODES else _text(child), child.tail or ""]
    return "".join(parts)


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write one translation unit per row."""
    from lxml.builder import E

    units = []
    for row in rows:
        notes = [E.note(note) for note in row["notes"]]
        variants = [E.tuv({_LANGUAGE: language}, E.seg(text)) for language, text in dict(row["segments"]).items()]
        number = {} if row["id"] is None else {"tuid": row["id"]}
        units.append(E.tu(number, *notes, *variants))
    return element_bytes(E.tmx(E.header(segtype="sentence", datatype="text"), E.body(*units), version="1.4"))
