"""JSON lines: one JSON value per line. Blank lines are skipped and not counted.

read(raw, columns={"question": "VARCHAR", "options": "MAP(VARCHAR, VARCHAR)"}, required=["question"])
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from meds_pipeline.readers.base import Fault, Reader, Reason, Record, RecordError, decoded, record_or_fault
from meds_pipeline.readers.columns import ColumnOptions
from meds_pipeline.readers.json_fields import Fields, json_bytes, json_value
from meds_pipeline.readers.lines import TOO_LONG, Line, iter_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from meds_pipeline.readers.batches import ReadBatch
    from meds_pipeline.readers.lines import Lines


class JsonLinesReader(Reader[ColumnOptions]):
    """Records of a JSON lines file."""

    name = "jsonl"
    version = 2
    options_type = ColumnOptions

    def columns(self, options: ColumnOptions) -> pa.Schema:
        """The declared columns."""
        return options.arrow()

    def records(
        self, raw: BinaryIO, options: ColumnOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Record | Fault]:
        """Go through the lines."""
        return line_units(raw, options)

    def record_batches(
        self, raw: BinaryIO, options: ColumnOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[ReadBatch]:
        """Go through the lines by the block, if Arrow's parser can read the columns."""
        from meds_pipeline.readers.batches import Source, from_blocks
        from meds_pipeline.readers.fast_json_lines import JsonLinesFormat, suits

        if not suits(options):
            return super().record_batches(raw, options, companions)
        return from_blocks(Source(raw, 0, options.max_record_bytes), JsonLinesFormat(options))


def line_units(
    raw: Lines, options: ColumnOptions, position: int = 0, index: int = 0, until: int | None = None
) -> Iterator[Record | Fault]:
    """Records and faults from a byte position on; they stop after the first that ends at `until` or later."""
    fields = Fields(options)
    for line in iter_lines(raw, options.max_record_bytes, position):
        if line.body and not line.body.isspace():
            yield record_or_fault(index, line.start, line.size, partial(_values, fields, line, options))
            index += 1
        if until is not None and line.start + line.size + len(line.ending) >= until:
            return


def _values(fields: Fields, line: Line, options: ColumnOptions) -> tuple[Any, ...]:
    if line.too_long:
        raise RecordError(Reason.TOO_LONG, TOO_LONG)
    try:
        value = orjson.loads(line.body if options.encoding == "utf-8" else line.body.decode(options.encoding))
    except ValueError:
        if not line.ending:
            raise RecordError(Reason.TRUNCATED, "The file ends inside it. Fetch the file again.") from None
        decoded(line.body, options)  # raises for bytes that are not text
        detail = "It is not valid JSON. Repair the line, or fetch the file again."
        raise RecordError(Reason.BAD_RECORD, detail) from None
    return fields.values(value)


def write(rows: Sequence[Mapping[str, Any]], options: ColumnOptions) -> bytes:
    """Write one record per line."""
    return b"".join(json_bytes(json_value(row, options), options, indent=None) + b"\n" for row in rows)
