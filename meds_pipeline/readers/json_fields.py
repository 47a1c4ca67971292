"""One parsed JSON value to the declared columns: what the JSON readers share.

A column is a field of the record's object. Where `value` is the only column it is the whole record; where a record is
not an object, `value` is where it goes.
"""

from __future__ import annotations

from typing import Any

from meds_pipeline.readers.base import Reason, RecordError
from meds_pipeline.readers.columns import ColumnOptions, Mistyped, json_kind

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
        """A record that is no object belongs to the column `value`."""
        if VALUE not in self._names:
            raise RecordError(
                Reason.MISTYPED_FIELD,
                f"The record is {json_kind(value)}, not an object. "
                "Correct the record, or declare the single column `value`.",
            )
        return {VALUE: value}
