"""JSON document: a list of records, or one object that is the record.

    read(raw, columns={"question": "VARCHAR", "answers": "MAP(VARCHAR, VARCHAR)"})
    read(raw, path=["data"], columns={"src": "VARCHAR", "tgt": "VARCHAR"})      # {"data": [{...}, ...]}

Lists are streamed, however large the file. At the end of `path` a list gives a record an element, an object is one
record. For an object whose members are the records there is `json_map`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import field_validator

from meds_pipeline.readers.base import BaseReader, Fault, Record
from meds_pipeline.readers.json_fields import Fields, JsonOptions, json_bytes, json_value, refuse_unsafe_encoding
from meds_pipeline.readers.json_scan import Broken, Members, enter, skip_mark, value_end
from meds_pipeline.readers.json_units import as_units, path_fault
from meds_pipeline.readers.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa


class JsonDocumentOptions(JsonOptions):
    """Options of `json`."""

    path: tuple[str, ...] = ()
    """Keys that lead from the root to the list, or object, of records."""

    @field_validator("encoding")
    @classmethod
    def _scannable(cls, value: str) -> str:
        refuse_unsafe_encoding(value)
        return value


class JsonDocumentReader(BaseReader[JsonDocumentOptions]):
    """Records of a JSON list, streamed, or the one record a document is."""

    name = "json"
    options_type = JsonDocumentOptions

    def columns(self, options: JsonDocumentOptions) -> pa.Schema:
        """The declared columns."""
        return options.arrow()

    def records(
        self, raw: BinaryIO, options: JsonDocumentOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Record | Fault]:
        """Go through the list's elements."""
        fields = Fields(options)
        window = Window(raw, options.max_record_bytes)
        position = skip_mark(window)
        if window.byte(position) < 0:
            return
        try:
            position = enter(window, position, options.path, fields.load)
            if window.byte(position) == b"{"[0]:
                end = value_end(window, position)
                value = fields.load(window.cut(position, end))
                yield fields.unit(0, position, end - position, value)
                return
        except (Broken, ValueError) as error:
            yield path_fault(options.path, error)
            return
        walk = Members(window, fields, keyed=False).walk
        yield from as_units(walk(position, len(options.path)), fields, keyed=False)


def write(rows: Sequence[Mapping[str, Any]], options: JsonDocumentOptions) -> bytes:
    """Write a list of the records, or the one record as the document."""
    values = [json_value(row, options) for row in rows]
    document: Any = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
    for key in reversed(options.path):
        document = {key: document}
    return json_bytes(document, options)
