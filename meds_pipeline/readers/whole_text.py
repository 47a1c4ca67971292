"""Whole text files: one record a file.

read(raw)      # text
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import (
    UTF8_BOM,
    BaseReader,
    Fault,
    Options,
    Reason,
    Record,
    RecordError,
    decoded,
    record_or_fault,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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
        if body := body[start:]:
            yield record_or_fault(0, start, len(body), partial(_values, body, options))


def _values(body: bytes, options: Options) -> tuple[str]:
    if len(body) > options.max_record_bytes:
        raise RecordError(Reason.TOO_LONG, "The text is over max_record_bytes. Raise the option.")
    return (decoded(body, options),)
