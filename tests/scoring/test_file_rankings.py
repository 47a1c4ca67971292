"""Rankings: about the same items only; ties where the data does not tell models apart."""

from __future__ import annotations

import json
from pathlib import Path

from meds_pipeline.scoring.report import Report, run_score, score_files
from meds_pipeline.scoring.stats.compare import Comparison
from meds_pipeline.scoring.stats.ranking import Ranking, tie_groups

HEADER = "task_id,input,GT,output\n"


def compared(first: str, second: str, difference: float, p: float) -> Comparison:
    return Comparison("corrected", "overall", "overall", "main", first, second, difference, 0.0, 0.0, p, p, 1)


def ranked(report: Report, name: str) -> Ranking:
    (found,) = [ranking for ranking in report.rankings if ranking.name == name]
    return found


def diagnoses(path: Path, right: dict[int, bool]) -> Path:
    """Answers to some of a hundred questions, the first ten about another illness."""
    lines = []
    for i, good in right.items():
        truth, other = ("SLE", "GERD") if i < 10 else ("GERD", "SLE")
        lines.append(f"task130,q{i},The diagnosis result is {truth}.,{truth if good else other}\n")
    path.write_text(HEADER + "".join(lines))
    return path


def test_tie_groups() -> None:
    rows = [compared("a", "b", 1, 0.4), compared("a", "c", 10, 0.01), compared("b", "c", 9, 0.2)]
    assert tie_groups({"a": 70.0, "b": 69.0, "c": 60.0}, rows) == [["a", "b"], ["c"]]


def test_a_difference_the_other_way_round_does_not_put_a_model_ahead() -> None:
    rows = [compared("a", "b", -30, 0.001)]
    assert tie_groups({"a": 70.0, "b": 50.0}, rows) == [["a", "b"]]
    assert tie_groups({"a": 50.0, "b": 70.0}, rows) == [["b"], ["a"]]


def test_a_model_that_answers_the_easy_items_alone_is_unranked(tmp_path: Path) -> None:
    easy = diagnoses(tmp_path / "Easy.csv", {i: i >= 9 for i in range(30)})
    full = diagnoses(tmp_path / "Full.csv", {i: i < 50 for i in range(100)})
    report = score_files([easy, full])
    ranking = ranked(report, "Diagnosis")
    assert ranking.groups == [["Full"]]
    assert ranking.unranked == {"Easy": "lacks 70 of 100 items that others answer (task130)"}
    found = json.loads(run_score([easy, full], format="json"))
    assert found["coverage"] == {
        "union": {"task130": 100},
        "shared": {"task130": 30},
        "lacking": {"Easy": {"task130": 70}, "Full": {}},
    }
    assert found["unranked"]["category"]["Diagnosis"].keys() == {"Easy"}
    text = run_score([easy, full])
    assert "Items: 100 in all, 30 answered by every model." in text
    assert "Easy lacks 70: task130 70." in text
    assert "Ranking (Diagnosis): Full; unranked: Easy, lacks 70 of 100 items that others answer (task130)" in text


def test_figures_do_not_depend_on_the_company(tmp_path: Path) -> None:
    easy = diagnoses(tmp_path / "Easy.csv", {i: i >= 9 for i in range(30)})
    full = diagnoses(tmp_path / "Full.csv", {i: i < 50 for i in range(100)})
    assert score_files([easy]).scores["Easy"] == score_files([easy, full]).scores["Easy"]


def test_models_with_the_same_items_are_ranked(tmp_path: Path) -> None:
    good = diagnoses(tmp_path / "Good.csv", {i: i < 90 for i in range(100)})
    bad = diagnoses(tmp_path / "Bad.csv", {i: i < 50 for i in range(100)})
    alike = diagnoses(tmp_path / "Alike.csv", {i: i < 88 for i in range(100)})
    ranking = ranked(score_files([good, bad, alike]), "Diagnosis")
    assert (ranking.groups, ranking.unranked) == ([["Good", "Alike"], ["Bad"]], {})


def test_a_model_without_a_task_is_unranked_there(tmp_path: Path) -> None:
    good = diagnoses(tmp_path / "Good.csv", {i: i < 90 for i in range(100)})
    other = tmp_path / "Other.csv"
    other.write_text(HEADER + "task57,q,B,B\n")
    report = score_files([good, other])
    assert [ranking.name for ranking in report.rankings] == ["Diagnosis"]
    assert ranked(report, "Diagnosis").unranked == {"Other": "no answers for task130"}
    assert report.warnings == ["Good and Other share no item (task, input and GT): they are not compared."]
    assert "Nothing could be compared." in run_score([good, other])
