"""Opening a home: which raw files it reads, when twins are written, and what it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from strange_corpus import write_corpus

from meds_pipeline.core.errors import RawFileError, StoreError, UnknownNameError
from meds_pipeline.home.workspace import Workspace, default_home

OWN = """
corpus: mine
title: t
about: a
source: s
licence: l
access: open
tasks:
  x_mine: {name: n, category: Diagnosis, metric: accuracy_substring, use: train, definition: Do.}
distributions:
  mine:
    files:
      rows: {path: all.csv, reader: csv, columns: {q: VARCHAR, a: VARCHAR}, twin: "SELECT 'why' AS q, 'ANSWER' AS a"}
    recipes: {x_mine: "SELECT source, q AS input, a AS outputs FROM rows"}
"""


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_twins_are_written_once_and_again_when_their_settings_change(opened: Callable[..., Workspace]) -> None:
    first = stamps(opened().raw)
    assert first
    assert stamps(opened().raw) == first
    fewer = opened(twins={"records": 10})
    assert not set(stamps(fewer.raw).items()) & set(first.items())
    assert fewer.origin == "twin"


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_twins_follow_the_twin_lines_of_a_homes_own_catalog(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    def open_with(answer: str) -> str:
        path = tmp_path / "home/catalog/mine.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OWN.replace("ANSWER", answer))
        return (opened(twins={"distributions": ["mine"]}).raw / "mine/all.csv").read_text()

    assert open_with("one") == "q,a\nwhy,one\n"
    assert open_with("two") == "q,a\nwhy,two\n"


def test_an_interrupted_writing_of_twins_is_begun_anew(
    opened: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    whole = files(opened("whole", twins={"records": 10}).raw)
    home = opened().home
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("meds_pipeline.home.origin._remove", killed)
        opened(twins={"records": 20, "distributions": ["mediq_imedqa", "ncbi_disease"]})
    for name in os.listdir(home / "twins.writing"):  # some were put in place before
        (home / "twins.writing" / name).rename(home / "twins" / name)
    assert files(opened(twins={"records": 10}).raw) == whole
    assert not (home / "twins.writing").exists()


def test_a_twin_that_is_gone_is_written_again(opened: Callable[..., Workspace]) -> None:
    home = opened()
    whole = files(home.raw)
    next((home.raw / "meqsum").glob("[!.]*")).unlink()
    with pytest.raises(RawFileError, match=r"no file matches .* Next: Run `meds run`"):
        home.presence(home.catalog.corpus("meqsum"))
    assert files(opened().raw) == whole


def test_real_files_among_twins_are_none_of_them(opened: Callable[..., Workspace], twin_raw: Path) -> None:
    home = opened()
    shutil.copytree(twin_raw / "medquad", home.raw / "medquad")
    assert "medquad" not in opened().present_corpora()
    with pytest.raises(RawFileError, match="corpus medquad: it has no synthetic twin here"):
        opened().obtainable("medquad")


def test_files_that_are_no_twins_are_kept(opened: Callable[..., Workspace]) -> None:
    raw = opened().raw
    own = [raw / "my_corpus" / "data" / "train.jsonl", raw / "pubmedqa" / "notes.txt"]
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    opened(twins={"records": 10, "distributions": ["meqsum"]})
    assert [path.read_text() for path in own] == ["mine", "mine"]
    assert sorted(path.name for path in raw.glob("[!.]*")) == ["meqsum", "my_corpus", "pubmedqa"]
    assert [path.name for path in (raw / "pubmedqa").iterdir()] == ["notes.txt"], "twins no longer asked for are gone"


def test_a_twin_overwrites_no_file_of_others(opened: Callable[..., Workspace], twin_raw: Path) -> None:
    home = opened()
    path = next(path for path in (twin_raw / "mediq_imedqa").rglob("*") if path.is_file()).relative_to(twin_raw)
    (home.raw / path).parent.mkdir(parents=True)
    (home.raw / path).write_text("mine")
    with pytest.raises(RawFileError, match="was not written as one.*Move .*mediq_imedqa away"):
        opened(twins={"distributions": ["mediq_imedqa"]})
    assert (home.raw / path).read_text() == "mine"


def test_a_glance_makes_and_settles_nothing(tmp_path: Path, twin_raw: Path) -> None:
    home = tmp_path / "home"
    assert Workspace.look(home).present_corpora() == []
    assert "medqa" in Workspace.look(home, twin_raw).present_corpora()
    assert not home.exists()
    assert Workspace.open(home, twin_raw).origin == "real"
    with pytest.raises(RawFileError, match="holds synthetic twins"):
        Workspace.look(Workspace.open(tmp_path / "demo", None, {"twins": {"records": 2}}).home, twin_raw)


def test_a_catalog_folder_is_found_from_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path, [])
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "meds.yaml").write_text("catalog: {extra: [../strange_catalog]}\n")
    monkeypatch.chdir("/")
    assert "strange" in Workspace.look(tmp_path / "home").catalog.corpora


def test_two_processes_may_open_a_new_home_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from meds_pipeline.home.workspace import Workspace; "
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


def test_a_home_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "twins").mkdir(parents=True)
    (tmp_path / "taken" / "twins.lock").mkdir()
    for home in (tmp_path / "file" / "home", Path("/proc/home"), tmp_path / "taken"):
        with pytest.raises(StoreError, match=rf"^file {home}: this home cannot be made or written: .* Next: Give"):
            Workspace.open(home, None, {"twins": {"records": 2}})


def test_a_choice_for_an_unknown_corpus_is_an_error(opened: Callable[..., Workspace]) -> None:
    with pytest.raises(UnknownNameError, match="no corpus 'pubmed'"):
        opened(catalog={"active": {"pubmed": "pubmedqa"}})


def test_the_default_home_tells_twins_from_real_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEDS_HOME", raising=False)
    assert (default_home(None), default_home(tmp_path)) == (Path("data/demo"), Path("data/real"))
    monkeypatch.setenv("MEDS_HOME", str(tmp_path))
    assert default_home(None) == tmp_path
