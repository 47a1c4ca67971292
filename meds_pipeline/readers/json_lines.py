"""JSON lines: one JSON value a line. Blank lines are skipped and not counted.

read(raw, columns={"question": "VARCHAR", "options": "MAP(VARCHAR, VARCHAR)"}, required=["question"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from meds_pipeline.readers.base import BaseReader, Fault, Reason, Record
from meds_pipeline.readers.json_fields import Fields, JsonOptions, json_bytes, json_value
from meds_pipeline.readers.lines import TOO_LONG, iter_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from meds_pipeline.readers.batches import Batch
    from meds_pipeline.readers.lines import Lines


class JsonLinesReader(BaseReader[JsonOptions]):
    """Records of a JSON lines file."""

    name = "jsonl"
    options_type = JsonOptions

    def columns(self, options: JsonOptions) -> pa.Schema:
        """The declared columns."""
        return options.arrow()

    def records(
        self, raw: BinaryIO, options: JsonOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Record | Fault]:
        """Go through the lines."""
        return line_units(raw, options, Fields(options))

    def record_batches(
        self, raw: BinaryIO, options: JsonOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Batch]:
        """By the block, where Arrow's parser knows the columns."""
        from meds_pipeline.readers.batches import Source, from_blocks
        from meds_pipeline.readers.fast_json_lines import JsonLinesFormat, suits

        if not suits(options):
            return super().record_batches(raw, options, companions)
        return from_blocks(Source(raw, 0, options.max_record_bytes), JsonLinesFormat(options))


def line_units(
    raw: Lines, options: JsonOptions, fields: Fields, position: int = 0, index: int = 0, until: int | None = None
) -> Iterator[Record | Fault]:
    """Records and faults from a byte position on; the last is the first that ends at `until` or later."""
    for line in iter_lines(raw, options.max_record_bytes, position):
        body = line.body
        if body and not body.isspace():
            if line.too_long:
                yield Fault(index, line.start, line.size, Reason.TOO_LONG.value, TOO_LONG)
            else:
                yield parse_line(fields, index, line.start, body)
            index += 1
        if until is not None and line.start + line.size + len(line.ending) >= until:
            return


def parse_line(fields: Fields, index: int, start: int, body: bytes) -> Record | Fault:
    """One record or fault from the bytes of one line."""
    try:
        value = fields.load(body)
    except ValueError:
        reason, detail = fields.why(body)
        detail += " Repair the line, correct `encoding`, or fetch the file again."
        return Fault(index, start, len(body), reason.value, detail)
    return fields.unit(index, start, len(body), value)


def write(rows: Sequence[Mapping[str, Any]], options: JsonOptions) -> bytes:
    """Write a record a line."""
    return b"".join(json_bytes(json_value(row, options), options, indent=None) + b"\n" for row in rows)
