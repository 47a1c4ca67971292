"""What the JSON readers share: options, and one parsed JSON value to the declared columns."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import Field, field_validator, model_validator

from meds_pipeline.readers.base import Fault, Options, Reason, Record
from meds_pipeline.readers.columns import Mistyped, arrow_schema, json_kind, parse_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

VALUE = "value"
_UNSAFE = frozenset(
    ("gb18030", "gbk", "big5", "big5hkscs", "cp950", "shift_jis", "shift_jisx0213", "shift_jis_2004", "cp932")
    + ("cp949", "johab")
)


class JsonOptions(Options):
    """Options of the JSON readers."""

    columns: dict[str, str] = Field(min_length=1)
    """Column name to type (see `columns.py`). A name is a field of the record's object. Where `value` is the only
    column it is the whole record; where a record is not an object, `value` is where it goes."""

    required: tuple[str, ...] = ()
    """Columns that must be there and not null; others are NULL where missing."""

    @field_validator("columns")
    @classmethod
    def _readable(cls, value: dict[str, str]) -> dict[str, str]:
        parse_columns(value)
        return value

    @model_validator(mode="after")
    def _required_are_columns(self) -> JsonOptions:
        unknown = sorted(set(self.required) - set(self.columns))
        if unknown:
            raise ValueError(f"required names no column: {', '.join(unknown)}")
        return self

    def arrow(self) -> pa.Schema:
        """Schema of the declared columns."""
        return arrow_schema(parse_columns(self.columns))


class FieldError(ValueError):
    """A parsed value does not fit the declared columns."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Fields:
    """Parses the bytes of a JSON value and turns it into column values, or says what is wrong with it."""

    def __init__(self, options: JsonOptions) -> None:
        types = parse_columns(options.columns)
        self._names = frozenset(types)
        self._checks = [(name, kind.check, name in options.required) for name, kind in types.items()]
        self._whole = list(types) == [VALUE]
        self._encoding = options.encoding
        self.load: Callable[[bytes], Any] = orjson.loads if options.encoding == "utf-8" else self._decoded

    def _decoded(self, raw: bytes) -> Any:
        return orjson.loads(raw.decode(self._encoding))

    def why(self, raw: bytes) -> tuple[Reason, str]:
        """Reason and detail of bytes that `load` refuses: first whether they are text at all."""
        try:
            raw.decode(self._encoding)
        except UnicodeDecodeError as broken:
            return Reason.BAD_ENCODING, f"Byte {broken.start} of it is not {self._encoding}."
        return Reason.BAD_RECORD, "It is not valid JSON."

    def plausible(self, value: Any) -> bool:
        """Whether a value found behind a break looks like a record: it has every column and fits."""
        if not self._whole and not (type(value) is dict and self._names <= value.keys()):
            return False
        try:
            self.values(value)
        except FieldError:
            return False
        return True

    def values(self, value: Any) -> tuple[Any, ...]:
        """Column values of one parsed JSON value.

        Raises:
            FieldError: A field is missing, null or of another type; the detail names it.
        """
        if self._whole or type(value) is not dict:
            value = self._beside(value)
        found = []
        for name, check, required in self._checks:
            item = value.get(name)
            if item is None and required:
                raise FieldError(
                    Reason.MISSING_FIELD,
                    f"Field {name} is missing or null. Correct the record, or take {name} out of `required`.",
                )
            try:
                found.append(check(item))
            except Mistyped as error:
                raise FieldError(
                    Reason.MISTYPED_FIELD,
                    f"Field {error.inside(name)}. Correct the record, or the type in `columns`.",
                ) from None
        return tuple(found)

    def unit(self, index: int, start: int, length: int, value: Any, before: tuple[Any, ...] = ()) -> Record | Fault:
        """One record or fault from a parsed value; `before` goes in front of its columns."""
        try:
            return Record(index, start, length, before + self.values(value))
        except FieldError as error:
            return Fault(index, start, length, error.reason.value, error.detail)

    def _beside(self, value: Any) -> dict[str, Any]:
        """A record that is no object belongs to the column `value`."""
        if VALUE not in self._names:
            raise FieldError(
                Reason.MISTYPED_FIELD,
                f"The record is {json_kind(value)}, not an object. "
                "Correct the record, or declare the single column `value`.",
            )
        return {VALUE: value}


def refuse_unsafe_encoding(encoding: str) -> None:
    """Refuse encodings in which a byte of a letter can look like a backslash or bracket: no scanner can read them.

    Raises:
        ValueError: The encoding is one of these.
    """
    if codecs.lookup(encoding).name in _UNSAFE:
        raise ValueError(f"JSON in {encoding} cannot be cut into records; convert the file to UTF-8 first")


def json_value(row: Mapping[str, Any], options: JsonOptions) -> Any:
    """A row as the value it is read from: NULL columns are left out, a MAP is an object, JSON text is what it says."""
    if list(options.columns) == [VALUE]:
        return _plain(row[VALUE], options.columns[VALUE])
    given = ((name, value) for name, value in row.items() if value is not None)
    return {name: _plain(value, options.columns.get(name, "")) for name, value in given}


def _plain(value: Any, kind: str) -> Any:
    if value is not None and kind.upper().startswith("MAP"):
        return dict(value)
    return orjson.loads(value) if value is not None and kind.upper() == "JSON" else value


def json_bytes(value: Any, options: JsonOptions, indent: int | None = 4) -> bytes:
    """A value as JSON in the file's encoding."""
    return json.dumps(value, indent=indent, ensure_ascii=False).encode(options.encoding)
