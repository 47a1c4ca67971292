"""Typed columns: `{QUESTION: VARCHAR, CONTEXTS: VARCHAR[]}` to an Arrow schema and to checks of single values.

Types are written as DuckDB writes them: VARCHAR, BIGINT, DOUBLE, BOOLEAN, JSON, any of these with `[]`,
`STRUCT(a VARCHAR, "b c" BIGINT[])` and `MAP(VARCHAR, DOUBLE)`. JSON keeps any value, as its JSON text (keys in
upstream's order). A value that is not of its type is never turned into NULL: the check raises `Mistyped`, which names
the field, so the reader can make a fault of it. An integer is accepted as a DOUBLE; no other type is converted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

import duckdb
import orjson
import pyarrow as pa
from duckdb import sqltypes
from pydantic import Field, field_validator, model_validator

from meds_pipeline.readers.base import Options

Check = Callable[[Any], Any]

_NAMES = {
    **{name: name for name in ("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "JSON")},
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
}
_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "JSON": pa.string(),
}
_INT64 = 2**63


class Mistyped(ValueError):
    """A value is not of its column's type; `str()` is like `answers[2].label: expected VARCHAR, found number`."""

    def __init__(self, expected: str, found: Any, path: str = "") -> None:
        super().__init__(expected, found, path)
        self.expected, self.found, self.path = expected, found, path

    def inside(self, step: str) -> Mistyped:
        """The same error with the path of the field extended by the outer step."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return Mistyped(self.expected, self.found, f"{step}{joint}{self.path}")

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {json_kind(self.found)}"


@dataclass(frozen=True, slots=True)
class Type:
    """One column type.

    Attributes:
        text: Its name as DuckDB writes it, without what is inside a STRUCT or MAP.
        arrow: Its Arrow type.
        check: Returns the value to store, or raises `Mistyped`.
        item: For a list, the type of its elements.
        fields: For a STRUCT, the types of its fields.
    """

    text: str
    arrow: pa.DataType
    check: Check
    item: Type | None = None
    fields: Mapping[str, Type] | None = None


def json_kind(value: Any) -> str:
    """The JSON name of a value's type, for messages that must not show the value."""
    kinds = {str: "text", bool: "true/false", dict: "an object", list: "a list", type(None): "null"}
    return kinds.get(type(value), "a number")


@cache
def parse_type(text: str) -> Type:
    """Read a type.

    Raises:
        ValueError: The text is not a type that the module docstring lists.
    """
    try:
        return _typed(duckdb.sqltype(text))
    except duckdb.Error:
        keyword = " (a field whose name is an SQL keyword needs double quotes)" if "(" in text else ""
        raise ValueError(f"unknown column type {text!r}{keyword}") from None
    except ValueError as error:
        raise ValueError(f"{error} in {text!r}") from None


def parse_columns(columns: Mapping[str, str]) -> dict[str, Type]:
    """Read all types of an entry.

    Raises:
        ValueError: A type cannot be read; the column is named.
    """
    try:
        return {name: parse_type(text) for name, text in columns.items()}
    except ValueError as error:
        raise ValueError(f"{error}; use VARCHAR, BIGINT, DOUBLE, BOOLEAN, JSON, T[], STRUCT or MAP") from None


class ColumnOptions(Options):
    """Options of the readers whose columns an entry declares."""

    columns: dict[str, str] = Field(min_length=1)
    """Column name to type."""

    required: tuple[str, ...] = ()
    """Columns that must exist and not be NULL; any other missing column is NULL."""

    naming_columns: ClassVar[tuple[str, ...]] = ("required",)
    """Options that name columns."""

    @field_validator("columns")
    @classmethod
    def _readable(cls, value: dict[str, str]) -> dict[str, str]:
        parse_columns(value)
        return value

    @model_validator(mode="after")
    def _names_are_columns(self) -> Self:
        for option in self.naming_columns:
            if unknown := sorted(set(getattr(self, option)) - set(self.columns)):
                raise ValueError(f"{option} names no column: {', '.join(unknown)}")
        return self

    def types(self) -> dict[str, Type]:
        """Parsed column types."""
        return parse_columns(self.columns)

    def arrow(self) -> pa.Schema:
        """Schema of the declared columns."""
        return pa.schema([pa.field(name, found.arrow) for name, found in self.types().items()])


def _typed(found: sqltypes.DuckDBPyType) -> Type:
    if (word := str(found)) in _NAMES:
        name = _NAMES[word]
        return Type(name, _ARROW[name], _CHECKS[name])
    if found.id in ("struct", "list", "map"):
        parts: dict[str, Type] = {name: _typed(part) for name, part in found.children}  # type: ignore[arg-type]  # an ENUM has other children
        return {"struct": _struct, "list": _list, "map": _map}[found.id](parts)
    raise ValueError(f"unknown column type {word}")


def _struct(fields: dict[str, Type]) -> Type:
    checks = {name: kind.check for name, kind in fields.items()}

    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise Mistyped("an object", value)
        return {name: _inner(one, value.get(name), name) for name, one in checks.items()}

    arrow = pa.struct([pa.field(name, kind.arrow) for name, kind in fields.items()])
    return Type("STRUCT", arrow, _nullable(check), fields=fields)


def _map(parts: dict[str, Type]) -> Type:
    if parts["key"].text != "VARCHAR":
        raise ValueError("keys of a MAP are VARCHAR")
    one = parts["value"]

    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise Mistyped("an object", value)
        # The step is not the key: the key may be upstream's text, which no message may show.
        return [(name, _inner(one.check, item, "*")) for name, item in value.items()]

    return Type("MAP", pa.map_(pa.string(), one.arrow), _nullable(check))


def _list(parts: dict[str, Type]) -> Type:
    item = parts["child"]
    one = item.check

    def check(value: Any) -> Any:
        if type(value) is not list:
            raise Mistyped("a list", value)
        try:
            return [one(part) for part in value]
        except Mistyped:
            # The position is computed only after an error, as this is slow.
            return [_inner(one, part, f"[{place}]") for place, part in enumerate(value)]

    return Type(f"{item.text}[]", pa.list_(item.arrow), _nullable(check), item=item)


def _inner(check: Check, value: Any, step: str) -> Any:
    try:
        return check(value)
    except Mistyped as error:
        raise error.inside(step) from None


def _nullable(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _varchar(value: Any) -> Any:
    if type(value) is str or value is None:
        return value
    raise Mistyped("VARCHAR", value)


def _bigint(value: Any) -> Any:
    if value is None or (type(value) is int and -_INT64 <= value < _INT64):
        return value
    raise Mistyped("BIGINT", value)


def _double(value: Any) -> Any:
    if value is None or type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    raise Mistyped("DOUBLE", value)


def _boolean(value: Any) -> Any:
    if value is None or type(value) is bool:
        return value
    raise Mistyped("BOOLEAN", value)


def _json(value: Any) -> Any:
    return None if value is None else orjson.dumps(value).decode()


_CHECKS: dict[str, Check] = {
    "VARCHAR": _varchar,
    "BIGINT": _bigint,
    "DOUBLE": _double,
    "BOOLEAN": _boolean,
    "JSON": _json,
}
