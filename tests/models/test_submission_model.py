from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.core.errors import MedsError
from meds_pipeline.models.base import Generation, Prompt
from meds_pipeline.models.submission import SubmissionModel
from meds_pipeline.scoring.submission import rows
from meds_pipeline.scoring.submission.rows import read_rows

HEADER = ("task_id", "input", "GT", "output")
ROWS = [
    ("task1", "a", "yes", "first"),
    ("task1", 'long, "quoted"\nand broken', "yes", "line\nbreak"),
    ("task2", "a", "yes", "other task"),
    ("task1", "a", "no", "other truth"),
    ("task1", "a", "yes", "second"),
    ("task1", "x" * 200_000, "yes", ""),
    ("task3", "nobody asked", "yes", "?"),
]


def written(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> Path:
    dicts = [dict(zip(header, row, strict=True)) for row in rows]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in dicts))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(dicts), path)
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return path


def answers(path: Path, *asked: tuple[str, str, str]) -> tuple[list[Generation], dict[str, int]]:
    model = SubmissionModel(path, {f"i{n}": truth for n, (_, _, truth) in enumerate(asked)})
    prompts = [Prompt(f"i{n}", task, "D", (), query) for n, (task, query, _) in enumerate(asked)]
    found = list(model.generate(prompts))
    return found, {row["kind"]: row["count"] for row in model.problems.rows()}


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_items_find_their_answer_by_task_input_and_truth(tmp_path: Path, ending: str) -> None:
    asked = [ROWS[n][:3] for n in (2, 1, 3, 5, 0)]
    found, problems = answers(written(tmp_path / f"s{ending}", *ROWS), *asked)
    assert [a.output for a in found] == ["other task", "line\nbreak", "other truth", "", "first"]
    assert problems == {"answered_again": 1, "no_item": 1, "missing_output": 1}


def test_an_id_comes_before_the_text(tmp_path: Path) -> None:
    given = [("i1", "task1", "cut", "yes", "by id"), ("elsewhere", "task1", "a", "yes", "by text")]
    path = written(tmp_path / "s.csv", *given, header=("item_id", *HEADER))
    (first, second), problems = answers(path, ("task1", "a", "yes"), ("task1", "b", "yes"))
    assert (first.output, second.output) == ("by text", "by id")
    assert problems == {}


def test_an_item_without_answer_is_an_error_of_that_item(tmp_path: Path) -> None:
    (missing, found), problems = answers(written(tmp_path / "s.csv", *ROWS), ("task2", "b", "yes"), ROWS[2][:3])
    assert missing.output is None
    assert "does not answer" in str(missing.error)
    assert found.output == "other task"
    assert problems["unanswered"] == 1


def test_a_task_without_any_answer_is_not_submitted(tmp_path: Path) -> None:
    asked = [("task9", "a", "yes"), ROWS[2][:3], ("task3", "b", "yes")]
    model = SubmissionModel(written(tmp_path / "s.csv", *ROWS), {"i0": "yes", "i1": "yes", "i2": "yes"})
    found = list(model.generate([Prompt(f"i{n}", task, "D", (), query) for n, (task, query, _) in enumerate(asked)]))
    assert model.not_submitted == ("task3", "task9"), "the row of task3 is of no item"
    assert [(a.item_id, a.output) for a in found] == [("i1", "other task")]


def test_a_task_with_blank_answers_only_is_not_submitted(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", ("i0", "one"), ("i1", ""), ("i2", " "), header=("item_id", "output"))
    found, problems = answers(path, ("task1", "a", "yes"), ("task1", "b", "no"), ("task2", "c", "no"))
    assert [answer.output for answer in found if answer.item_id != "i2"] == ["one", ""]
    assert problems == {"missing_output": 1, "blank_output": 1}
    model = SubmissionModel(path, {})
    prompts = [Prompt(f"i{n}", task, "D", (), "q") for n, task in enumerate(("task1", "task1", "task2"))]
    assert [answer.item_id for answer in model.generate(prompts)] == ["i0", "i1"]
    assert model.not_submitted == ("task2",)


def test_rows_of_another_release_are_said_to_be_so(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl", ("f" * 32, "task1", "yes"), header=("item_id", "task_id", "output"))
    with pytest.raises(MedsError, match=r"none of its 1 rows answers an item of the release: 1 are of no item"):
        answers(path, ("task1", "a", "yes"))


def test_a_file_cut_in_the_middle_is_no_part_of_the_tasks(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl", ("i0", "one"), ("i1", "two"), header=("item_id", "output"))
    path.write_text(path.read_text()[:-9])
    with pytest.raises(MedsError, match=r"row 2: it cannot be read to its end, and 1 tasks have no answer"):
        answers(path, ("task1", "a", "yes"), ("task2", "b", "no"))


def test_a_mark_of_byte_order_costs_no_row(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl", ("i0", "one"), header=("item_id", "output"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (found,), problems = answers(path, ("task1", "a", "yes"))
    assert (found.output, problems) == ("one", {})


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_item_id_and_output_suffice(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path / f"s{ending}", ("i1", "one"), ("i0", "nought"), header=("item_id", "output"))
    found, problems = answers(path, ("task1", "a", "yes"), ("task2", "b", "no"))
    assert [answer.output for answer in found] == ["nought", "one"]
    assert problems == {}
    with pytest.raises(MedsError, match=r"no column 'task_id'.*put them into its folder `submissions`"):
        list(read_rows(path))


def test_a_file_that_answers_nothing_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", ("elsewhere", "?"), header=("item_id", "output"))
    with pytest.raises(MedsError, match=r"s\.csv: none of its 1 rows answers an item.*`meds bench items`"):
        answers(path, ("task1", "a", "yes"))


def test_a_broken_row_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("task_id,input,GT,output\ntask1,a\ntask1,b,yes,good\n")
    (found,), problems = answers(path, ("task1", "b", "yes"))
    assert (found.output, problems) == ("good", {"no_item": 1})


def test_flags_of_a_row_come_along(tmp_path: Path) -> None:
    header = (*HEADER, "truncated", "cut_off")
    path = written(tmp_path / "s.csv", ("task1", "a", "yes", "I thi", "False", "True"), header=header)
    (found,), _ = answers(path, ("task1", "a", "yes"))
    assert (found.output, found.truncated, found.cut_off) == ("I thi", False, True)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("s.csv", "task_id,input,GT\ntask1,a,yes\n", "no column 'output'"),
        ("s.csv", "", "no column 'task_id'"),
        ("s.parquet", "no", "not a Parquet file"),
        ("s.txt", "", r"\.txt is no format"),
    ],
)
def test_a_file_that_is_no_submission_says_why(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(MedsError, match=why):
        answers(tmp_path / name)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MedsError, match=r"none\.csv: there is no such file"):
        answers(tmp_path / "none.csv")


def test_half_a_surrogate_pair_costs_only_its_row(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    row = {"task_id": "task1", "input": "a", "GT": "yes", "output": "\ud800"}
    good = {**row, "input": "b", "output": "nul \0 and \U0001f600"}
    path.write_text(f"{json.dumps(row)}\n{json.dumps(good)}\n")
    (bad, found), problems = answers(path, ("task1", "a", "yes"), ("task1", "b", "yes"))
    assert (bad.output, found.output) == (None, good["output"])
    assert problems == {"not_utf8": 1, "unanswered": 1}


def test_a_parquet_text_that_is_not_utf8_costs_only_its_row(tmp_path: Path) -> None:
    cells = {name: [b"task1", b"task1"] for name in ("task_id",)} | {"input": [b"a", b"b"], "GT": [b"yes", b"yes"]}
    columns = {
        name: pa.array(values).view(pa.string()) for name, values in {**cells, "output": [b"\xff", b"x"]}.items()
    }
    pq.write_table(pa.table(columns), tmp_path / "s.parquet")
    (bad, found), problems = answers(tmp_path / "s.parquet", ("task1", "a", "yes"), ("task1", "b", "yes"))
    assert (bad.output, found.output) == (None, "x")
    assert problems == {"not_utf8": 1, "unanswered": 1}


def test_damaged_rows_and_endless_lines_are_errors_that_name_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({name: [f"{name} {n}" for n in range(999)] for name in HEADER}), path)
    damaged = bytearray(path.read_bytes())
    damaged[200:400] = bytes(200)
    path.write_bytes(damaged)
    with pytest.raises(MedsError, match=r"s\.parquet: its rows cannot be read"):
        answers(path)
    monkeypatch.setattr(rows, "LONGEST_LINE", 1000)
    (tmp_path / "s.jsonl").write_text('{"task_id": "' + "x" * 2000)
    with pytest.raises(MedsError, match=r"s\.jsonl, record row 1: a line is over"):
        answers(tmp_path / "s.jsonl")
