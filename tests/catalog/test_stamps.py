"""Whether raw files may have changed: every distribution has a stamp, and every file that is read moves it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from build_corpus import catalog, folder_name, real_folder

from meds_pipeline.home.stamps import stamps
from meds_pipeline.home.workspace import Workspace

ALL = list(catalog().distributions)


def looked(name: str, home: Path, raw: Path) -> Workspace:
    corpus = catalog().distributions[name][0].corpus
    return Workspace.look(home, raw, {"catalog": {"active": {corpus: name}}})


@pytest.mark.parametrize("name", ALL)
def test_each_file_that_is_read_moves_the_stamp(name: str, twin_raw: Path, tmp_path: Path) -> None:
    raw, folder = tmp_path / "raw", folder_name(name)
    shutil.copytree(twin_raw / folder, raw / folder)
    workspace, corpus = looked(name, tmp_path / "home", raw), catalog().distributions[name][0]
    presence = workspace.presence(corpus)
    assert presence is not None
    seen = {stamps(workspace)[corpus.corpus]}
    companions = [path for file in presence.files for path in file.companions.values()]
    for path in {presence.stored[0], presence.stored[-1], *companions[:1]}:
        os.utime(raw / folder / path.partition("::")[0], ns=(1, len(seen)))
        assert (now := stamps(workspace)[corpus.corpus]) not in seen, path
        seen.add(now)


@pytest.mark.parametrize("name", ALL)
def test_real_files_have_a_stamp(name: str, tmp_path: Path) -> None:
    workspace = looked(name, tmp_path, real_folder(name).parent)
    assert stamps(workspace).keys() == set(workspace.present_corpora())


def test_a_corpus_whose_files_are_not_complete_has_a_stamp(tmp_path: Path) -> None:
    (tmp_path / "raw" / "meqsum").mkdir(parents=True)
    assert list(stamps(Workspace.look(tmp_path / "home", tmp_path / "raw"))) == ["meqsum"]
