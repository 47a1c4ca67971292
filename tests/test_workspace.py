"""Opening a home: which raw files it reads, when twins are written, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from meds_pipeline.errors import RawFileError, UnknownNameError
from meds_pipeline.workspace import Workspace, default_home


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_twins_are_written_once_and_again_when_their_settings_change(opened: Callable[..., Workspace]) -> None:
    first = stamps(opened().raw)
    assert first
    assert stamps(opened().raw) == first
    fewer = opened(twins={"records": 10})
    assert not set(stamps(fewer.raw).items()) & set(first.items())
    assert fewer.origin == "twin"


def test_an_interrupted_writing_of_twins_is_begun_anew(opened: Callable[..., Workspace]) -> None:
    raw = opened().raw
    whole = {path: path.read_bytes() for path in raw.rglob("*") if path.is_file()}
    (raw / ".made").unlink()
    (raw / "meqsum").rename(raw / "half")
    (raw / "stray.txt").write_text("of other settings")
    assert {path: path.read_bytes() for path in opened().raw.rglob("*") if path.is_file()} == whole


def test_two_processes_may_open_a_new_home_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from meds_pipeline.workspace import Workspace; "
        "ws = Workspace.open(Path(sys.argv[1]), None, {'twins': {'records': 300}}); print(len(ws.present_corpora()))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "home")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate() for process in both]
    assert {out for out, _ in answers} == {"3\n"}, answers


def test_a_missing_raw_folder_leaves_the_home_free(tmp_path: Path) -> None:
    with pytest.raises(RawFileError, match=r"typo: raw folder does not exist.*--raw"):
        Workspace.open(tmp_path / "home", tmp_path / "typo")
    assert not (tmp_path / "home").exists()
    assert Workspace.open(tmp_path / "home", None, {"twins": {"records": 2}}).origin == "twin"


def test_a_raw_folder_that_went_away_is_named(tmp_path: Path, twin_raw: Path) -> None:
    (tmp_path / "raw").symlink_to(twin_raw)
    Workspace.open(tmp_path / "home", tmp_path / "raw")
    home = Workspace.open(tmp_path / "home")
    assert (home.origin, home.raw) == ("real", twin_raw.resolve())
    moved = tmp_path / "moved"
    moved.mkdir()
    assert Workspace.open(tmp_path / "home", moved).raw == moved
    moved.rmdir()
    with pytest.raises(RawFileError, match="moved: raw folder does not exist"):
        Workspace.open(tmp_path / "home")


def test_a_choice_for_an_unknown_corpus_is_an_error(opened: Callable[..., Workspace]) -> None:
    with pytest.raises(UnknownNameError, match="no corpus 'pubmed'"):
        opened(catalog={"active": {"pubmed": "pubmedqa"}})


def test_the_default_home_tells_twins_from_real_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEDS_HOME", raising=False)
    assert (default_home(None), default_home(tmp_path)) == (Path("data/demo"), Path("data/real"))
    monkeypatch.setenv("MEDS_HOME", str(tmp_path))
    assert default_home(None) == tmp_path
