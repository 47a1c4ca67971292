"""JSON object of records: `{"21645374": {"QUESTION": ...}, ...}`; each member is a record, its key a column.

    read(raw, columns={"QUESTION": "VARCHAR"}, key_column="pmid")

The address of a record covers its key and its value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import model_validator

from meds_pipeline.readers.json_document import JsonDocumentOptions, JsonReader
from meds_pipeline.readers.json_fields import json_bytes, json_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class JsonMapOptions(JsonDocumentOptions):
    """Options of `json_map`."""

    key_column: str = "key"
    """Column that takes the member's key."""

    @model_validator(mode="after")
    def _key_is_free(self) -> JsonMapOptions:
        if self.key_column in self.columns:
            raise ValueError(f"the key's column {self.key_column!r} is also in columns; set key_column")
        return self


class JsonMapReader(JsonReader[JsonMapOptions]):
    """Records of a JSON object, streamed."""

    name = "json_map"
    version = 2
    options_type = JsonMapOptions
    keyed = True

    def columns(self, options: JsonMapOptions) -> pa.Schema:
        """The key, then the declared columns."""
        return pa.schema([pa.field(options.key_column, pa.string()), *options.arrow()])


def write(rows: Sequence[Mapping[str, Any]], options: JsonMapOptions) -> bytes:
    """Write an object whose members are the records."""
    document: Any = {}
    for row in rows:
        values = {name: value for name, value in row.items() if name != options.key_column}
        document[str(row[options.key_column])] = json_value(values, options)
    for key in reversed(options.path):
        document = {key: document}
    return json_bytes(document, options)
