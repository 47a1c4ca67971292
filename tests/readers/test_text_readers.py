"""Lines, parallel files, whole texts, TextGrid and XLSX."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import SAMPLES, TEXTGRID, faults, rows, units, workbook

from meds_pipeline.core.errors import CatalogError
from meds_pipeline.readers import Fault, get_reader

LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r﻿"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(LINE, LINE), min_size=1, max_size=6),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_parallel_lines_come_back_and_every_address_resolves(
    pairs: list[tuple[str, str]], ending: str, last: bool
) -> None:
    sides = [ending.join(side) for side in zip(*pairs, strict=True)]
    source, target = (
        f"{side}{ending}".encode() if last or side.endswith("\n") or not side else side.encode() for side in sides
    )
    options = {"roles": {"target": "lines"}}
    found = units("lines", source, {"target": target}, **options)
    assert rows(found) == pairs
    reader, beside = get_reader("lines"), {"target": io.BytesIO(target)}
    texts = [reader.raw_text(io.BytesIO(source), unit, companions=beside, **options) for unit in found]
    assert texts == [f"{a}\n[target] {b}" for a, b in pairs]


def test_parallel_files_of_different_lengths_are_one_fault() -> None:
    (fault,) = units("lines", b"a\nb\n", {"target": b"x\n"}, roles={"target": "lines"})
    assert isinstance(fault, Fault)
    assert (fault.index, fault.reason) == (-1, "ragged")
    assert "The text has 2 lines, but target has 1" in fault.detail


PARALLEL = {"roles": {"t": "lines"}}


@pytest.mark.parametrize(
    ("name", "data", "other", "options", "expected", "bad"),
    [
        ("lines", b"one .\ntwo .\n", b"< <A ANDB", {"roles": {"t": "<"}}, [("one .", " "), ("two .", "A ANDB")], []),
        ("lines", b"a\n\xff\n", b"x\ny\n", PARALLEL, [("a", "x")], [(1, "bad_encoding")]),
        ("lines", b"a\nb\n", b"x\n\xff\n", PARALLEL, [("a", "x")], [(1, "bad_encoding")]),
        ("lines", b"[T]\nid: 1\n\n\n[T]\nid: 2\n", b"", {}, [("[T]",), ("id: 1",), ("[T]",), ("id: 2",)], []),
        ("lines", b"\n[T]\nid: 1\n\n \n[T]\n", b"", {"unit": "block"}, [("[T]\nid: 1",), ("[T]",)], []),
        ("text", b"\xef\xbb\xbfA\n\xc3\xa9\n", b"", {}, [("A\né\n",)], []),
        ("text", "病".encode("gb18030"), b"", {"encoding": "gb18030"}, [("病",)], []),
        ("text", b"\xff", b"", {}, [], [(0, "bad_encoding")]),
    ],
)
def test_texts_as_they_come(
    name: str,
    data: bytes,
    other: bytes,
    options: dict[str, Any],
    expected: list[tuple[str, ...]],
    bad: list[tuple[int, str]],
) -> None:
    found = units(name, data, {"t": other}, **options)
    assert rows(found) == expected
    assert faults(found) == bad


def test_blocks_have_addresses_and_no_parallel_files() -> None:
    found = units("lines", b"[Term]\nid: 1\n\n\n[Term]\nid: 2\n", unit="block")
    assert [(unit.start, unit.length) for unit in found] == [(0, 12), (15, 12)]
    with pytest.raises(CatalogError, match="by lines, not blocks"):
        get_reader("lines").schema({"unit": "block", "roles": {"a": "lines"}})


def test_textgrid_intervals() -> None:
    found = units("textgrid", TEXTGRID)
    assert rows(found) == [
        ("Doctor", 1, 0.0, 1.25, 'He said "ouch" <UNSURE>twice</UNSURE>.'),
        ("Doctor", 2, 1.25, 3.5, ""),
    ]
    assert get_reader("textgrid").raw_text(io.BytesIO(TEXTGRID), found[0]).lstrip().startswith("intervals [1]:")
    assert rows(units("textgrid", TEXTGRID.replace(b"\n", b"\r\n"))) == rows(found)


def test_xlsx_cells_addresses_and_raw_text() -> None:
    data = workbook(
        [
            ["question", "n", "x", "flag"],
            ["a", 12, 1.5, True],
            [None, None, None, None],
            ["", 3, "", ""],
            [7, 4.5, 1, 0],
        ]
    )
    columns = {"question": "VARCHAR", "n": "BIGINT", "x": "DOUBLE", "flag": "BOOLEAN"}
    found = units("xlsx", data, columns=columns)
    assert rows(found) == [("a", 12, 1.5, True), (None, 3, None, None)]
    assert faults(found) == [(2, "mistyped_field")]
    assert [(unit.start, unit.length) for unit in found] == [(2, 0), (4, 0), (5, 0)]
    shown = get_reader("xlsx").raw_text(io.BytesIO(data), found[0], columns=columns)
    assert json.loads(shown) == {"question": "a", "n": "12", "x": "1.5", "flag": "True"}


def test_xlsx_sheets() -> None:
    data = workbook([["question"], ["a"]], sheet="Data")
    columns = {"question": "VARCHAR"}
    assert rows(units("xlsx", data, columns=columns, sheet="Data")) == [("a",)]
    (fault,) = units("xlsx", data, columns=columns, sheet="Dat")
    assert isinstance(fault, Fault)
    assert "there are: Data" in fault.detail
    assert faults(units("xlsx", data, columns={"answer": "VARCHAR"})) == [(-1, "missing_column")]


def test_xlsx_that_is_none() -> None:
    assert faults(units("xlsx", b"PK\x03\x04 no", columns={"a": "VARCHAR"})) == [(-1, "unreadable")]
    assert faults(units("xlsx", SAMPLES["xlsx"].data[:-30], columns={"a": "VARCHAR"})) == [(-1, "unreadable")]


def test_xlsx_bombs_are_refused_before_they_are_opened() -> None:
    corner = workbook([["question"], ["a"]])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(corner)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            body = old.read(member)
            new.writestr(member, body.replace(b'r="A2"', b'r="XFD1048576"'))
    (fault,) = units("xlsx", changed.getvalue(), columns={"question": "VARCHAR"})
    assert isinstance(fault, Fault)
    assert "spans 1048576 rows and 16384 columns" in fault.detail
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("xl/worksheets/sheet1.xml", bytes(100 << 20))
    (fault,) = units("xlsx", bomb.getvalue(), columns={"question": "VARCHAR"})
    assert isinstance(fault, Fault)
    assert "archive bomb" in fault.detail
