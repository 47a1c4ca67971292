"""Column types: what is stored, what is refused, and that the refusal names the field."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from meds_pipeline.readers.columns import Mistyped, parse_columns, parse_type


@pytest.mark.parametrize(
    ("text", "canonical", "arrow"),
    [
        ("varchar", "VARCHAR", pa.string()),
        ("TEXT[]", "VARCHAR[]", pa.list_(pa.string())),
        ("int [] []", "BIGINT[][]", pa.list_(pa.list_(pa.int64()))),
        ("REAL", "DOUBLE", pa.float64()),
        (
            'STRUCT(a INT, "b ""c" JSON[])',
            "STRUCT",
            pa.struct([("a", pa.int64()), ('b "c', pa.list_(pa.string()))]),
        ),
        ("MAP(VARCHAR, BOOLEAN)", "MAP", pa.map_(pa.string(), pa.bool_())),
        ("JSON", "JSON", pa.string()),
    ],
)
def test_types_are_read(text: str, canonical: str, arrow: pa.DataType) -> None:
    found = parse_type(text)
    assert (found.text, found.arrow) == (canonical, arrow)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *[
            (text, "unknown column type")
            for text in ("", "STRUCT(a)", "STRUCT(a INT", "VARCHAR)", "INT INT", "[]", "%", "texts")
        ],
        *[(text, "unknown column type DATE") for text in ("DATE", "date[]", "STRUCT(a MAP(VARCHAR, DATE))")],
        ("MAP(INT, INT)", "keys of a MAP are VARCHAR"),
        ("VARCHAR[3]", r"unknown column type VARCHAR\[3\]"),
        ("STRUCT(end INT)", "needs double quotes"),
        ("STRUCT(a INT, A INT)", "unknown column type"),
    ],
)
def test_what_is_no_type_is_refused_with_the_list_of_types(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"{says}.*use VARCHAR, BIGINT"):
        parse_columns({"x": text})


@pytest.mark.parametrize(
    ("type_text", "value", "stored"),
    [
        ("VARCHAR", "a", "a"),
        ("DOUBLE", 3, 3.0),
        ("BOOLEAN", False, False),
        ("BIGINT[]", [1, None], [1, None]),
        ("STRUCT(a VARCHAR)", {"b": 1}, {"a": None}),
        ("MAP(VARCHAR, BIGINT)", {"x": 1}, [("x", 1)]),
        ("JSON", {"b": [1.5, None], "a": "é"}, '{"b":[1.5,null],"a":"é"}'),
        ("STRUCT(a VARCHAR)[]", None, None),
    ],
)
def test_values_of_the_type_are_stored(type_text: str, value: Any, stored: Any) -> None:
    assert parse_type(type_text).check(value) == stored


@pytest.mark.parametrize(
    ("type_text", "value", "message"),
    [
        ("VARCHAR", 3, ": expected VARCHAR, found a number"),
        ("BIGINT", True, ": expected BIGINT, found true/false"),
        ("BIGINT", 1.0, ": expected BIGINT, found a number"),
        ("BIGINT", 2**63, ": expected BIGINT, found a number"),
        ("DOUBLE", "3", ": expected DOUBLE, found text"),
        ("VARCHAR[]", "a", ": expected a list, found text"),
        ("VARCHAR[]", ["a", 2], "[1]: expected VARCHAR, found a number"),
        ("STRUCT(a STRUCT(b BIGINT[]))", {"a": {"b": [1, {}]}}, "a.b[1]: expected BIGINT, found an object"),
        ("MAP(VARCHAR, VARCHAR)", {"k": []}, "*: expected VARCHAR, found a list"),
        ("MAP(VARCHAR, VARCHAR)", [], ": expected an object, found a list"),
    ],
)
def test_mistyped_values_are_refused_with_their_path(type_text: str, value: Any, message: str) -> None:
    with pytest.raises(Mistyped) as caught:
        parse_type(type_text).check(value)
    assert str(caught.value) == message
