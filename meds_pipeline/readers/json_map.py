"""JSON object of records: `{"21645374": {"QUESTION": ...}, ...}`; each member is a record, its key a column.

    read(raw, columns={"QUESTION": "VARCHAR"}, key_column="pmid")

The address of a record covers its key and its value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
from pydantic import model_validator

from meds_pipeline.readers.base import BaseReader, Fault, Record
from meds_pipeline.readers.json_fields import Fields, JsonOptions, json_bytes, json_value, refuse_unsafe_encoding
from meds_pipeline.readers.json_scan import Broken, Members, enter, skip_mark
from meds_pipeline.readers.json_units import as_units, path_fault
from meds_pipeline.readers.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class JsonMapOptions(JsonOptions):
    """Options of `json_map`."""

    path: tuple[str, ...] = ()
    """Keys that lead from the root to the object whose members are the records."""

    key_column: str = "key"
    """Column that takes the member's key."""

    @model_validator(mode="after")
    def _key_is_free(self) -> JsonMapOptions:
        if self.key_column in self.columns:
            raise ValueError(f"the key's column {self.key_column!r} is also in columns; set key_column")
        refuse_unsafe_encoding(self.encoding)
        return self


class JsonMapReader(BaseReader[JsonMapOptions]):
    """Records of a JSON object, streamed."""

    name = "json_map"
    options_type = JsonMapOptions

    def columns(self, options: JsonMapOptions) -> pa.Schema:
        """The key, then the declared columns."""
        return pa.schema([pa.field(options.key_column, pa.string()), *options.arrow()])

    def records(
        self, raw: BinaryIO, options: JsonMapOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Record | Fault]:
        """Go through the object's members."""
        fields = Fields(options)
        window = Window(raw, options.max_record_bytes)
        position = skip_mark(window)
        if window.byte(position) < 0:
            return
        try:
            position = enter(window, position, options.path, fields.load)
        except (Broken, ValueError) as error:
            yield path_fault(options.path, error)
            return
        walk = Members(window, fields, keyed=True).walk
        yield from as_units(walk(position, len(options.path)), fields, keyed=True)


def write(rows: Sequence[Mapping[str, Any]], options: JsonMapOptions) -> bytes:
    """Write an object whose members are the records."""
    document: Any = {}
    for row in rows:
        values = {name: value for name, value in row.items() if name != options.key_column}
        document[str(row[options.key_column])] = json_value(values, options)
    for key in reversed(options.path):
        document = {key: document}
    return json_bytes(document, options)
