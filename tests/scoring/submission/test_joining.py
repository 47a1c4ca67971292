"""Items of several files: the same where task, input and GT agree, whatever their ids say."""

from __future__ import annotations

from pathlib import Path

from meds_pipeline.scoring.report import Report, score_files

HEADER = "item_id,task_id,input,GT,output\n"


def scored(folder: Path, *files: str) -> Report:
    paths = [folder / f"{name}.csv" for name in "abc"[: len(files)]]
    for path, text in zip(paths, files, strict=True):
        path.write_text(HEADER + text)
    return score_files(paths, ("corrected",))


def rows(size: int, identify: str, question: str = "q", output: str = "B") -> str:
    return "".join(f"{identify}{i},task57,{question}{i},B,{output}\n" for i in range(size))


def compared(report: Report) -> set[int]:
    return {row.n for row in report.comparisons if row.name == "task57"}


def test_the_same_ids_of_the_same_questions_join(tmp_path: Path) -> None:
    report = scored(tmp_path, rows(20, "i"), rows(20, "i", output="C"))
    assert (compared(report), report.warnings) == ({20}, [])
    assert {answer.item_id for answer in report.submissions["a"].answers} == {f"i{i}" for i in range(20)}


def test_foreign_ids_of_the_same_questions_join_by_content(tmp_path: Path) -> None:
    report = scored(tmp_path, rows(20, "i"), rows(20, "b-", output="C"))
    assert compared(report) == {20}
    assert report.warnings == [
        "a and b have the same questions under different ids, or without ids: items are joined by task, input and GT."
    ]


def test_the_same_ids_of_other_questions_do_not_join(tmp_path: Path) -> None:
    report = scored(tmp_path, rows(20, "i"), rows(20, "i", question="other"))
    assert report.comparisons == []
    assert report.warnings == [
        "20 ids stand for different questions in a and b (i0 of task57, i1 of task57, i10 of task57, ..): items are "
        "joined by task, input and GT.",
        "a and b share no item (task, input and GT): they are not compared.",
    ]
    assert report.coverage.lacking == {"a": {"task57": 20}, "b": {"task57": 20}}


def test_one_id_of_another_question_costs_that_item_alone(tmp_path: Path) -> None:
    changed = rows(20, "i").replace("i7,task57,q7,B", "i7,task57,q7,A")
    report = scored(tmp_path, rows(20, "i"), changed)
    assert compared(report) == {19}
    assert "1 ids stand for different questions in a and b (i7 of task57)" in report.warnings[0]


def test_ids_tell_apart_items_that_agree_in_everything(tmp_path: Path) -> None:
    one = "x,task57,q,B,B\ny,task57,q,B,C\n"
    report = scored(tmp_path, one, one.replace("y,task57,q,B,C", "y,task57,q,B,B"), "y,task57,q,B,A\n")
    assert report.warnings == []
    lacking = {model: tasks for model, tasks in report.coverage.lacking.items() if tasks}
    assert lacking == {"c": {"task57": 1}}


def test_the_order_of_rows_and_files_changes_nothing(tmp_path: Path) -> None:
    lines = rows(12, "i").splitlines(keepends=True)
    first = scored(tmp_path, rows(12, "i", output="C"), "".join(lines))
    second = scored(tmp_path, rows(12, "i", output="C"), "".join(reversed(lines)))
    assert first.comparisons == second.comparisons
    assert first.scores == second.scores
