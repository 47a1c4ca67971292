"""Formats of submission files: CSV as pandas reads it, and what pandas cannot read, row by row."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.submission.rows import COLUMNS, SubmissionRow, read_rows

HEADER = "task_id,input,GT,output\n"
TEXT = str | bytes


def read(path: Path, text: TEXT) -> list[SubmissionRow]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_rows(path))


def cells(rows: list[SubmissionRow]) -> list[tuple[str | None, ...]]:
    return [tuple(row.text(column) for column in COLUMNS) for row in rows if row.fields is not None]


def odd(rows: list[SubmissionRow]) -> dict[int, tuple[str, ...]]:
    return {row.number: row.kinds for row in rows if row.kinds}


def as_pandas(text: str) -> list[tuple[str | None, ...]] | None:
    """Rows as upstream gets them, blank ones left out; None where pandas gives up, or takes a column for an index."""
    try:
        table = pd.read_csv(io.BytesIO(text.encode()), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, UnicodeDecodeError):
        return None
    if not isinstance(table.index, pd.RangeIndex):
        return None
    return [tuple(row) for row in table.itertuples(index=False) if any(cell.strip() for cell in row)]


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
            assert [row for row in cells(rows) if any(map(str.strip, row))] == expected, repr(text)
    assert compared > 500


def test_the_cells_a_short_row_lacks_are_empty(tmp_path: Path) -> None:
    rows = read(tmp_path / "m.csv", HEADER + "task57,q1,B,B\ntask57,q2,B\ntask57,few\n")
    assert cells(rows) == [("task57", "q1", "B", "B"), ("task57", "q2", "B", ""), ("task57", "few", "", "")]


def test_long_rows_are_left_out_as_pandas_leaves_them_out(tmp_path: Path) -> None:
    text = HEADER + "task57,q1,B,B\ntask57,too,many,cells,here\ntask57,q2,B,B\n"
    rows = read(tmp_path / "m.csv", text)
    with pytest.warns(pd.errors.ParserWarning):
        table = pd.read_csv(io.StringIO(text), on_bad_lines="warn")
    assert cells(rows) == [tuple(row) for row in table.itertuples(index=False)]
    assert odd(rows) == {3: ("long_row",)}


def test_rows_have_the_numbers_a_spreadsheet_shows(tmp_path: Path) -> None:
    """The header is row 1; blank lines and rows that cannot be read count, line breaks within a cell do not."""
    text = "task57,a,b,c,d\n" + 'task57,"q\n\n2",B,B\n\n  \ntask57,a,b,c,d\ntask57,q3,B,B\n' + "task57,a,b,c,d\n" * 2
    rows = read(tmp_path / "m.csv", HEADER + text)
    assert [(row.number, row.text("input")) for row in rows] == [
        *((2, None), (3, "q\n\n2"), (6, None), (7, "q3"), (8, None), (9, None)),
    ]


@pytest.mark.parametrize("before", [0, 1, 4999, 5000, 5003])
def test_a_quote_that_is_never_closed_costs_what_stands_behind_it(tmp_path: Path, before: int) -> None:
    """The usual case is a file that was cut off. Pandas gives up; the rows before the quote are read."""
    good = "".join(f"task57,q{i},B,B\n" for i in range(before))
    rows = read(tmp_path / "m.csv", HEADER + good + "task57,a,b,c,d\n" + 'task57,q,B,"cut\nof\ntask57,q,B,B\n')
    assert [row.text("input") for row in rows if row.fields] == [f"q{i}" for i in range(before)]
    assert odd(rows) == {before + 2: ("long_row",), before + 3: ("broken_row",)}


def test_a_lost_quote_that_finds_another_is_suspicious(tmp_path: Path) -> None:
    """Pandas reads one row without complaint; so do we, but say so."""
    text = HEADER + 'task57,q0,B,B\ntask57,"lost quote,B,C\ntask57,"q2 x",B,B\ntask57,q3,B,B\n'
    rows = read(tmp_path / "m.csv", text)
    assert cells(rows) == as_pandas(text)
    assert odd(rows) == {3: ("swallowed_row",)}


def test_bytes_that_are_not_utf8_cost_their_row(tmp_path: Path) -> None:
    head = HEADER.encode()
    text = head + b"task57,q1,B,B\n" + "task57,paté,B,B\n".encode("latin-1") + "task57,paté,B,B\n".encode()
    rows = read(tmp_path / "m.csv", text)
    assert cells(rows) == [("task57", "q1", "B", "B"), ("task57", "paté", "B", "B")]
    assert odd(rows) == {3: ("not_utf8",)}
    line = json.dumps({"task_id": "task57", "input": "pat", "GT": "B", "output": "B"}).encode()
    lines = read(tmp_path / "m.jsonl", line.replace(b"pat", b"pat\xe9") + b"\n" + line.replace(b"pat", b"\\ud800"))
    assert odd(lines) == {1: ("not_utf8",), 2: ("not_utf8",)}


def test_a_byte_order_mark_and_any_line_ends(tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        text = (HEADER + "task57,q,B,B\ntask58,q,B,B").replace("\n", end)
        rows = read(tmp_path / "m.csv", b"\xef\xbb\xbf" + text.encode())
        assert cells(rows) == [("task57", "q", "B", "B"), ("task58", "q", "B", "B")]
        assert [row.number for row in rows] == [2, 3]


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


def test_lines_that_are_no_json_object_are_broken_rows(tmp_path: Path) -> None:
    whole = '{"task_id": "task57", "input": "q", "GT": "B", "output": "B"}'
    rows = read(tmp_path / "m.jsonl", whole + '\n\n{"task_id": "task57", "GT": "B"}\n\n{broken')
    assert odd(rows) == {5: ("broken_row",)}
    assert cells(rows) == [("task57", "q", "B", "B"), ("task57", None, "B", None)]


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
