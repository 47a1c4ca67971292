"""`meds bench`: releases by name, and items that are handed out without answers and without closed text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from strange_corpus import TASK, write_many

from meds_pipeline.cli.main import cli
from meds_pipeline.core.errors import MedsError
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.scoring.submission.rows import read_rows
from meds_pipeline.steps.run import run_chain, run_step


def run_all_of(home: Path, raw: Path) -> Workspace:
    workspace = Workspace.open(home, raw)
    for name in workspace.corpora():
        list(run_chain(workspace, ("raw_corpus", "instances", "verdicts"), name))
    return workspace


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of three corpora, one of them credentialed and one that came after the release was frozen."""
    root = tmp_path_factory.mktemp("bench")
    given, home = write_many(root, 3, broken=[]), root / "home"
    home.mkdir()
    closed = root / "many_catalog" / "strange01.yaml"
    closed.write_text(closed.read_text().replace("access: open", "access: credentialed"))
    (home / "meds.yaml").write_text(yaml.safe_dump({"catalog": {"extra": [str(root / "many_catalog")]}}))
    late = given["raw"] / "strange02_lines"
    late.rename(root / "late")
    run_step(run_all_of(home, given["raw"]), "benchmark", "all")
    (root / "late").rename(late)
    run_all_of(home, given["raw"])
    return home


def meds(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--home", str(home)])


def facts(home: Path, *arguments: str) -> Any:
    done = meds(home, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def cells(path: Path) -> list[dict[str, Any]]:
    return [dict(row.fields) for row in read_rows(path, by_id=True) if row.fields is not None]


def test_tasks_of_a_corpus_that_came_later_are_said_to_be_in_no_release(home: Path) -> None:
    line = f"1 task is in no release: {TASK}02."
    assert line in meds(home, "corpora").output
    assert line in meds(home, "bench", "show").output
    assert facts(home, "bench", "show")["unreleased"] == [f"{TASK}02"]
    assert facts(home, "corpora", "show", "strange02")["unreleased"] == [f"{TASK}02"]
    assert facts(home, "corpora", "show", "strange01")["unreleased"] == []


def test_items_are_handed_out_without_answers_and_without_credentialed_text(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    said = meds(home, "bench", "items", str(path)).output
    assert "3 credentialed items are left out" in said
    rows = cells(path)
    assert {row["task_id"] for row in rows} == {f"{TASK}00"}
    assert set(rows[0]) == {"item_id", "task_id", "input", "output", "system", "user"}
    asked = {number: f"answer {number}" for number in (0, 3, 6)}
    for row in rows:
        number = int(row["input"].split()[1])
        assert asked[number] not in path.read_text()
    assert path.stat().st_mode & 0o077 != 0

    path.chmod(0o644)
    said = meds(home, "bench", "items", str(path), "--with-credentialed", "--with-answers").output
    assert "3 of them are credentialed: only you can read the file" in said
    assert path.stat().st_mode & 0o777 == 0o600
    assert {(row["task_id"], row["GT"]) for row in cells(path)} == {
        (f"{TASK}0{task}", answer) for task in (0, 1) for answer in asked.values()
    }


def test_the_official_protocol_shows_answers_and_says_so(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    done = meds(home, "bench", "items", str(path), "--protocol", "official")
    assert isinstance(done.exception, MedsError)
    assert "--with-answers" in str(done.exception)
    assert not path.exists()
    assert meds(home, "bench", "items", str(path), "--protocol", "official", "--with-answers").exit_code == 0


def test_releases_are_frozen_listed_and_found_by_name(home: Path) -> None:
    done = meds(home, "bench", "show", "nobody")
    assert isinstance(done.exception, MedsError)
    assert "no release 'nobody'" in str(done.exception)
    assert "Known: default" in str(done.exception)
    said = meds(home, "bench", "freeze", "second", "--without", "strange01").output
    assert "`benchmark: {release: second}`" in said, "which release is in use is changed by the settings alone"
    found = {row["release"]: row for row in facts(home, "bench", "list")}
    assert {name: (row["in_use"], row["state"], row["access"]) for name, row in found.items()} == {
        "default": (True, "intact", "credentialed"),
        "second": (False, "intact", "open"),
    }
    assert found["second"]["corpora"] == ["strange00", "strange02"]
    table = meds(home, "bench", "list").output
    assert all(row["digest"] in table for row in found.values())
    assert facts(home, "bench", "show", "second")["items_of"] == {f"{TASK}00": 3, f"{TASK}02": 3}
    assert facts(home, "bench", "show")["release"] == "default"
    again = meds(home, "bench", "freeze", "second")
    assert "'second' is frozen already" in str(again.exception)

    note = json.loads((home / "releases" / "second.json").read_text())
    (home / "store" / "benchmark" / "all" / note["fingerprint"] / "items.parquet").write_bytes(b"")
    states = {row["release"]: row["state"] for row in facts(home, "bench", "list")}
    assert states == {"default": "intact", "second": "damaged or gone"}
    assert facts(home, "bench", "show", "second")["items"] == 6, "what is known of it outlives its files"
