"""Submission files: every oddity counted and named, none of them fatal."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.errors import ScoringError
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.submission import Submission, read_submission

KNOWN = load_registry().tasks
HEADER = "task_id,input,GT,output\n"


def read(path: Path, text: str, **more: bool) -> Submission:
    path.write_text(text, "utf-8", newline="")
    return read_submission(path, KNOWN, **more)


def problems(submission: Submission) -> dict[str, tuple[int, list[str]]]:
    return {row["kind"]: (row["count"], row["first"]) for row in submission.problems.rows()}


def test_a_plain_file(tmp_path: Path) -> None:
    found = read(tmp_path / "eval_My-Model.csv", HEADER + 'task57,"What, then?",B,"B\nit is"\r\ntask12,q,no,No\n')
    assert found.model == "eval_My-Model"
    assert [(a.task_id, a.input, a.truth, a.output) for a in found.answers] == [
        ("task12", "q", "no", "No"),
        ("task57", "What, then?", "B", "B\nit is"),
    ]
    assert problems(found) == {}


def test_oddities_are_counted_and_named(tmp_path: Path) -> None:
    rows = [
        "task57,q1,B,",
        "task57,q2,B,  ",
        "task999,q,B,B",
        ",q,B,B",
        "task57,q3,B,B",
        "task57,q3,B,C",
        "task57,q4,,B",
    ]
    found = read(tmp_path / "m.csv", HEADER + "\n".join(rows) + "\n")
    assert problems(found) == {
        "missing_output": (1, ["line 2 (task57)"]),
        "blank_output": (1, ["line 3 (task57)"]),
        "unknown_task": (2, ["line 4 (task999)", "line 5 (blank)"]),
        "duplicate_row": (1, ["line 7 (task57)"]),
        "missing_truth": (1, ["line 8 (task57)"]),
    }
    assert len(found.answers) == 5
    assert len({answer.item_id for answer in found.answers}) == 5
    assert found.rows == 7


def test_words_that_pandas_takes_as_missing_are_named(tmp_path: Path) -> None:
    found = read(tmp_path / "m.csv", HEADER + "task125,q,zinc.,None\ntask125,p,zinc.,nan\n")
    assert problems(found)["missing_output"][0] == 2


def test_a_lost_quote_costs_one_row(tmp_path: Path) -> None:
    good = "".join(f"task57,q{i},B,B\n" for i in range(20))
    text = (
        HEADER
        + "task57,q,B,B\n"
        + 'task57,"never closed,B,B\n'
        + good
        + "task57,too,many,cells,here\ntask57,few\n"
        + good
    )
    found = read(tmp_path / "m.csv", text)
    assert problems(found)["broken_row"] == (3, ["line 3", "line 24", "line 25"])
    assert len(found.answers) == 41


def test_ids_join_items_and_the_first_of_a_doubled_id_counts(tmp_path: Path) -> None:
    text = "item_id,task_id,input,GT,output,subject\na,task57,q,B,B,s1\na,task57,q,B,C,s1\nb,task57,q,B,B,\n"
    found = read(tmp_path / "m.csv", text)
    assert [(a.item_id, a.output, a.subject) for a in found.answers] == [("a", "B", "s1"), ("b", "B", None)]
    assert problems(found)["duplicate_id"] == (1, ["line 3 (task57)"])
    unjoined = read(tmp_path / "m.csv", text, joined_by_id=False)
    assert len(unjoined.answers) == 3


def test_json_lines_and_parquet_give_the_same_items_as_csv(tmp_path: Path) -> None:
    rows = [
        {"task_id": "task57", "input": "q, 1", "GT": "B", "output": "B"},
        {"task_id": "task18", "input": "q", "GT": "a gold text", "output": None},
    ]
    csv = read(tmp_path / "m.csv", HEADER + 'task57,"q, 1",B,B\ntask18,q,a gold text,\n')
    lines = read(tmp_path / "m.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n{broken\n[1]\n")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "m.parquet")
    parquet = read_submission(tmp_path / "m.parquet", KNOWN)
    ids = [answer.item_id for answer in csv.answers]
    assert [answer.item_id for answer in lines.answers] == ids == [answer.item_id for answer in parquet.answers]
    assert problems(lines)["broken_row"] == (2, ["line 4", "line 5"])
    assert "broken_row" not in problems(parquet)


def test_json_lines_may_hold_several_references(tmp_path: Path) -> None:
    row = {"task_id": "task18", "input": "q", "GT": ["first", "second"], "output": "second"}
    found = read(tmp_path / "m.jsonl", json.dumps(row))
    assert found.answers[0].references == ("first", "second")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.csv", "task,input,GT,output\ntask57,q,B,B\n", "no column 'task_id'"),
        ("m.csv", "", "no column 'task_id'"),
        ("m.csv", HEADER, "no row can be scored"),
        ("m.csv", HEADER + "task9999,q,B,B\n", "no row can be scored"),
        ("m.txt", HEADER, "cannot read .txt"),
        ("m.parquet", "not parquet", "not a Parquet file"),
    ],
)
def test_files_that_cannot_be_scored_say_why(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(ScoringError, match=said) as caught:
        read(tmp_path / name, text)
    assert str(tmp_path / name) in str(caught.value)
    assert "Next:" in str(caught.value)


def test_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="no such file"):
        read_submission(tmp_path / "m.csv", KNOWN)


def test_broken_encoding_is_read_with_replacement(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(HEADER.encode() + b"task57,q\xff,B,B\n")
    assert read_submission(tmp_path / "m.csv", KNOWN).answers[0].input == "q\ufffd"
