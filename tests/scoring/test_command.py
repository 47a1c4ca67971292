"""The command `meds score` itself: what it prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from meds_pipeline.cli.main import cli, main

HEADER = "task_id,input,GT,output\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Alpha.csv"
    path.write_text(HEADER + "task57,q1,The right answer is B: x,it is B\ntask57,q2,The right answer is B: x,C\n")
    return path


def meds(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["score", *map(str, arguments)])


def test_a_table_by_default(file: Path) -> None:
    done = meds(file)
    assert done.exit_code == 0
    assert "Alpha: tasks" in done.stdout
    assert "50.00" in done.stdout


@pytest.mark.parametrize(("scorer", "scorers"), [("official", {"official"}), ("both", {"official", "corrected"})])
def test_json_of_the_scorers_asked_for(file: Path, scorer: str, scorers: set[str]) -> None:
    found = json.loads(meds(file, "--format", "json", "--scorer", scorer).stdout)
    assert set(found["scores"]) == scorers
    assert found["items"] == 2


def test_flips(file: Path) -> None:
    assert "1 flips: MCQA 1." in meds(file, "--flips").stdout


def test_out_is_a_folder_or_a_parquet_file_as_often_as_one_likes(file: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert meds(file, "--out", tmp_path / "out").exit_code == 0
        assert meds(file, "--out", tmp_path / "items.parquet").exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"items.parquet", "report.json", "scores.parquet"}
    assert (tmp_path / "items.parquet").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none.csv"], 1, "no such file"),
        (["Alpha.csv", "--flips", "--scorer", "official"], 1, "flips compare the two scorers"),
        (["Alpha.csv", "Alpha.csv"], 1, "given twice"),
        (["Alpha.csv", "--scorer", "best"], 2, "best"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_an_error_and_no_traceback(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.setattr("sys.argv", ["meds", "score", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    assert (stopped.value.code, printed.out) == (code, "")
    assert said in printed.err
    assert "Traceback" not in printed.err
