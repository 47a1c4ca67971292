"""Whole text files: one record per file.

read(raw)      # text
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import UTF8_BOM, Options, Piece, PieceReader, Reason, RecordError, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class TextReader(PieceReader[Options]):
    """The one record of a text file; the columns from its path identify it."""

    name = "text"
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """The text."""
        return pa.schema([("text", pa.string())])

    def pieces(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Piece]:
        """The file."""
        body = raw.read(options.max_record_bytes + 1)
        start = len(UTF8_BOM) if body.startswith(UTF8_BOM) else 0
        if body := body[start:]:
            yield Piece(start, len(body), body)

    def values(self, piece: Piece, options: Options) -> tuple[Any, ...]:
        """Its text."""
        if piece.length > options.max_record_bytes:
            raise RecordError(Reason.TOO_LONG, "The text is over max_record_bytes. Raise the option.")
        return (decoded(piece.content, options),)


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write the text of the one record."""
    (row,) = rows
    return str(row["text"]).encode(options.encoding)
