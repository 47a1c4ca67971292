"""A damaged file of the home: what can be made again is, the rest is named; a copied home is what the first one is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from meds_pipeline.cli.main import cli
from meds_pipeline.core.errors import StoreError
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.status.corpora import statuses
from meds_pipeline.steps.checks import check, checks_of
from meds_pipeline.steps.loss import accept
from meds_pipeline.steps.plan import plan
from meds_pipeline.steps.run import run_step

DAMAGES = {
    "empty": lambda whole: b"",
    "truncated": lambda whole: whole[: len(whole) // 2],
    "garbage": lambda _: b"\xff{",
}
MADE_AGAIN = (
    *("digests.sqlite", "builds/*.json", "checks/**/*.json", "definitions/pubmedqa.json", "twins/.made"),
    *("failed/instances/pubmedqa.json", "current/instances/pubmedqa.txt", "accepted/pubmedqa/*.json"),
)


@pytest.fixture(scope="module")
def copied(built: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built home at another path, with its times."""
    home = tmp_path_factory.mktemp("copied") / "home"
    shutil.copytree(built.home, home, symlinks=True)
    accept(Workspace.look(home), "pubmedqa")
    for asked in checks_of("instances"):
        check(Workspace.look(home), asked.name, "pubmedqa")
    return home


def test_a_copied_home_is_not_stale(copied: Path) -> None:
    home = Workspace.look(copied)
    assert {s.state for s in statuses(home)} == {"present", "missing"}
    assert {one.would for one in plan(home)} <= {"unchanged", "check"}
    done = CliRunner().invoke(cli, ["corpora", "--home", str(copied)])
    assert "stale" not in done.output


def test_a_file_written_in_a_copied_home_is_seen(copied: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(copied, home, symlinks=True)
    path = next(path for path in (home / "twins/meqsum").rglob("[!.]*") if path.is_file())
    path.write_bytes(path.read_bytes())
    assert [s.corpus for s in statuses(Workspace.look(home)) if s.state == "stale"] == ["meqsum"]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("pattern", MADE_AGAIN)
def test_what_can_be_made_again_is(
    pattern: str, damage: str, copied: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    shutil.copytree(copied, home, symlinks=True)
    if pattern.startswith("failed"):
        Workspace.look(home).set_failure("instances", "pubmedqa", "it was bad")
    if pattern.startswith("definitions"):
        (home / "catalog").mkdir()
        (home / "catalog" / "x.yaml").write_text("corpus: pubmedqa\n")
    paths = [path for path in home.glob(pattern) if path.is_file()]
    assert paths
    for path in paths:
        whole = path.read_bytes()
        path.unlink()
        path.write_bytes(DAMAGES[damage](whole))
    for arguments in (["corpora"], ["run", "--dry-run"]):
        done = CliRunner().invoke(cli, [*arguments, "--home", str(home)])
        assert done.exit_code == 0, (arguments, done.exception, done.output)
    if pattern.startswith("failed"):
        assert "damaged" in CliRunner().invoke(cli, ["corpora", "--home", str(home)]).output
    shutil.rmtree(home / "catalog", ignore_errors=True)
    workspace = Workspace.open(home)
    for asset, partition in (("raw_corpus", "pubmedqa"), ("instances", "pubmedqa"), ("lineage", "all")):
        run_step(workspace, asset, partition)
        for asked in checks_of(asset):
            check(workspace, asked.name, partition)
    assert Workspace.look(home).failures() == []
    if not pattern.startswith(("current", "builds")) and damage != "empty":
        assert any(str(path) in message for path in paths for message in caplog.messages)


@pytest.mark.parametrize("damage", DAMAGES)
def test_whose_data_a_home_holds_is_never_guessed(damage: str, copied: Path, tmp_path: Path) -> None:
    (tmp_path / "origin.json").write_bytes(DAMAGES[damage]((copied / "origin.json").read_bytes()))
    for opens in (Workspace.look, Workspace.open):
        with pytest.raises(StoreError, match=r"origin\.json: it is damaged.*Next: Write into it"):
            opens(tmp_path)


@pytest.mark.parametrize("name", ["meds.yaml", "models.yaml"])
def test_settings_that_are_no_text_are_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes("seed: 1 # é".encode("latin-1"))
    done = CliRunner().invoke(cli, ["corpora", "--home", str(tmp_path)])
    assert name in str(done.exception)
