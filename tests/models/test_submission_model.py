from __future__ import annotations

import csv
from pathlib import Path

import pytest

from meds_pipeline.errors import ModelError
from meds_pipeline.models.base import Generation, LoadContext, Prompt, load_model
from meds_pipeline.models.spec import ModelSpec

ROWS = [
    ("task1", "a", "yes", "first"),
    ("task1", 'long, "quoted"\nand broken', "yes", "line\nbreak"),
    ("task2", "a", "yes", "other task"),
    ("task1", "a", "yes", "second"),
    ("task1", "x" * 200_000, "yes", ""),
]


def answers(path: Path, *asked: tuple[str, str]) -> list[Generation]:
    model = load_model(ModelSpec(kind="file", path=str(path)), LoadContext())
    return list(model.generate([Prompt(f"i{n}", task, "D", (), query) for n, (task, query) in enumerate(asked)]))


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    path = tmp_path / "submission.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([("task_id", "input", "GT", "output"), *ROWS])
    return path


def test_items_find_their_answer_by_task_and_input(submission: Path) -> None:
    found = answers(submission, ("task2", "a"), ("task1", ROWS[1][1]), ("task1", ROWS[4][1]))
    assert [a.output for a in found] == ["other task", "line\nbreak", ""]


def test_one_input_answered_twice_gives_its_answers_in_order(submission: Path) -> None:
    found = answers(submission, ("task1", "a"), ("task1", "a"), ("task1", "a"))
    assert [a.output for a in found] == ["first", "second", "second"]


def test_an_item_without_answer_is_an_error_of_that_item(submission: Path) -> None:
    missing, found = answers(submission, ("task9", "a"), ("task2", "a"))
    assert missing.output is None
    assert "does not answer" in str(missing.error)
    assert found.output == "other task"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("task_id,input,GT\ntask1,a,yes\n", "no column output"),
        ("task_id,input,GT,output\ntask1,a\n", "line 2 has too few columns"),
        ("", "no column task_id"),
    ],
)
def test_a_file_that_is_no_submission_says_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(ModelError, match=why):
        answers(path)


def test_a_missing_or_foreign_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.csv"):
        answers(tmp_path / "none.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("task_id,input,GT,output\ntask1,é,a,b\n".encode("latin-1"))
    with pytest.raises(ModelError, match="UTF-8"):
        answers(latin)
