"""JSON document: a list of records, or one object that is the record.

    read(raw, columns={"question": "VARCHAR", "answers": "MAP(VARCHAR, VARCHAR)"})
    read(raw, path=["data"], columns={"src": "VARCHAR", "tgt": "VARCHAR"})      # {"data": [{...}, ...]}

Lists are streamed, whatever the size of the file. If `path` ends at a list, each element is a record; if it ends at an
object, the object is one record. The reader `json_map` reads an object whose members are the records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, TypeVar

from pydantic import field_validator

from meds_pipeline.readers.base import Fault, Reader, Reason, Record, RecordError, file_fault
from meds_pipeline.readers.columns import ColumnOptions
from meds_pipeline.readers.json_fields import Fields, json_bytes, json_value
from meds_pipeline.readers.json_scan import Members, enter
from meds_pipeline.readers.json_text import JsonText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

_SHIFTING = ("hz", "iso2022", "utf-7")


class JsonDocumentOptions(ColumnOptions):
    """Options of `json`."""

    path: tuple[str, ...] = ()
    """Keys that lead from the root to the list, or object, of records."""

    @field_validator("encoding")
    @classmethod
    def _each_letter_has_its_bytes(cls, value: str) -> str:
        if value.startswith(_SHIFTING):
            raise ValueError(f"JSON in {value} cannot be cut into records; convert the file to UTF-8 first")
        return value


DocumentOptionsT = TypeVar("DocumentOptionsT", bound=JsonDocumentOptions)


class JsonReader(Reader[DocumentOptionsT]):
    """Members of a list or object anywhere in a JSON document."""

    keyed: ClassVar[bool]
    """Whether the records are the members of an object, not of a list."""

    def columns(self, options: DocumentOptionsT) -> pa.Schema:
        """The declared columns."""
        return options.arrow()

    def records(
        self, raw: BinaryIO, options: DocumentOptionsT, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Record | Fault]:
        """Go through the members."""
        text = JsonText(raw, options.encoding, options.max_record_bytes)
        if not text.peek():
            return
        depth, limit = len(options.path), options.max_record_bytes
        try:
            enter(text, options.path)
            members = Members(text, Fields(options), depth, limit, keyed=self.keyed)
            yield from members.all() if self.keyed or text.peek() != "{" else members.one()
        except RecordError as error:
            place = ".".join(options.path) or "the root"
            step = "correct the option `path`, or fetch the file again."
            yield file_fault(Reason.UNREADABLE, f"{error.detail} The records should be under {place}: {step}")


class JsonDocumentReader(JsonReader[JsonDocumentOptions]):
    """Records of a JSON list, streamed, or one object as the only record."""

    name = "json"
    version = 2
    options_type = JsonDocumentOptions
    keyed = False


def write(rows: Sequence[Mapping[str, Any]], options: JsonDocumentOptions) -> bytes:
    """Write a list of the records, or the one record as the document."""
    values = [json_value(row, options) for row in rows]
    document: Any = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
    for key in reversed(options.path):
        document = {key: document}
    return json_bytes(document, options)
