"""Whole text files: one record a file.

read(raw)      # text
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import UTF8_BOM, BaseReader, Fault, Options, Reason, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class TextReader(BaseReader[Options]):
    """The one record of a text file; the path pattern's parts say which it is."""

    name = "text"
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """The text."""
        return pa.schema([("text", pa.string())])

    def records(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Record | Fault]:
        """Read the file."""
        body = raw.read(options.max_record_bytes + 1)
        start = len(UTF8_BOM) if body.startswith(UTF8_BOM) else 0
        length = len(body) - start
        if not length:
            return
        if length > options.max_record_bytes:
            yield Fault(0, start, length, Reason.TOO_LONG.value, "The text is over max_record_bytes. Raise the option.")
            return
        try:
            yield Record(0, start, length, (body[start:].decode(options.encoding),))
        except UnicodeDecodeError as error:
            detail = f"Byte {error.start} is not {options.encoding}. Set the entry's `encoding`, or repair the byte."
            yield Fault(0, start, length, Reason.BAD_ENCODING.value, detail)


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write the text of the one record."""
    (row,) = rows
    return str(row["text"]).encode(options.encoding)
