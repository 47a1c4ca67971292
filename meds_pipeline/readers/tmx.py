"""TMX translation memories: each `tu` is a record, with one segment a language.

    read(raw)      # id VARCHAR, segments MAP(language -> text), notes VARCHAR[]

Languages are as upstream wrote them (`en`, `es-419`). Of inline markup the codes (`bpt`, `ept`, `ph`, `it`, `ut`)
are left out and the text inside `hi` is kept, as TMX 1.4b says. Two segments in one language are a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import Addressed, BaseReader, Fault, Options, Reason, Record
from meds_pipeline.readers.xml_elements import ElementError, element_bytes, element_text, element_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml import etree

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_CODES = frozenset(("bpt", "ept", "ph", "it", "ut"))
_FIX = "Correct the unit, or fetch the file again."


class TmxReader(BaseReader[Options]):
    """Translation units of a TMX file."""

    name = "tmx"
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """Id, segments by language, notes and properties."""
        segments = pa.map_(pa.string(), pa.string())
        return pa.schema([("id", pa.string()), ("segments", segments), ("notes", pa.list_(pa.string()))])

    def records(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Record | Fault]:
        """Go through the units."""
        yield from element_units(raw, "tu", options, _values)

    def raw_text(
        self,
        raw: BinaryIO,
        address: Addressed,
        *,
        companions: Mapping[str, BinaryIO] | None = None,
        **options: Any,
    ) -> str:
        """The unit's own bytes, in the encoding that the file declares."""
        return element_text(raw, address, self.parse(options))


def _values(unit: etree._Element) -> tuple[Any, ...]:
    segments: dict[str, str] = {}
    for variant in unit.findall("tuv"):
        language = variant.get(_LANGUAGE) or variant.get("lang")
        segment = variant.find("seg")
        if not language or segment is None:
            raise ElementError(Reason.MISSING_FIELD, f"A variant has no language or no segment. {_FIX}")
        if language in segments:
            raise ElementError(Reason.BAD_RECORD, f"It has two segments in {language}. {_FIX}")
        segments[language] = _text(segment)
    if not segments:
        raise ElementError(Reason.MISSING_FIELD, f"It has no segment. {_FIX}")
    notes = ["".join(node.itertext()) for node in unit if node.tag in ("note", "prop")]
    return unit.get("tuid"), list(segments.items()), notes


def _text(node: etree._Element) -> str:
    """Text of a segment without native codes."""
    parts = [node.text or ""]
    for child in node:
        parts += ["" if child.tag in _CODES else _text(child), child.tail or ""]
    return "".join(parts)


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write a translation unit a row."""
    from lxml.builder import E

    units = []
    for row in rows:
        notes = [E.note(note) for note in row["notes"]]
        variants = [E.tuv({_LANGUAGE: language}, E.seg(text)) for language, text in dict(row["segments"]).items()]
        number = {} if row["id"] is None else {"tuid": row["id"]}
        units.append(E.tu(number, *notes, *variants))
    return element_bytes(E.tmx(E.header(segtype="sentence", datatype="text"), E.body(*units), version="1.4"))
