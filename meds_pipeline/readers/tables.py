"""What the readers of tables (CSV, TSV, XLSX) share: options, the header, and typed cells."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import Field, field_validator, model_validator

from meds_pipeline.readers.base import Fault, Options, Reason, Record, file_fault
from meds_pipeline.readers.columns import Type, arrow_schema, parse_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

Cell = Callable[[str], Any]

_INTEGER = re.compile(r"[-+]?[0-9]+")
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_INT64 = 2**63


class TableOptions(Options):
    """Options of the table readers."""

    columns: dict[str, str] = Field(min_length=1)
    """Column name, as in the header, to VARCHAR, BIGINT, DOUBLE, BOOLEAN or JSON. Columns not named are skipped.
    In a VARCHAR column an empty cell of a text file is '', elsewhere it is NULL."""

    required: tuple[str, ...] = ()
    """Columns that must not be NULL."""

    optional: tuple[str, ...] = ()
    """Columns the header may lack; they are NULL then. Any other missing column is a fault of the file."""

    header: bool = True
    """Whether the first row names the columns. Without it, `columns` names all of them, in order."""

    @field_validator("columns")
    @classmethod
    def _readable(cls, value: dict[str, str]) -> dict[str, str]:
        for name, kind in parse_columns(value).items():
            if kind.text not in CELLS:
                raise ValueError(f"column {name}: a cell is not {kind.text}; declare VARCHAR and cast in the recipe")
        return value

    @model_validator(mode="after")
    def _names_are_columns(self) -> TableOptions:
        unknown = sorted({*self.required, *self.optional} - set(self.columns))
        if unknown:
            raise ValueError(f"required or optional names no column: {', '.join(unknown)}")
        return self

    def types(self) -> dict[str, Type]:
        """Parsed column types."""
        return parse_columns(self.columns)

    def arrow(self) -> pa.Schema:
        """Schema of the declared columns."""
        return arrow_schema(self.types())


class Table:
    """Maps rows of cells to the declared columns of one file."""

    def __init__(self, options: TableOptions, places: Sequence[int | None]) -> None:
        kinds = [CELLS[kind.text] for kind in options.types().values()]
        self._columns = [
            (name, place, cell, name in options.required)
            for name, place, cell in zip(options.columns, places, kinds, strict=True)
        ]

    def unit(self, index: int, start: int, length: int, cells: Sequence[str | None]) -> Record | Fault:
        """One record or fault from a row that has all its cells."""
        found: list[Any] = []
        for name, place, cell, required in self._columns:
            text = None if place is None else cells[place]
            try:
                value = None if text is None else cell(text)
            except ValueError as error:
                detail = f"Column {name}: {error}. Correct the cell, or the type in `columns`."
                return Fault(index, start, length, Reason.MISTYPED_FIELD.value, detail)
            if value is None and required:
                detail = f"Column {name} is empty. Correct the row, or take {name} out of `required`."
                return Fault(index, start, length, Reason.MISSING_FIELD.value, detail)
            found.append(value)
        return Record(index, start, length, tuple(found))


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
        if "_" in text:  # which float() reads
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
    """A value as the text of a cell: what `CELLS` reads it from."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
