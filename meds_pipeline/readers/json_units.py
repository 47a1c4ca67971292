"""What the scanner found, numbered and typed: members and gaps of a JSON list or object to records and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.readers.base import Fault, Reason, Record, file_fault
from meds_pipeline.readers.json_scan import Broken, Gap, Member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.readers.json_fields import Fields

_GAPS = 1000
"""A file that begins with so many unreadable records, and not one readable, is not what its entry says it is."""


def path_fault(path: tuple[str, ...], error: Exception) -> Fault:
    """The records cannot be reached."""
    problem = error.detail if isinstance(error, Broken) else "The file is not valid JSON."
    return file_fault(
        Reason.UNREADABLE,
        f"{problem} The records should be under {'.'.join(path) or 'the root'}: "
        "correct the option `path`, or fetch the file again.",
    )


def as_units(pieces: Iterator[Member | Gap], fields: Fields, *, keyed: bool) -> Iterator[Record | Fault]:
    """Number what the scanner found and type its values. A file of which nothing fits is one fault."""
    found = False
    gaps: list[Fault] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, Gap):
            detail = f"{piece.detail} Repair the record, or fetch the file again."
            gap = Fault(index, piece.start, piece.end - piece.start, piece.reason.value, detail)
            if found:
                yield gap
            elif len(gaps) < _GAPS:
                gaps.append(gap)
            else:
                break
            continue
        if not found:
            yield from gaps
            found = True
        before = (piece.key,) if keyed else ()
        yield fields.unit(index, piece.start, piece.end - piece.start, piece.value, before)
    if not found and gaps:
        yield file_fault(Reason.UNREADABLE, f"No record can be read. {gaps[0].detail}")
