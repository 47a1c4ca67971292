"""`meds gc`: what nothing stands on goes, all else stays, and a run in progress loses nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from meds_pipeline.cli.main import cli
from meds_pipeline.core.errors import StoreError
from meds_pipeline.home.releases import Release, releases
from meds_pipeline.home.store import Store
from meds_pipeline.home.work import Work
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.status.gc import collect
from meds_pipeline.steps.plan import plan


@pytest.fixture
def home(built: Workspace, tmp_path: Path) -> Path:
    """A copy of the built home with all kinds of garbage in it."""
    home = tmp_path / "home"
    shutil.copytree(built.home, home, symlinks=True)
    store = Store(home)
    for version in ("a", "b"):  # an older output, made current once, and what was made of it
        work = Work("instances", "pubmedqa", version, {}, {}, lambda draft: draft.file("x").write_bytes(b"x" * 1000))
        old = store.materialize(work).output
    store.materialize(Work("verdicts", "pubmedqa", "old", {"instances": old}, {}, lambda draft: None))
    for asset in ("instances", "verdicts"):
        output = Workspace.look(built.home).store.require(asset, "pubmedqa")
        found = store.find(asset, "pubmedqa", output.manifest.fingerprint)
        assert found is not None
        store.point(found)
    for path in (
        "store/scores/tiny/.writing-1/x",
        "scratch/trial-1/y",
        ".lineage.duckdb.123",
        "current/scores/.a.txt.1.2",
    ):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text("left over")
    (home / "checks/instances/pubmedqa").mkdir(parents=True, exist_ok=True)
    (home / "checks/instances/pubmedqa" / f"{old.manifest.fingerprint}.json").write_text("{}")
    return home


def test_what_nothing_stands_on_goes_and_all_else_stays(home: Path) -> None:
    before = Workspace.look(home)
    current = {output.path for output in before.store.pointers()}
    asked = ["gc", "--home", str(home), "--keep-hours", "0", "--json"]
    dry = json.loads(CliRunner().invoke(cli, [*asked, "--dry-run"], catch_exceptions=False).output)
    assert all(Path(one["path"]).exists() for one in dry)
    done = json.loads(CliRunner().invoke(cli, asked, catch_exceptions=False).output)
    assert done == dry
    assert not any(Path(one["path"]).exists() for one in done)
    kinds = [one["kind"] for one in done]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {"check": 1, "leftover": 4, "output": 3}
    after = Workspace.look(home)
    assert {output.path for output in after.store.pointers()} == current
    assert after.store.closure(after.store.pointers())
    assert "build" not in {one.would for one in plan(after)}
    assert collect(after.store, keep_hours=0) == []


def test_what_was_written_lately_stays(home: Path) -> None:
    kinds = {one.kind for one in collect(Workspace.look(home).store)}
    assert kinds == {"leftover"}  # what was being written, by nobody


def test_a_release_that_is_no_longer_the_current_one_stays(home: Path) -> None:
    store = Workspace.look(home).store
    release = store.require("benchmark", "all")
    store.unpoint("benchmark", "all")
    for asset in ("predictions", "scores", "comparisons", "leaderboard", "contamination", "lineage", "training_set"):
        for pointer in (home / "current" / asset).glob("*.txt"):
            pointer.unlink()
    collect(store, keep_hours=0)
    assert store.intact(release)
    assert store.input_of(release, next(iter(release.manifest.inputs)))


def test_nothing_is_removed_while_a_step_is_being_done(home: Path) -> None:
    store = Store(home)
    with store.locked("scores", "tiny"), pytest.raises(StoreError, match="scores/tiny: another run holds it.*process"):
        collect(store, keep_hours=0)
    assert (home / "scratch/trial-1/y").exists()


def test_what_begins_while_locks_are_held_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(home)
    new = home / "store/raw_corpus/new/.writing-1/x"

    def begun() -> dict[str, Release]:
        new.parent.mkdir(parents=True)
        new.touch()
        return releases(home)

    monkeypatch.setattr("meds_pipeline.status.gc.releases", lambda _: begun())
    collect(store, keep_hours=0)
    assert new.exists()
