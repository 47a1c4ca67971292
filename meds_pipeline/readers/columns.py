"""Typed columns: `{QUESTION: VARCHAR, CONTEXTS: VARCHAR[]}` to an Arrow schema and to checks of single values.

Types are written as DuckDB writes them: VARCHAR, BIGINT, DOUBLE, BOOLEAN, JSON, any of these with `[]`,
`STRUCT(a VARCHAR, "b c" BIGINT[])` and `MAP(VARCHAR, DOUBLE)`. JSON keeps any value, as its JSON text (keys in
upstream's order). A value that is not of its type is never turned into NULL: the check raises `Mistyped`, which
says the field, so the reader can make a fault of it. An integer is a DOUBLE; nothing else converts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

Check = Callable[[Any], Any]

_NAMES = {
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING"), "VARCHAR"),
    **dict.fromkeys(("BIGINT", "INTEGER", "INT"), "BIGINT"),
    **dict.fromkeys(("DOUBLE", "FLOAT", "REAL"), "DOUBLE"),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "BOOLEAN"),
    "JSON": "JSON",
}
_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "JSON": pa.string(),
}
_TOKEN = re.compile(r'\s*(?:("(?:[^"]|"")+")|([A-Za-z_][\w.-]*)|(\[\])|([(),]))')
_INT64 = 2**63


class Mistyped(ValueError):
    """A value is not of its column's type; `str()` is like `answers[2].label: expected VARCHAR, found number`."""

    def __init__(self, expected: str, found: Any, path: str = "") -> None:
        super().__init__(expected, found, path)
        self.expected, self.found, self.path = expected, found, path

    def inside(self, step: str) -> Mistyped:
        """The same error seen from one level further out."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return Mistyped(self.expected, self.found, f"{step}{joint}{self.path}")

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {json_kind(self.found)}"


@dataclass(frozen=True, slots=True)
class Type:
    """One column type.

    Attributes:
        text: The type as text, in one spelling.
        arrow: Its Arrow type.
        check: Returns the value to store, or raises `Mistyped`.
        item: Type of the elements, of a list.
        fields: Types of the fields, of a STRUCT.
    """

    text: str
    arrow: pa.DataType
    check: Check
    item: Type | None = None
    fields: Mapping[str, Type] | None = None


def json_kind(value: Any) -> str:
    """What JSON calls a value, for messages that must not show it."""
    kinds = {str: "text", bool: "true/false", dict: "an object", list: "a list", type(None): "null"}
    return kinds.get(type(value), "a number")


def parse_type(text: str) -> Type:
    """Read a type.

    Raises:
        ValueError: The text is not a type of this list.
    """
    tokens: list[str] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"cannot read column type {text!r}")
        tokens.append(match.group().strip())
        position = match.end()
    found, rest = _type(tokens, text)
    if rest:
        raise ValueError(f"cannot read column type {text!r}: unexpected {rest[0]!r}")
    return found


def parse_columns(columns: Mapping[str, str]) -> dict[str, Type]:
    """Read all types of an entry.

    Raises:
        ValueError: A type cannot be read; the column is named.
    """
    try:
        return {name: parse_type(text) for name, text in columns.items()}
    except ValueError as error:
        raise ValueError(f"{error}; use VARCHAR, BIGINT, DOUBLE, BOOLEAN, JSON, T[], STRUCT or MAP") from None


def arrow_schema(types: Mapping[str, Type]) -> pa.Schema:
    """The Arrow schema of parsed columns."""
    return pa.schema([pa.field(name, found.arrow) for name, found in types.items()])


def _type(tokens: list[str], text: str) -> tuple[Type, list[str]]:
    if not tokens:
        raise ValueError(f"cannot read column type {text!r}: it ends too early")
    word, rest = tokens[0].upper(), tokens[1:]
    if word in _NAMES:
        found = _scalar(_NAMES[word])
    elif word == "STRUCT":
        found, rest = _struct(rest, text)
    elif word == "MAP":
        found, rest = _map(rest, text)
    else:
        raise ValueError(f"unknown column type {tokens[0]!r} in {text!r}")
    while rest and rest[0] == "[]":
        found, rest = _list(found), rest[1:]
    return found, rest


def _expect(tokens: list[str], mark: str, text: str) -> list[str]:
    if not tokens or tokens[0] != mark:
        raise ValueError(f"cannot read column type {text!r}: {mark!r} is missing")
    return tokens[1:]


def _struct(tokens: list[str], text: str) -> tuple[Type, list[str]]:
    fields: dict[str, Type] = {}
    rest = _expect(tokens, "(", text)
    while True:
        if not rest:
            raise ValueError(f"cannot read column type {text!r}: ')' is missing")
        name = rest[0][1:-1].replace('""', '"') if rest[0].startswith('"') else rest[0]
        fields[name], rest = _type(rest[1:], text)
        if rest[:1] != [","]:
            break
        rest = rest[1:]
    inner = ", ".join(f'"{name}" {kind.text}' for name, kind in fields.items())
    arrow = pa.struct([pa.field(name, kind.arrow) for name, kind in fields.items()])
    checks = {name: kind.check for name, kind in fields.items()}

    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise Mistyped("an object", value)
        return {name: _inner(one, value.get(name), name) for name, one in checks.items()}

    found = Type(f"STRUCT({inner})", arrow, _nullable(check), fields=fields)
    return found, _expect(rest, ")", text)


def _map(tokens: list[str], text: str) -> tuple[Type, list[str]]:
    key, rest = _type(_expect(tokens, "(", text), text)
    value_type, rest = _type(_expect(rest, ",", text), text)
    if key.text != "VARCHAR":
        raise ValueError(f"cannot read column type {text!r}: keys of a MAP are VARCHAR")

    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise Mistyped("an object", value)
        # Not the key: it may be upstream's text, which no message shows.
        return [(name, _inner(value_type.check, item, "*")) for name, item in value.items()]

    arrow = pa.map_(pa.string(), value_type.arrow)
    return Type(f"MAP(VARCHAR, {value_type.text})", arrow, _nullable(check)), _expect(rest, ")", text)


def _list(item: Type) -> Type:
    one = item.check

    def check(value: Any) -> Any:
        if type(value) is not list:
            raise Mistyped("a list", value)
        try:
            return [one(part) for part in value]
        except Mistyped:
            # Only now pay for the position.
            return [_inner(one, part, f"[{place}]") for place, part in enumerate(value)]

    return Type(f"{item.text}[]", pa.list_(item.arrow), _nullable(check), item=item)


def _inner(check: Check, value: Any, step: str) -> Any:
    try:
        return check(value)
    except Mistyped as error:
        raise error.inside(step) from None


def _nullable(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _scalar(name: str) -> Type:
    return Type(name, _ARROW[name], _SCALAR_CHECKS[name])


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


_SCALAR_CHECKS: dict[str, Check] = {
    "VARCHAR": _varchar,
    "BIGINT": _bigint,
    "DOUBLE": _double,
    "BOOLEAN": _boolean,
    "JSON": _json,
}
