"""Formats of submission files: CSV as pandas reads it, and what pandas cannot read, row by row."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.csv_records import Records
from meds_pipeline.scoring.rows import COLUMNS, Row, read_rows

HEADER = "task_id,input,GT,output\n"
TEXT = str | bytes


def read(path: Path, text: TEXT) -> list[Row]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_rows(path))


def cells(rows: list[Row]) -> list[tuple[str | None, ...]]:
    return [tuple(row.text(column) for column in COLUMNS) for row in rows if row.fields is not None]


def odd(rows: list[Row]) -> dict[int, tuple[str, ...]]:
    return {row.place: row.kinds for row in rows if row.kinds}


def as_pandas(text: str) -> list[tuple[str | None, ...]] | None:
    """Rows as upstream gets them, short ones padded; None where pandas gives up, or takes a column for an index."""
    try:
        table = pd.read_csv(io.BytesIO(text.encode()), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, UnicodeDecodeError):
        return None
    if not isinstance(table.index, pd.RangeIndex):
        return None
    return [tuple(row) for row in table.itertuples(index=False)]


def test_csv_rows_are_those_of_pandas_wherever_it_does_not_give_up(tmp_path: Path) -> None:
    rnd = random.Random(11)  # noqa: S311 (test data)
    pieces = ["task57", "task57,", ",", ",", ",", '"', '"', '""', "\n", "\n", "\r\n", " ", "\t", "x", "é", "\n\n"]
    compared = 0
    for _ in range(2000):
        text = HEADER + "".join(rnd.choices(pieces, k=rnd.randint(1, 25)))
        expected = as_pandas(text)
        if expected is not None:
            compared += 1
            rows = read(tmp_path / "m.csv", text)
            assert all(row.fields is not None for row in rows), text
            assert [tuple(cell or "" for cell in row) for row in cells(rows)] == expected, repr(text)
    assert compared > 500


def test_short_rows_lack_cells_and_are_named(tmp_path: Path) -> None:
    rows = read(tmp_path / "m.csv", HEADER + "task57,q1,B,B\ntask57,q2,B\ntask57,few\n")
    assert cells(rows) == [("task57", "q1", "B", "B"), ("task57", "q2", "B", None), ("task57", "few", None, None)]
    assert odd(rows) == {3: ("short_row",), 4: ("short_row",)}


def test_long_rows_are_left_out_as_pandas_leaves_them_out(tmp_path: Path) -> None:
    text = HEADER + "task57,q1,B,B\ntask57,too,many,cells,here\ntask57,q2,B,B\n"
    rows = read(tmp_path / "m.csv", text)
    with pytest.warns(pd.errors.ParserWarning):
        table = pd.read_csv(io.StringIO(text), on_bad_lines="warn")
    assert cells(rows) == [tuple(row) for row in table.itertuples(index=False)]
    assert odd(rows) == {3: ("long_row",)}


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    good = "".join(f"task57,q{i},B,B\n" for i in range(20))
    rows = read(tmp_path / "m.csv", HEADER + "task57,q,B,B\n" + 'task57,"never closed,B,B\n' + good)
    assert odd(rows) == {3: ("broken_row",)}
    assert len(cells(rows)) == 21
    last = read(tmp_path / "m.csv", HEADER + 'task57,q,B,B\ntask57,q,B,"cut of')
    assert (len(cells(last)), odd(last)) == (1, {3: ("broken_row",)})


def test_a_lost_quote_that_finds_another_is_suspicious(tmp_path: Path) -> None:
    """Pandas reads one row without complaint; so do we, but say so."""
    text = HEADER + 'task57,q0,B,B\ntask57,"lost quote,B,C\ntask57,"q2 x",B,B\ntask57,q3,B,B\n'
    rows = read(tmp_path / "m.csv", text)
    assert cells(rows) == as_pandas(text)
    assert odd(rows) == {3: ("swallowed_row",)}


def test_every_second_quote_lost_is_seen(tmp_path: Path) -> None:
    text = HEADER + "".join(f'task57,"q{i}{"" if i % 2 == 0 else chr(34)},B,B\n' for i in range(80))
    rows = read(tmp_path / "m.csv", text)
    assert [tuple(cell or "" for cell in row) for row in cells(rows)] == as_pandas(text)
    assert len(odd(rows)) == 40


def test_quoted_lines_that_look_like_rows_stay_in_their_cell(tmp_path: Path) -> None:
    output = 'Here is the file:\ntask57,a,B,C\ntask58,"b",B,C'
    quoted = output.replace('"', '""')
    rows = read(tmp_path / "m.csv", HEADER + f'task57,q,B,"{quoted}"\ntask57,"never closed,B,B\ntask57,q2,B,B\n')
    assert cells(rows) == [("task57", "q", "B", output), ("task57", "q2", "B", "B")]
    assert odd(rows) == {2: ("swallowed_row",), 5: ("broken_row",)}


@pytest.mark.parametrize("broken", ['task57,"never closed,B,B', 'task57,q,B,"x"y,z",B', "task57,a,b,c,d"])
def test_reading_looks_at_each_line_a_few_times_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """One row in ten is broken; to start again at each of them from the top would take the square of their number."""
    looked_at = 0
    usual = Records._feed

    def counting(records: Records) -> Iterator[str]:
        nonlocal looked_at
        for line in usual(records):
            looked_at += 1
            yield line

    monkeypatch.setattr(Records, "_feed", counting)
    size = 2000
    lines = [broken if i % 10 == 0 else f'task57,"q{i} x",B,B' for i in range(size)]
    rows = read(tmp_path / "m.csv", HEADER + "\n".join(lines) + "\n")
    assert len(cells(rows)) > 0.7 * size
    assert looked_at < 2 * size


def test_bytes_that_are_not_utf8_cost_their_row_and_are_placed(tmp_path: Path) -> None:
    head = HEADER.encode()
    text = head + b"task57,q1,B,B\n" + "task57,paté,B,B\n".encode("latin-1") + "task57,paté,B,B\n".encode()
    rows = read(tmp_path / "m.csv", text)
    assert cells(rows) == [("task57", "q1", "B", "B"), ("task57", "paté", "B", "B")]
    (wrong,) = [row for row in rows if row.kinds]
    offset = text.index(b"\xe9")
    assert (wrong.kinds, wrong.named) == (("not_utf8",), f"line 3 (byte 0xE9 at offset {offset})")
    line = json.dumps({"task_id": "task57", "input": "pat", "GT": "B", "output": "B"}).encode()
    lines = read(tmp_path / "m.jsonl", line.replace(b"pat", b"pat\xe9") + b"\n" + line.replace(b"pat", b"\\ud800"))
    assert odd(lines) == {1: ("not_utf8",), 2: ("not_utf8",)}


def test_a_byte_order_mark_and_any_line_ends(tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        text = (HEADER + "task57,q,B,B\ntask58,q,B,B").replace("\n", end)
        rows = read(tmp_path / "m.csv", b"\xef\xbb\xbf" + text.encode())
        assert cells(rows) == [("task57", "q", "B", "B"), ("task58", "q", "B", "B")]
        assert [row.place for row in rows] == [2, 3]


def test_values_that_python_takes_for_no_still_are_values(tmp_path: Path) -> None:
    """False, 0 and an id of 0: read as Python writes them, which is what a CSV file of the same table would hold."""
    lines = [
        {"id": 0, "task_id": "task117", "input": "q", "GT": False, "output": False},
        {"id": "", "task_id": "task117", "input": "", "GT": 0, "output": 0},
        {"task_id": "task117", "input": "q", "references": [], "GT": "True", "output": None},
        {"task_id": "task117", "input": "q", "references": [0, None], "output": "x"},
    ]
    rows = read(tmp_path / "m.jsonl", "\n".join(map(json.dumps, lines)))
    assert [row.references for row in rows] == [("False",), ("0",), ("True",), ("0", "")]
    assert [row.text("output") for row in rows] == ["False", "0", None, "x"]
    assert [row.own_id for row in rows] == ["0", None, None, None]
    table = {"id": [0, 1], "task_id": ["task117"] * 2, "input": ["q"] * 2, "GT": [False, True], "output": [0, 1]}
    pq.write_table(pa.table(table), tmp_path / "m.parquet")
    found = list(read_rows(tmp_path / "m.parquet"))
    assert [(row.own_id, row.references, row.text("output")) for row in found] == [
        ("0", ("False",), "0"),
        ("1", ("True",), "1"),
    ]


def test_nan_is_missing_and_no_broken_row(tmp_path: Path) -> None:
    line = {"task_id": "task57", "input": "q", "GT": "B", "output": float("nan")}
    rows = read(tmp_path / "m.jsonl", json.dumps(line) + "\n" + json.dumps(line | {"GT": [float("nan"), "B"]}))
    assert [row.kinds for row in rows] == [(), ()]
    assert [row.text("output") for row in rows] == [None, None]
    assert rows[1].references == ("", "B")
    pq.write_table(pa.table({name: [line[name]] for name in COLUMNS}), tmp_path / "m.parquet")
    assert next(read_rows(tmp_path / "m.parquet")).text("output") is None


def test_json_objects_without_output_are_short_rows(tmp_path: Path) -> None:
    whole = '{"task_id": "task57", "input": "q", "GT": "B", "output": "B"}'
    rows = read(tmp_path / "m.jsonl", whole + '\n\n{"task_id": "task57", "GT": "B"}\n\n{broken')
    assert odd(rows) == {3: ("short_row",), 5: ("broken_row",)}
    assert len(cells(rows)) == 2


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.csv", "task,input,GT,output\ntask57,q,B,B\n", "no column 'task_id'"),
        ("m.csv", "", "no column 'task_id'"),
        ("m.csv", "task_id;input;GT;output\ntask57;q;B;B\n", "parted by semicolons"),
        ("m.csv", "task_id\tinput\tGT\toutput\n", "parted by tabs"),
        ("m.csv", HEADER.encode("utf-16"), "not UTF-8"),
        ("m.csv", HEADER.encode("utf-16-le"), "not UTF-8"),
        ("m.jsonl", '{"task_id": "task57", "input": "q", "GT": "B", "prediction": "B"}', "no column 'output'"),
        ("m.txt", HEADER, ".txt is no format"),
        ("m.parquet", "not parquet", "not a Parquet file"),
    ],
)
def test_files_that_are_no_submission_say_why(tmp_path: Path, name: str, text: TEXT, said: str) -> None:
    with pytest.raises(ScoringError, match=said) as caught:
        read(tmp_path / name, text)
    assert str(tmp_path / name) in str(caught.value)
    assert "Next:" in str(caught.value)


def test_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="no such file"):
        list(read_rows(tmp_path / "m.csv"))
