"""JSON object of records: `{"21645374": {"QUESTION": ...}, ...}`; each member is a record, its key a column.

    read(raw, columns={"QUESTION": "VARCHAR"}, key_column="pmid")

The address of a record covers its key and its value.
"""

from __future__ import annotations

import pyarrow as pa
from pydantic import model_validator

from meds_pipeline.readers.json_document import JsonDocumentOptions, JsonReader


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
    options_type = JsonMapOptions
    keyed = True

    def columns(self, options: JsonMapOptions) -> pa.Schema:
        """The key, then the declared columns."""
        return pa.schema([pa.field(options.key_column, pa.string()), *options.arrow()])
