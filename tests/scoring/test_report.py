"""What `meds score` prints and writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.report import run_score, score_files

HEADER = "task_id,input,GT,output\n"
ROWS = (
    "task57,q1,The right answer is B: x,the correct choice is B\n"
    "task57,q2,The right answer is B: x,Answer: C\n"
    "task57,q3,The right answer is A: x,Answer: C\n"
    'task125,q1,"zinc, iron.","iron, zinc."\n'
    "task18,q1,one two three,one two three\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "results_Alpha.csv"
    path.write_text(HEADER + ROWS, "utf-8")
    return path


def test_json_has_the_promised_shape(file: Path) -> None:
    found = json.loads(run_score([file], format="json"))
    assert found["items"] == 5
    assert set(found["scores"]) == {"official", "corrected"}
    assert found["scores"]["official"]["task57"] == {"accuracy": pytest.approx(100 / 3)}
    assert found["scores"]["corrected"]["task57"] == {"accuracy": pytest.approx(100 / 3)}
    assert found["scores"]["official"]["task125"]["f1"] == 0.0
    assert found["scores"]["corrected"]["task125"]["f1"] == 100.0
    assert found["categories"]["official"]["NER"]["f1"] == 0.0
    assert found["categories"]["corrected"]["NER"]["main"] is None
    assert found["overall"] == {"corrected": None}
    assert found["outcomes"]["corrected"] == {"correct": 3, "wrong": 2}


def test_one_scorer_alone(file: Path) -> None:
    assert set(json.loads(run_score([file], scorer="official", format="json"))["scores"]) == {"official"}


def test_flips_name_items_and_reasons(file: Path) -> None:
    flips = json.loads(run_score([file], format="json", flips=True))["flips"]
    judged = {(f["before"], f["after"], f["official"], f["corrected"]) for f in flips if f["task_id"] == "task57"}
    assert judged == {("unparsed", "correct", 0.0, 1.0), ("correct", "wrong", 1.0, 0.0)}
    assert {f["category"] for f in flips} == {"MCQA", "NER"}
    assert all("official:" in f["why"] and "corrected:" in f["why"] for f in flips)


@pytest.mark.usefixtures("no_punkt")
def test_table_marks_what_is_not_comparable(file: Path) -> None:
    text = run_score([file], flips=True)
    assert "100.00*" in text
    assert "not comparable: no Punkt tables" in text
    assert "task57" in text
    assert "3 flips: MCQA 2, NER 1" in text


@pytest.mark.usefixtures("english_punkt")
def test_only_averages_that_lack_tasks_are_marked_where_punkt_is_present(file: Path) -> None:
    text = run_score([file])
    tasks, averages = text.split("Alpha: averages")
    assert "*" not in tasks
    assert "* not comparable: upstream counts" in averages


def test_a_short_file_makes_a_short_table(tmp_path: Path) -> None:
    """No line for every category that the file has nothing of."""
    path = tmp_path / "Two.csv"
    path.write_text(HEADER + "task57,q1,B,B\ntask57,q2,B,C\n")
    text = run_score([path])
    assert len(text.splitlines()) < 25
    assert text.count("nranked") == 2
    assert "MCQA (corrected main): unranked: no answers for task122," in text
    assert "Unranked, no answers at all: Clinical Outcome Prediction, Diagnosis," in text


def test_flips_of_graded_metrics_are_more_than_case(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    gold = "The patient was treated with zinc and recovered within a week of the first dose"
    rows = [gold.replace("The", "the"), gold.upper(), gold]
    path.write_text(HEADER + "".join(f"task18,q{i},{gold},{row}\n" for i, row in enumerate(rows)))
    flips = json.loads(run_score([path], format="json", flips=True))["flips"]
    assert [(flip["official"], flip["corrected"]) for flip in flips] == [(0.0, pytest.approx(1.0))]


def test_several_models_are_compared(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "Beta.csv"
    other.write_text(HEADER + ROWS.replace("the correct choice is B", "A"), "utf-8")
    found = json.loads(run_score([file, other], format="json"))
    assert set(found["models"]) == {"results_Alpha", "Beta"}
    row = next(r for r in found["comparisons"] if (r["scorer"], r["name"]) == ("corrected", "task57"))
    assert (row["first"], row["second"], row["n"]) == ("Beta", "results_Alpha", 3)
    assert row["difference"] == pytest.approx(-100 / 3)
    assert "Differences between models" in run_score([file, other])


def test_equal_file_names_are_told_apart(file: Path, tmp_path: Path) -> None:
    """By as many folders as it takes."""
    copies = [tmp_path / folder / file.name for folder in ("A/results", "B/results", "C")]
    for copy in copies:
        copy.parent.mkdir(parents=True)
        copy.write_text(file.read_text())
    names = list(score_files([file, *copies[:1]]).submissions)
    assert names == [f"{tmp_path.name}/{file.name}", f"results/{file.name}"]
    names = list(score_files(copies).submissions)
    assert names == [f"A/results/{file.name}", f"B/results/{file.name}", f"C/{file.name}"]
    with pytest.raises(ScoringError, match="given twice"):
        score_files([file, file])


def test_files_with_and_without_ids_join_by_content(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "Beta.csv"
    lines = [f"id{i},{line}" for i, line in enumerate(ROWS.splitlines())]
    other.write_text("id," + HEADER + "\n".join(lines) + "\n", "utf-8")
    rows = score_files([file, other]).comparisons
    assert {row.n for row in rows if row.name == "task57"} == {3}


def test_out_writes_parquet_and_json(file: Path, tmp_path: Path) -> None:
    run_score([file], out=tmp_path / "out", flips=True)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"scores.parquet", "items.parquet", "report.json"}
    scores = pq.read_table(tmp_path / "out/scores.parquet")
    assert set(scores["model"].to_pylist()) == {"results_Alpha"}
    assert pq.read_table(tmp_path / "out/items.parquet").num_rows > 10
    assert json.loads((tmp_path / "out/report.json").read_text())["items"] == 5


def test_out_takes_the_place_of_what_was_written_before(file: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "out", tmp_path / "items.parquet"):
        run_score([file], out=out)
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        run_score([file], out=out)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(("name", "said"), [("folder.parquet", "is a folder"), ("file", "is a file")])
def test_out_of_the_wrong_kind_is_an_error(file: Path, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ScoringError, match=said):
        run_score([file], out=tmp_path / name)


def test_out_may_be_one_parquet_file(file: Path, tmp_path: Path) -> None:
    run_score([file], out=tmp_path / "new/items.parquet")
    rows = pq.read_table(tmp_path / "new/items.parquet").to_pylist()
    assert {"model", "item_id", "task_id", "scorer", "metric", "points", "outcome", "why"} <= set(rows[0])
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["items.parquet"]


def test_the_order_of_rows_changes_nothing_but_their_places(file: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned" / file.name
    turned.parent.mkdir()
    rows = (ROWS + "task57,q4,B,\n").splitlines()
    file.write_text(HEADER + "\n".join(rows))
    turned.write_text(HEADER + "\n".join(reversed(rows)))
    first, second = (json.loads(run_score([path], format="json", flips=True)) for path in (file, turned))
    assert [problem.pop("first") for problem in first["problems"]] == [["row 7 (task57)"]]
    assert [problem.pop("first") for problem in second["problems"]] == [["row 2 (task57)"]]
    assert first == second


@pytest.mark.parametrize(
    ("options", "said"),
    [({"scorer": "best"}, "best"), ({"format": "xml"}, "xml"), ({"scorer": "official", "flips": True}, "flips")],
)
def test_wrong_options(file: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(ScoringError, match=said):
        run_score([file], **options)  # type: ignore[arg-type]


def test_no_file() -> None:
    with pytest.raises(ScoringError, match="no file"):
        run_score([])


def test_a_small_file_is_scored_without_heavy_imports(file: Path) -> None:
    code = (
        "import sys, pathlib; from meds_pipeline.scoring.report import run_score; "
        "run_score([pathlib.Path(sys.argv[1])], format='json'); "
        "heavy = {'nltk', 'jieba', 'janome', 'torch', 'transformers', 'regex'}; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
