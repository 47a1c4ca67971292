"""Submission files: every oddity counted and named, none of them fatal."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.report import score_files
from meds_pipeline.scoring.submission.answers import Submission, read_submission

KNOWN = load_registry().tasks
HEADER = "task_id,input,GT,output\n"


def read(path: Path, text: str) -> Submission:
    path.write_text(text, "utf-8", newline="")
    return read_submission(path, KNOWN)


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
        "missing_output": (1, ["row 2 (task57)"]),
        "blank_output": (1, ["row 3 (task57)"]),
        "unknown_task": (2, ["row 4 (task999)", "row 5 (blank)"]),
        "duplicate_row": (1, ["row 7 (task57)"]),
        "missing_truth": (1, ["row 8 (task57)"]),
    }
    assert len(found.answers) == 5
    assert len({answer.item_id for answer in found.answers}) == 5
    assert found.rows == 7


def test_words_that_pandas_takes_as_missing_are_named(tmp_path: Path) -> None:
    found = read(tmp_path / "m.csv", HEADER + "task125,q,zinc.,None\ntask125,p,zinc.,nan\n")
    assert problems(found)["missing_output"][0] == 2


def test_rows_that_cannot_be_read_are_no_items_and_short_ones_are(tmp_path: Path) -> None:
    """pandas pads a short row: its output is missing, and it stays in the denominator."""
    text = HEADER + "task57,q1,B,B\ntask57,q2,B\ntask57,q3,B\ntask57,q4,B\ntask57,too,many,cells,here\n"
    found = read(tmp_path / "m.csv", text + 'task57,"never closed,B,B\n')
    assert problems(found) == {
        "broken_row": (1, ["row 7"]),
        "long_row": (1, ["row 6"]),
        "missing_output": (3, ["row 3 (task57)", "row 4 (task57)", "row 5 (task57)"]),
    }
    assert sorted(answer.output or "" for answer in found.answers) == ["", "", "", "B"]
    assert found.rows == 6


@pytest.mark.parametrize("scorer", ["official", "corrected"])
def test_short_rows_count_as_upstream_counts_them(tmp_path: Path, scorer: str) -> None:
    (tmp_path / "m.csv").write_text(HEADER + "task57,q1,B,B\ntask57,q2,B\ntask57,q3,B\ntask57,q4,B\n")
    report = score_files([tmp_path / "m.csv"], (scorer,))
    (row,) = [row for row in report.scores["m"] if row["level"] == "task"]
    assert (row["value"], row["n"]) == (25.0, 4)


def test_truths_that_are_missing_or_blank_are_named_for_what_they_do(tmp_path: Path) -> None:
    text = HEADER + "task12,q1,,yes it is\ntask131,q1,None,anything none\ntask12,q2, . ,yes\ntask12,q3,no,no\n"
    found = read(tmp_path / "m.csv", text)
    assert problems(found) == {
        "missing_truth": (2, ["row 2 (task12)", "row 3 (task131)"]),
        "blank_truth": (1, ["row 4 (task12)"]),
    }


def test_text_that_was_lost_before_is_named(tmp_path: Path) -> None:
    found = read(tmp_path / "m.csv", HEADER + "task18,q,pat\ufffd,pat\ufffd\n")
    assert problems(found) == {"lost_text": (1, ["row 2 (task18)"])}


def test_flags_of_a_row(tmp_path: Path) -> None:
    text = "task_id,input,GT,output,cut_off,error\ntask57,q,B,I thi,True,\ntask57,q,B,,0,no answer\n"
    found = read(tmp_path / "m.csv", text)
    assert {(answer.output, answer.cut_off, answer.error) for answer in found.answers} == {
        ("I thi", True, None),
        ("", False, "no answer"),
    }


def test_inputs_are_kept_where_they_are_asked_for(tmp_path: Path) -> None:
    text = HEADER + "task57,a question,B,B\ntask18,a long passage,x,x\n"
    (tmp_path / "m.csv").write_text(text)
    whole = read_submission(tmp_path / "m.csv", KNOWN)
    lean = read_submission(tmp_path / "m.csv", KNOWN, {"task57"})
    assert [answer.input for answer in whole.answers] == ["a long passage", "a question"]
    assert [answer.input for answer in lean.answers] == ["", "a question"]
    assert [answer.item_id for answer in lean.answers] == [answer.item_id for answer in whole.answers]


def test_items_are_the_same_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rows = [f"task57,q{i % 7},B,{'ABC'[i % 3]}" for i in range(12)]
    first = read(tmp_path / "m.csv", HEADER + "\n".join(rows))
    second = read(tmp_path / "m.csv", HEADER + "\n".join(rows[::-1]))
    assert {answer.item_id for answer in first.answers} == {answer.item_id for answer in second.answers}


def test_ids_join_items_and_the_first_of_a_doubled_id_counts(tmp_path: Path) -> None:
    text = "item_id,task_id,input,GT,output,subject\na,task57,q,B,B,s1\na,task57,q,B,C,s1\nb,task57,q,B,B,\n"
    found = read(tmp_path / "m.csv", text)
    assert [(a.item_id, a.output, a.subject) for a in found.answers] == [("a", "B", "s1"), ("b", "B", None)]
    assert problems(found)["duplicate_id"] == (1, ["row 3 (task57)"])
    renamed = found.by_content()
    assert [(a.output, a.subject) for a in renamed.answers] == [("B", "s1"), ("B", None)]
    assert {a.item_id for a in renamed.answers}.isdisjoint({"a", "b"})


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
    assert problems(lines)["broken_row"] == (2, ["row 4", "row 5"])
    assert "broken_row" not in problems(parquet)


def test_json_lines_may_hold_several_references(tmp_path: Path) -> None:
    row = {"task_id": "task18", "input": "q", "GT": ["first", "second"], "output": "second"}
    found = read(tmp_path / "m.jsonl", json.dumps(row))
    assert found.answers[0].references == ("first", "second")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER, "no row can be scored"),
        (HEADER + "task9999,q,B,B\n", "no row can be scored .1 rows of tasks without a metric"),
        (HEADER + "task57,q,B,B,\ntask57,q,B,B,\n", "no row can be scored .2 rows with more cells than columns"),
    ],
)
def test_files_without_a_row_to_score_say_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScoringError, match=said) as caught:
        read(tmp_path / "m.csv", text)
    assert str(tmp_path / "m.csv") in str(caught.value)
    assert "Next:" in str(caught.value)


def test_task_ids_are_taken_as_they_stand(tmp_path: Path) -> None:
    """Upstream compares ids as they are, so a blank more is another task; it is shown."""
    found = read(tmp_path / "m.csv", HEADER + "task57 ,q,B,B\ntask57,q,B,B\n")
    assert problems(found)["unknown_task"] == (1, ["row 2 ('task57 ')"])
