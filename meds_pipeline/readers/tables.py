"""Shared code of the table readers (CSV, TSV, XLSX): options, the header, and typed cells."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import field_validator

from meds_pipeline.readers.base import Fault, Reason, RecordError, file_fault
from meds_pipeline.readers.columns import ColumnOptions, parse_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = Callable[[str], Any]

_INTEGER = re.compile(r"[-+]?[0-9]+")
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_INT64 = 2**63


class TableOptions(ColumnOptions):
    """Options of the table readers.

    `columns` gives a column of the header its type: VARCHAR, BIGINT, DOUBLE, BOOLEAN or JSON. Columns not named are
    skipped. In a VARCHAR column an empty cell of a text file is '', elsewhere it is NULL.
    """

    optional: tuple[str, ...] = ()
    """Columns that the header may lack; a missing one is NULL. Any other missing column is a fault of the file."""

    header: bool = True
    """Whether the first row names the columns. Without it, `columns` names all of them, in order."""

    naming_columns = ("required", "optional")

    @field_validator("columns")
    @classmethod
    def _cells_are_plain(cls, value: dict[str, str]) -> dict[str, str]:
        for name, kind in parse_columns(value).items():
            if kind.text not in CELLS:
                raise ValueError(f"column {name}: a cell is not {kind.text}; declare VARCHAR and cast in the recipe")
        return value


class Table:
    """Maps rows of cells to the declared columns of one file."""

    def __init__(self, options: TableOptions, places: Sequence[int | None]) -> None:
        kinds = [CELLS[kind.text] for kind in options.types().values()]
        self._columns = [
            (name, place, cell, name in options.required)
            for name, place, cell in zip(options.columns, places, kinds, strict=True)
        ]

    def values(self, cells: Sequence[str | None]) -> tuple[Any, ...]:
        """Column values of a row that has all its cells.

        Raises:
            RecordError: A cell is not of its column's type, or empty where it must not be.
        """
        found: list[Any] = []
        for name, place, cell, required in self._columns:
            text = None if place is None else cells[place]
            try:
                value = None if text is None else cell(text)
            except ValueError as error:
                detail = f"Column {name}: {error}. Correct the cell, or the type in `columns`."
                raise RecordError(Reason.MISTYPED_FIELD, detail) from None
            if value is None and required:
                detail = f"Column {name} is empty. Correct the row, or take {name} out of `required`."
                raise RecordError(Reason.MISSING_FIELD, detail)
            found.append(value)
        return tuple(found)


def locate(header: Sequence[str], options: TableOptions) -> list[int | None] | Fault:
    """Position of each declared column in the header; a fault of the file if one is missing or there twice."""
    names = [name.strip() for name in header]
    places: list[int | None] = []
    for name in options.columns:
        count = names.count(name.strip())
        if count == 1:
            places.append(names.index(name.strip()))
        elif count == 0 and name in options.optional:
            places.append(None)
        else:
            close = difflib.get_close_matches(name, names, n=1)
            problem = f"The header has the column {name!r} {count} times"
            problem += f" (did you mean {close[0]!r}?)." if close and not count else "."
            step = "Correct `columns`, list the column under `optional`, or check the file's separator and encoding."
            return file_fault(Reason.MISSING_COLUMN, f"{problem} {step}")
    return places


def _bigint(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if _INTEGER.fullmatch(text) is None or not -_INT64 <= int(text) < _INT64:
        raise ValueError("expected BIGINT, found other text")
    return int(text)


def _double(text: str) -> float | None:
    try:
        if "_" in text:  # float() would accept it
            raise ValueError
        return float(text) if text.strip() else None
    except ValueError:
        raise ValueError("expected DOUBLE, found other text") from None


def _boolean(text: str) -> bool | None:
    text = text.strip().lower()
    if text and text not in _TRUTH:
        raise ValueError("expected BOOLEAN, found other text")
    return _TRUTH.get(text)


def _json(text: str) -> str | None:
    try:
        return orjson.dumps(orjson.loads(text)).decode() if text.strip() else None
    except orjson.JSONDecodeError:
        raise ValueError("expected JSON, found other text") from None


CELLS: dict[str, Cell] = {"VARCHAR": str, "BIGINT": _bigint, "DOUBLE": _double, "BOOLEAN": _boolean, "JSON": _json}


def cell_text(value: Any) -> str:
    """A value as the text of a cell, from which `CELLS` reads the same value again."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
