"""Records that were lost without a row, and what was taken for a record and is none."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from reading import faults, rows, units, workbook

from meds_pipeline.readers import Fault, get_reader

COLUMN = {"columns": {"a": "VARCHAR"}}


@pytest.mark.parametrize(
    ("data", "texts", "starts"),
    [
        (b"-DOCSTART-\tO\na\tO\n\nb\tO\n", ["a", "b"], [13, 18]),
        (b"a\tO\n-DOCSTART- -X- O\n\nb\tO\n", ["a", "b"], [0, 22]),
        (b"a\tO\n-DOCSTART-\tO\r\nb\tO\r\n", ["a", "b"], [0, 18]),
        (b"-DOCSTART-\n-DOCSTART-\tO\n\n-DOCSTART-like\tO\n", ["-DOCSTART-like"], [25]),
    ],
)
def test_iob_sentences_beside_a_docstart_line(data: bytes, texts: list[str], starts: list[int]) -> None:
    found = units("iob", data)
    assert [values[0] for values in rows(found)] == texts
    assert [unit.start for unit in found] == starts


@pytest.mark.parametrize(
    ("data", "texts", "bad"),
    [
        # A comment that does not end ends where the next one begins, so what stands between them is read.
        (b"<d><!-- a -- ><rec>1</rec><!-- b --><rec>2</rec></d>", ["1", "2"], []),
        (b"<d><!-- a <rec>0</rec> -- b --><rec>1</rec></d>", ["1"], []),
        # Entities of a document type are not records, whatever its comments and quotes hold.
        (b'<!DOCTYPE d [<!ENTITY e "<rec>0</rec>"> <!-- it\'s ]> -->\n]><d><rec>1</rec></d>', ["1"], []),
        (b"<!DOCTYPE d [<!ENTITY e ']><rec>0</rec>'>]><d><rec>1</rec></d>", ["1"], []),
        (b'<!DOCTYPE d SYSTEM "d.dtd"><d><rec>1</rec></d>', ["1"], []),
        # A < in an attribute is no record but damage.
        (b'<d><e a="<rec>0</rec><rec>0</rec>"/><rec>1</rec></d>', ["1"], ["bad_record"]),
        (b"<d><e b=\"x > y\" a='<rec>0</rec>'/><rec>1</rec></d>", ["1"], ["bad_record"]),
        (b'<d><rec a="<rec>0</rec>">2</rec><rec>1</rec></d>', ["1"], ["bad_record"]),
        (b'<d><e a="open><rec>1</rec><rec>2</rec></d>', ["1", "2"], []),
    ],
)
@pytest.mark.parametrize("before", [b"", b" " * ((1 << 20) - 20)], ids=["one chunk", "across chunks"])
def test_xml_records_are_those_of_the_document(before: bytes, data: bytes, texts: list[str], bad: list[str]) -> None:
    found = units("xml", before + data, record="rec", columns={".": "VARCHAR"})
    assert [values[0] for values in rows(found)] == texts
    assert [reason for _, reason in faults(found)] == bad


def test_annotations_over_the_limit_are_a_fault_not_cut() -> None:
    ann = b"T1\tX 0 1\ta\nT2\tX 2 3\tb\n"
    good = units("brat", b"a b", {"ann": ann}, max_record_bytes=len(ann))
    assert len(rows(good)[0][1]) == 2
    found = units("brat", b"a b", {"ann": ann}, max_record_bytes=len(ann) - 11)
    assert (rows(found), faults(found)) == ([], [(0, "too_long")])


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ((b'r="3"', b'r="2"'), "row 2"),
        ((b'"A3"', b'"A2"'), "row 2"),
        ((b'<row r="3"', b"<row r = '2'"), "row 2"),
        ((b'<row r="3"', b'<!-- > --><row\nspans="1:1" r="2"'), "row 2"),
    ],
)
def test_a_workbook_row_that_is_there_twice_is_a_fault(change: tuple[bytes, bytes], lost: str) -> None:
    whole = workbook([["a"], ["first"], ["second"], ["third"]])
    assert [values[0] for values in rows(units("xlsx", whole, **COLUMN))] == ["first", "second", "third"]
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            body = before.read(name)
            after.writestr(name, body.replace(*change) if name.startswith("xl/worksheets/") else body)
    (fault,) = units("xlsx", out.getvalue(), **COLUMN)
    assert isinstance(fault, Fault)
    assert (fault.index, fault.reason) == (-1, "unreadable")
    assert f"{lost} of sheet" in fault.detail.lower()
    assert "is there twice" in fault.detail


@pytest.mark.parametrize(
    "change",
    [
        (b"</sheetData>", b'<!-- <row r="2"> --></sheetData>'),
        (b'<c r="A2"', b'<c r="B2"/><c r="A2"'),  # out of order
    ],
)
def test_a_workbook_without_a_row_twice_is_read(change: tuple[bytes, bytes]) -> None:
    out = io.BytesIO()
    whole = workbook([["a"], ["first"], ["second"], ["third"]])
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            body = before.read(name)
            after.writestr(name, body.replace(*change) if name.startswith("xl/worksheets/") else body)
    assert [values[0] for values in rows(units("xlsx", out.getvalue(), **COLUMN))] == ["first", "second", "third"]


def test_json_lines_read_as_one_document_say_which_reader_reads_them() -> None:
    data = b'{"a": "1"}\n{"a": "2"}\n{"a": "3"}\n'
    found = units("json", data, **COLUMN)
    assert rows(found) == [("1",)]
    (fault,) = [unit for unit in found if isinstance(unit, Fault)]
    assert (fault.index, fault.start, fault.length) == (-1, 10, len(data) - 10)
    assert "reader: jsonl" in fault.detail


@pytest.mark.parametrize("depth", [900, 1_100, 5_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_both_ways_of_json_lines_nest_as_deep(depth: int, brackets: str) -> None:
    deep = "[" * depth + "]" * depth if brackets == "[]" else '{"b":' * depth + "1" + "}" * depth
    data = f'{{"a": "1"}}\n{{"a": "2", "x": {deep}}}\n{{"a": "3"}}\n'.encode()
    slow = units("jsonl", data, **COLUMN)
    fast = list(get_reader("jsonl").batches(io.BytesIO(data), **COLUMN))
    assert [value for batch in fast for value in batch.records["a"].to_pylist()] == [values[0] for values in rows(slow)]
    assert [(fault.index, fault.reason) for batch in fast for fault in batch.faults] == faults(slow)


@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("jsonl", b'{"a": "1"}\n{"a": "2', {}),
        ("csv", b"a,b\n1,2\n3", {}),
        ("csv", b'a,b\n1,2\n3,"x', {}),
        ("tsv", b"a\tb\n1\t2\n3", {"quoting": False}),
    ],
)
def test_a_last_line_without_its_end_says_that_the_file_is_cut(name: str, data: bytes, options: dict[str, Any]) -> None:
    for body, reason in ((data, "truncated"), (data + b"\n", r"bad_record|ragged")):
        found = units(name, body, **COLUMN, **options)
        assert len(rows(found)) == 1
        assert [re.fullmatch(reason, found) is not None for _, found in faults(found)] == [True]
