"""Plants errors into twins, so that tests can look for them: malformed records, and near copies of records.

Both work on rows of any format. A malformed record is a copy of a good record with an invalid byte. A near copy is a
record whose longest text is that of another record plus one sentence. If the two are in different files and one of
them is held out, the copy is a leak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from meds_pipeline.twins.passages import Row

COPY_EVERY = 50
FAULT_EVERY = 40
MARK = "\ue000"
"""Marks the end of a malformed record's texts; when the file is written, an invalid byte replaces it."""
_PROSE = 40
"""Fewest characters of a text of which a near copy can be made."""


class Planted(NamedTuple):
    """One thing planted.

    Attributes:
        kind: `fault` or `near copy`.
        entry: File entry of the record.
        row: Number of the row among those of the entry, from 0.
        of_entry: File entry of the record it is a copy of.
        of_row: Number of that row.
    """

    kind: str
    entry: str
    row: int
    of_entry: str
    of_row: int


def plant_copies(entries: dict[str, list[Row]], paths: Callable[[str], set[str]]) -> list[Planted]:
    """Turn every fiftieth row into a near copy of another row with the same columns, of any entry.

    Args:
        entries: Rows by entry; they are changed.
        paths: Columns of an entry that say which file a row is in: a copy keeps its own.
    """
    pool = [(entry, row) for entry, rows in entries.items() for row in range(len(rows)) if not _is_copy(row)]
    planted = []
    for entry, rows in entries.items():
        keeps = paths(entry) | _identifiers(rows)
        for row in filter(_is_copy, range(len(rows))):
            of_entry, of_row = pool[(row * 7 + 3) % len(pool)]
            original = entries[of_entry][of_row]
            text = max(_texts(original), key=len, default="")
            if original.keys() == rows[row].keys() and len(text) >= _PROSE:
                longer = f"{text} This is report {row + 1} of the series."
                copied = {name: _replaced(value, text, longer) for name, value in original.items()}
                rows[row] = copied | {name: rows[row][name] for name in keeps}
                planted.append(Planted("near copy", entry, row, of_entry, of_row))
    return planted


def plant_faults(entry: str, rows: list[Row], paths: set[str], apart: set[str], *, spoil: bool) -> list[Planted]:
    """Put a malformed record after every fortieth row, one at least.

    Args:
        entry: Name of the entry.
        rows: Its rows; they are changed.
        paths: Columns that say which file a row is in: they stay as they are.
        apart: Path columns that get a new value, if a malformed record needs a file of its own.
        spoil: Whether a text can hold an invalid byte; if not, the longest text of the record is left out.
    """
    good = list(rows)
    rows.clear()
    planted = []
    for place, row in enumerate(good):
        rows.append(row)
        if place % FAULT_EVERY == FAULT_EVERY - 1 or place == len(good) - 1 < FAULT_EVERY:
            texts = {name: value for name, value in row.items() if isinstance(value, str) and name not in paths}
            marked = {name: f"{text}{MARK}" for name, text in texts.items()}
            missing = {name: None for name, text in texts.items() if text == max(texts.values(), key=len)}
            rows.append(row | (marked if spoil else missing) | {name: f"{row[name]}x" for name in apart})
            planted.append(Planted("fault", entry, len(rows) - 1, entry, len(rows) - 2))
    return planted


def spoiled(content: bytes, encoding: str) -> bytes:
    """The bytes of a file in which an invalid byte replaces each mark."""
    return content.replace(MARK.encode(encoding), b"\xff")


def _is_copy(row: int) -> bool:
    return row % COPY_EVERY == COPY_EVERY - 1


def _identifiers(rows: Sequence[Row]) -> set[str]:
    """Columns that name a record: each value is unique, short and without a blank."""
    values = {name: [str(row[name]) for row in rows] for name in (rows[0] if rows else ())}
    return {
        name
        for name, found in values.items()
        if len(set(found)) == len(found) and not any(" " in value or len(value) >= _PROSE for value in found)
    }


def _texts(value: Any) -> list[str]:
    """All texts of a row or value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in inner for text in _texts(part)]


def _replaced(value: Any, text: Any, by: str) -> Any:
    """The value with one text replaced by another."""
    if isinstance(value, str):
        return by if value == text else value
    if isinstance(value, list):
        return [_replaced(part, text, by) for part in value]
    return {name: _replaced(part, text, by) for name, part in value.items()} if isinstance(value, dict) else value
