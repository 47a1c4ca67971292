"""Batches hold exactly what reading record by record gives, whatever the way they were made."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import SAMPLES, units

from meds_pipeline.readers import Fault, Record, batches, get_reader
from meds_pipeline.readers.archives import open_raw
from meds_pipeline.readers.fast_delimited import DelimitedFormat
from meds_pipeline.readers.fast_json_lines import JsonLinesFormat

COLUMNS = {
    "a": "VARCHAR",
    "b": "BIGINT",
    "c": "DOUBLE",
    "d": "BOOLEAN",
    "e": "VARCHAR[]",
    "f": "STRUCT(x VARCHAR, y BIGINT[])",
}


def flat(name: str, data: bytes, companions: dict[str, bytes] | None = None, **options: Any) -> list[Record | Fault]:
    """The units of all batches, in index order; values as Arrow gives them back."""
    beside = {role: io.BytesIO(body) for role, body in (companions or {}).items()}
    found: list[Record | Fault] = []
    for batch in get_reader(name).batches(io.BytesIO(data), companions=beside, **options):
        rows = zip(*(column.to_pylist() for column in batch.records.columns), strict=True)
        where = zip(*(column.to_pylist() for column in batch.addresses.columns), strict=True)
        good = [Record(*place, values) for place, values in zip(where, rows, strict=True)]
        found += sorted([*good, *batch.faults], key=lambda unit: unit.index)
    return found


def in_arrow(name: str, found: list[Record | Fault], **options: Any) -> list[Record | Fault]:
    """Units with their values as they are after storing them in Arrow."""
    schema = get_reader(name).schema(options)
    return [
        Record(
            one.index,
            one.start,
            one.length,
            tuple(pa.array([value], kind.type)[0].as_py() for value, kind in zip(one.values, schema, strict=True)),
        )
        if isinstance(one, Record)
        else one
        for one in found
    ]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_samples(name: str) -> None:
    sample = SAMPLES[name]
    for data in (sample.data, sample.data[: len(sample.data) // 2], b"", b"\xff\n{}\n"):
        expected = units(name, data, sample.companions, **sample.options)
        assert flat(name, data, sample.companions, **sample.options) == in_arrow(name, expected, **sample.options)


@pytest.fixture(params=[64, 1 << 20])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Small blocks, so that records lie across their borders; and one that holds all."""
    monkeypatch.setattr(batches, "BLOCK", request.param)
    return int(request.param)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "a": st.none() | TEXT,
        "b": st.none() | st.integers(-(2**63), 2**63 - 1),
        "c": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000),
        "d": st.booleans(),
        "e": st.none() | st.lists(st.none() | TEXT, max_size=3),
        "f": st.none()
        | st.fixed_dictionaries({"x": TEXT}, optional={"y": st.lists(st.integers(-9, 9), max_size=2), "z": TEXT}),
        "other": st.lists(TEXT, max_size=2) | TEXT | st.integers(),
    },
)
ODD = [
    b"", b"  ", b"\r", b'{"a": 1}', b'{"b": 1.0}', b'{"b": 9223372036854775808}', b'{"c": "1"}',
    b'{"c": 1e400}', b'{"c": NaN}', b'{"g": NaN}', b'{"g": [-Infinity]}', b'{"c": 12345678901234567890}',
    b'{"d": 0}', b'{"e": ["x", 1]}', b'{"f": {"y": ["1"]}}', b'{"f": []}', b"{", b"}", b"{}{}",
    b'{"a": "x"} {"a": "y"}', b'{"a": "x"}  ', b' {"a": "x"}', b'{"a": "\xff"}', b'{"g": "\xff"}',
    b'{"a": "\\ud800"}', b'{"a": "\x01"}', b'{"a": "1", "a": "2"}', b'{"a": "x",}', b"[]", b'"x"', b"null",
    b'{"b": -0}', b'{"b": 01}', b'{"a": "\\u0000"}', b"{'a': 1}", b'\xef\xbb\xbf{"a": "x"}', b'{"e": "x"}',
    b'{"f": {"x": null, "x": "y"}}', b'{"a": "Infinity, NaN]"}', b'{"f":\n{}}', b'{"a": "x"}\n{}\n}{',
]  # fmt: skip


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize("line", ODD)
def test_odd_json_lines_by_the_block(line: bytes) -> None:
    data = b'{"a": "before"}\n' + line + b'\n{"a": "behind", "b": 1}\n{"c": 2}'
    expected = in_arrow("jsonl", units("jsonl", data, columns=COLUMNS), columns=COLUMNS)
    assert flat("jsonl", data, columns=COLUMNS) == expected


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(st.one_of(ITEM.map(lambda item: json.dumps(item).encode()), st.sampled_from(ODD)), max_size=8),
    ending=st.sampled_from([b"\n", b"\r\n"]),
)
@pytest.mark.usefixtures("block")
def test_json_lines_by_the_block(lines: list[bytes], ending: bytes) -> None:
    data = ending.join(lines)
    expected = in_arrow("jsonl", units("jsonl", data, columns=COLUMNS), columns=COLUMNS)
    assert flat("jsonl", data, columns=COLUMNS) == expected


TABLE = {"a": "VARCHAR", "c": "BIGINT", "b": "VARCHAR", "d": "DOUBLE", "e": "BOOLEAN"}
CELLS = st.one_of(
    TEXT,
    st.text(alphabet='a é",\n\r;', max_size=20),
    st.sampled_from(["", " 2 ", "x" * 40, "é" * 20, "1", "-7", "+1", "1.5", "1e3", "nan", "1_000"]),
    st.sampled_from(["true", "F", "0x1F", "nan(1)", '"', '""']),
)
ODD_LINES = [
    b"", b" ", b"\r", b'a"b,1,c,2,true', b'a"b",1,c,2,true', b'"a"b,1,c,2,true', b'"a""b"c,1,c,2,true',
    b'a""b,1,c,2,true', b'"open,1,c,2,true', b'"a",1,"b,2,true', b"a,1", b"a,1,b,1,1,1",
    b"\xff,1,b,1,true", b'"",,"",,', b"a\rb,1,c,2,true", b'"a",1,c\rd,2,true', b'"a\rb",1,c,2,true',
    b'"a",1,c,2,true\r', b"a,x,b,1,true", b"a, 1,b,1_0,true", b"a,+1,b,1,true", b"a,1,b,1,t",
    b"a,1\nb,2,c,3,true,x,y,z", b'"a"\n,1,b,1,true', b'a,1,b,1,"true"', b'"a" ,1,b,1,true',
    b'"",1,"""",2,', b"a,0x1F,b,1,true", b"a,1,b,nan(1),true", b"a,1,b,0X1,true", b"\xef\xbb\xbfa,1,b,2,true",
    b"a,1,b,1,true\r", b"a,1,b\r,1,true", b'a,1,"b\r",1,true\r', b"a,1,b,NA,true", b"NA,,null,inf,",
]  # fmt: skip


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize("line", ODD_LINES)
@pytest.mark.parametrize("quoting", [True, False])
def test_odd_rows_by_the_block(line: bytes, quoting: bool) -> None:
    data = b"a,c,b,d,e\r\nbefore,1,b,2,true\r\n" + line + b'\r\n"behind ""it""",1,b,2,true\r\nlast,1,b,2,true'
    options: dict[str, Any] = {"columns": TABLE, "quoting": quoting}
    expected = in_arrow("csv", units("csv", data, **options), **options)
    assert flat("csv", data, **options) == expected


def row_bytes(cells: tuple[list[str], bool]) -> bytes:
    """A row as Python's csv writes it, all cells quoted or only those that need it."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="", quoting=csv.QUOTE_ALL if cells[1] else csv.QUOTE_MINIMAL).writerow(cells[0])
    return out.getvalue().encode()


ROW = st.tuples(
    st.tuples(CELLS, st.integers().map(str), CELLS, st.floats().map(str), st.sampled_from(["", "true", "0"])).map(list),
    st.booleans(),
)
ANY_ROW = st.tuples(st.lists(CELLS, min_size=5, max_size=5), st.booleans())


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(
        st.one_of(ROW.map(row_bytes), ROW.map(row_bytes), ANY_ROW.map(row_bytes), st.sampled_from(ODD_LINES)),
        max_size=8,
    ),
    ending=st.sampled_from([b"\n", b"\r\n"]),
    last=st.booleans(),
    header=st.booleans(),
    quoting=st.booleans(),
)
@pytest.mark.usefixtures("block")
def test_tables_by_the_block(lines: list[bytes], ending: bytes, last: bool, header: bool, quoting: bool) -> None:
    top = [b"a,c,b,d,e"] if header else []
    data = ending.join([*top, *lines]) + (ending if last else b"")
    options: dict[str, Any] = {"columns": TABLE, "header": header, "quoting": quoting}
    expected = in_arrow("csv", units("csv", data, **options), **options)
    assert repr(flat("csv", data, **options)) == repr(expected)  # nan is nan


LONG = b"\n".join([b'{"a": "x"}', b'{"a": "' + b"y" * 300 + b'"}', b'{"b": 1}', b'{"a": null}', b""])
ROWS = b'x,a\n"1, 2",p\n\n,q\n3,"' + b"y" * 300 + b'"\n4,r\n'


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("jsonl", LONG, {"columns": {"a": "VARCHAR"}, "max_record_bytes": 10}),
        ("jsonl", LONG, {"columns": {"a": "VARCHAR"}, "max_record_bytes": 100}),
        ("jsonl", LONG, {"columns": {"a": "VARCHAR"}, "required": ["a"]}),
        ("csv", ROWS, {"columns": {"a": "VARCHAR", "n": "BIGINT"}, "optional": ["n"]}),
        ("csv", ROWS, {"columns": {"x": "BIGINT", "a": "VARCHAR"}, "required": ["x"]}),
        ("csv", ROWS, {"columns": {"a": "VARCHAR"}, "max_record_bytes": 100}),
        ("csv", ROWS, {"columns": {"z": "VARCHAR"}}),
    ],
)
def test_options_by_the_block(name: str, data: bytes, options: dict[str, Any]) -> None:
    assert flat(name, data, **options) == units(name, data, **options)


def test_clean_files_really_go_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the other tests of this file compare the slow way with itself."""

    def refuse(*_: object) -> None:
        raise AssertionError("went the slow way")

    monkeypatch.setattr(JsonLinesFormat, "slow", refuse)
    monkeypatch.setattr(DelimitedFormat, "slow", refuse)
    data = b'{"a": "\xc3\xa9", "b": 2, "f": {"x": "y"}}\r\n\r\n{"e": ["x", null]}'
    assert len(flat("jsonl", data, columns=COLUMNS)) == 2
    data = b'a,c,b,d,e\r\n"x ""y"", \xc3\xa9\r\n",1,,2.5,true\r\n\r\nlonger than twelve,,"",,'
    assert len(flat("csv", data, columns=TABLE)) == 2


@pytest.mark.parametrize("keep", [0.001, 0.3, 0.7, 0.999])
@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_a_broken_archive_gives_the_same_records_before_its_break(tmp_path: Path, name: str, keep: float) -> None:
    texts = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(20_000)]
    line = {"jsonl": '{{"a": "{}"}}\n', "csv": "{},1\n"}[name]
    archive = gzip.compress(("a,b\n" if name == "csv" else "").encode() + "".join(map(line.format, texts)).encode())
    (tmp_path / "x.gz").write_bytes(archive[: int(len(archive) * keep)])
    options: dict[str, Any] = {"columns": {"a": "VARCHAR"}}
    with open_raw(tmp_path / "x.gz") as raw:
        one_by_one = list(get_reader(name).read(raw, **options))
    with open_raw(tmp_path / "x.gz") as raw:
        by_the_block = list(get_reader(name).batches(raw, **options))
    assert sum(len(batch.records) for batch in by_the_block) == len(one_by_one) - 1
    assert by_the_block[-1].faults == one_by_one[-1:]
    assert len(one_by_one) > 5_000 or keep < 0.5


@pytest.mark.parametrize("rows", [1, 3, 7, 100])
def test_recut_keeps_rows_and_order(rows: int) -> None:
    sizes = [0, 5, 1, 0, 9, 2]
    table = pa.table({"a": range(sum(sizes))})
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    parts = [
        batch for start, size in zip(starts, sizes, strict=True) for batch in table.slice(start, size).to_batches()
    ]
    found = list(batches.recut(iter(parts), rows))
    assert [value for batch in found for value in batch["a"].to_pylist()] == list(range(sum(sizes)))
    assert {len(batch) for batch in found[:-1]} <= {rows}
