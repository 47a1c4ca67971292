"""Twins carry a mark wherever they go: no home takes them for real files, and a changed setting of them is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pipeline_home import SMALL, run_steps

from meds_pipeline.cli.main import cli
from meds_pipeline.core.errors import RawFileError
from meds_pipeline.home.settings import merge
from meds_pipeline.home.workspace import Workspace, default_home
from meds_pipeline.status.corpora import statuses
from meds_pipeline.steps.plan import plan


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `meds twins` writes."""
    folder = tmp_path_factory.mktemp("written")
    done = CliRunner().invoke(cli, ["twins", str(folder), "--records", "20"], catch_exceptions=False)
    assert f"try: meds run --raw {folder}" in done.output
    return folder


@pytest.mark.parametrize("name", [".", "pubmedqa"])
def test_written_twins_make_a_home_of_twins(written: Path, name: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(written / name, raw / name)
    home = Workspace.open(tmp_path / "home", raw, SMALL)
    assert (home.origin, home.raw, Workspace.look(home.home).origin) == ("twin", raw, "twin")
    assert "pubmedqa" in home.present_corpora()
    run_steps(home, "raw_corpus") if name == "pubmedqa" else None
    assert not (home.home / "twins").exists()
    assert default_home(raw) == Path("data/twins")


def test_a_home_writes_marked_twins(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    raw = opened().raw
    assert Workspace.look(tmp_path / "another", raw).origin == "twin"


def test_twins_and_real_files_never_share_a_folder_or_a_home(written: Path, twin_raw: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(twin_raw / "meqsum", mixed / "meqsum")
    real = Workspace.open(tmp_path / "real", mixed, SMALL)
    shutil.copytree(written / "pubmedqa", mixed / "pubmedqa")
    with pytest.raises(RawFileError, match=r"synthetic twins \(pubmedqa\) and other files \(meqsum\)"):
        Workspace.look(real.home)
    shutil.rmtree(mixed / "meqsum")
    with pytest.raises(RawFileError, match=r"holds real data, and .*mixed holds synthetic twins"):
        Workspace.look(real.home)
    twins = Workspace.open(tmp_path / "twins", mixed, SMALL)
    with pytest.raises(RawFileError, match="holds synthetic twins, and .* holds real data"):
        Workspace.look(twins.home, twin_raw)


@pytest.mark.parametrize(
    ("overrides", "because"),
    [
        ({"twins": {"records": 10}}, "records of the twins: 40 -> 10"),
        ({"seed": 7}, "seed of the twins: 0 -> 7"),
        ({"twins": {"distributions": ["meqsum", "medquad"]}}, "twins changed: distributions, entries"),
    ],
)
def test_changed_settings_of_twins_are_told(
    built: Workspace, overrides: dict[str, object], because: str, tmp_path: Path
) -> None:
    home = Workspace.look(built.home, None, merge(SMALL, overrides))
    found = [one for one in plan(home) if one.asset == "raw_corpus"]
    assert {(one.would, one.because) for one in found} == {("build", (because,))}
    assert {s.state for s in statuses(home) if s.built} == {"stale"}
    assert "build" not in {one.would for one in plan(Workspace.look(built.home))}
