"""Turns one parsed JSON value into the declared columns, for all JSON readers.

A column is a field of the record's object. The column `value` is special: if it is the only column, it holds the whole
record; and it holds a record that is not an object.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from meds_pipeline.readers.base import Reason, RecordError
from meds_pipeline.readers.columns import ColumnOptions, Mistyped, json_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

VALUE = "value"


class Fields:
    """Turns a parsed JSON value into column values, or says what is wrong with it."""

    def __init__(self, options: ColumnOptions) -> None:
        types = options.types()
        self._names = frozenset(types)
        self._checks = [(name, kind.check, name in options.required) for name, kind in types.items()]
        self._whole = list(types) == [VALUE]

    def values(self, value: Any) -> tuple[Any, ...]:
        """Column values of one parsed JSON value.

        Raises:
            RecordError: A field is missing, null or of another type; the detail names it.
        """
        if self._whole or type(value) is not dict:
            value = self._beside(value)
        found = []
        for name, check, required in self._checks:
            item = value.get(name)
            if item is None and required:
                raise RecordError(
                    Reason.MISSING_FIELD,
                    f"Field {name} is missing or null. Correct the record, or take {name} out of `required`.",
                )
            try:
                found.append(check(item))
            except Mistyped as error:
                raise RecordError(
                    Reason.MISTYPED_FIELD,
                    f"Field {error.inside(name)}. Correct the record, or the type in `columns`.",
                ) from None
        return tuple(found)

    def _beside(self, value: Any) -> dict[str, Any]:
        """The record as an object; a record that is no object becomes the field `value`."""
        if VALUE not in self._names:
            raise RecordError(
                Reason.MISTYPED_FIELD,
                f"The record is {json_kind(value)}, not an object. "
                "Correct the record, or declare the single column `value`.",
            )
        return {VALUE: value}


def json_value(row: Mapping[str, Any], options: ColumnOptions) -> Any:
    """The JSON value from which a row is read: NULL columns are left out, a MAP is an object, JSON text is parsed."""
    if list(options.columns) == [VALUE]:
        return _plain(row[VALUE], options.columns[VALUE])
    given = ((name, value) for name, value in row.items() if value is not None)
    return {name: _plain(value, options.columns.get(name, "")) for name, value in given}


def _plain(value: Any, kind: str) -> Any:
    if value is not None and kind.upper().startswith("MAP"):
        return dict(value)
    return orjson.loads(value) if value is not None and kind.upper() == "JSON" else value


def json_bytes(value: Any, options: ColumnOptions, indent: int | None = 4) -> bytes:
    """A value as JSON in the file's encoding."""
    return json.dumps(value, indent=indent, ensure_ascii=False).encode(options.encoding)
