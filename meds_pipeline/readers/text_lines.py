"""Text by lines: each line is a record, alone or beside the same line of parallel files.

    read(raw)                                                         # text
    read(source, roles={"target": "lines", "doi": "lines"}, companions={"target": ..., "doi": ...})
    read(text, roles={"labels": "<"}, companions={"labels": ...})     # one line of parts, each after its "<"
    read(raw, unit="block")                                           # blocks between blank lines (OBO stanzas)

Columns are `text` and one per role. Files of different lengths cannot be aligned, so they give one fault and no record.
In parallel files an empty line is a record, which keeps the alignment; in a single file empty lines are skipped.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import pyarrow as pa
from pydantic import field_validator, model_validator

from meds_pipeline.readers.base import (
    Address,
    Fault,
    Options,
    Piece,
    PieceReader,
    Reason,
    RecordError,
    decoded,
    file_fault,
)
from meds_pipeline.readers.lines import TOO_LONG, iter_blocks, iter_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TEXT = "text"
LINES = "lines"


class LinesOptions(Options):
    """Options of `lines`."""

    roles: dict[str, str] = {}
    """How each companion file is cut, by its role, which is also its column: `lines`, or the mark before each part
    (`<`) if all parts are in one line."""

    unit: Literal["line", "block"] = "line"
    """Whether a record is a line, or the lines between two blank ones."""

    @field_validator("roles")
    @classmethod
    def _usable(cls, value: dict[str, str]) -> dict[str, str]:
        if TEXT in value or not all(value.values()):
            raise ValueError("a role is not called `text`, and is cut by `lines` or by a mark")
        return value

    @model_validator(mode="after")
    def _one_or_the_other(self) -> LinesOptions:
        if self.roles and self.unit == "block":
            raise ValueError("parallel files are read by lines, not blocks")
        return self


class LinesReader(PieceReader[LinesOptions]):
    """Lines of one text file, or of several parallel ones."""

    name = "lines"
    options_type = LinesOptions

    def columns(self, options: LinesOptions) -> pa.Schema:
        """The text, then one column per role."""
        return pa.schema([(name, pa.string()) for name in (TEXT, *options.roles)])

    def companions(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """The parallel files."""
        return tuple(self.parse(options).roles)

    def pieces(
        self, raw: BinaryIO, options: LinesOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Piece | Fault]:
        """Each line or block, and its part of the other files."""
        if fault := _mismatch(raw, options, companions):
            yield fault
            return
        limit = options.max_record_bytes
        if options.unit == "block":
            yield from (Piece(start, len(body), (body,)) for start, body in iter_blocks(raw, limit))
            return
        others = [_parts(companions[role], cut, options) for role, cut in options.roles.items()]
        for line in iter_lines(raw, limit):
            if others or line.body.strip():
                yield Piece(line.start, line.size, (line.body, *map(next, others)))

    def values(self, piece: Piece, options: LinesOptions) -> tuple[Any, ...]:
        """The text, and what belongs to it."""
        if piece.length > options.max_record_bytes:
            raise RecordError(Reason.TOO_LONG, TOO_LONG)
        return tuple(decoded(part, options) for part in piece.content)

    def text_at(
        self, raw: BinaryIO, address: Address, options: LinesOptions, companions: Mapping[str, BinaryIO]
    ) -> str:
        """The line; with the companions, also their lines below it."""
        texts = [super().text_at(raw, address, options, companions)]
        for role in (role for role in options.roles if role in companions):
            companions[role].seek(0)
            part = next(islice(_parts(companions[role], options.roles[role], options), address.index, None))
            texts.append(f"[{role}] {part.decode(options.encoding, errors='replace')}")
        return "\n".join(texts)


def _mismatch(raw: BinaryIO, options: LinesOptions, companions: Mapping[str, BinaryIO]) -> Fault | None:
    """Why parallel files cannot be aligned; None if they can."""
    if missing := [role for role in options.roles if role not in companions]:
        detail = f"The parallel file of {missing[0]} is missing. Fetch it, or correct the entry's companion path."
        return file_fault(Reason.MISSING_COMPANION, detail)
    counts = {role: _count(companions[role], cut) for role, cut in options.roles.items()}
    here = _count(raw, LINES) if counts else 0
    if unequal := {role: count for role, count in counts.items() if count != here}:
        found = ", ".join(f"{role} has {count}" for role, count in unequal.items())
        detail = f"The text has {here} lines, but {found}. Fetch both files again; they must be of one version."
        return file_fault(Reason.RAGGED, detail)
    return None


def _count(raw: BinaryIO, cut: str) -> int:
    """Parts of a file, without keeping it in memory."""
    mark = b"\n" if cut == LINES else cut.encode()
    count, last = 0, mark
    while chunk := raw.read(1 << 20):
        count += chunk.count(mark)
        last = chunk[-1:]
    raw.seek(0)
    return count + 1 if cut == LINES and last != mark else count


def _parts(raw: BinaryIO, cut: str, options: LinesOptions) -> Iterator[bytes]:
    if cut == LINES:
        return (line.body for line in iter_lines(raw, options.max_record_bytes))
    return iter(raw.read().split(cut.encode())[1:])


def write(rows: Sequence[Mapping[str, Any]], options: LinesOptions) -> bytes:
    """Write one line per row, or one block per row with a blank line after it."""
    ending = "\n\n" if options.unit == "block" else "\n"
    return "".join(f"{row[TEXT]}{ending}" for row in rows).encode(options.encoding)


def write_companions(rows: Sequence[Mapping[str, Any]], options: LinesOptions) -> dict[str, bytes]:
    """Write the parallel files."""
    cuts = {role: ("", "\n") if cut == LINES else (cut, "") for role, cut in options.roles.items()}
    return {
        role: "".join(f"{before}{row[role]}{behind}" for row in rows).encode(options.encoding)
        for role, (before, behind) in cuts.items()
    }
