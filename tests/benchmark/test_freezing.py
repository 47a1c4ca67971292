"""Freezing is a deed: once under a name, from corpora that are good, and seen when its files are not what they were."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from strange_corpus import TASK, write_corpus, write_many

from meds_pipeline.core.errors import QualityError, StoreError, UnknownNameError
from meds_pipeline.core.outputs import Output
from meds_pipeline.home.releases import releases
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps.benchmark import freeze
from meds_pipeline.steps.run import run_chain, run_step
from meds_pipeline.steps.unreleased import unreleased

RECORDS = [
    {"id": f"r{n}", "q": f"question number {n}", "a": f"answer {n}", "split": "train" if n % 3 else "test", "more": []}
    for n in range(60)
]
Opened = Callable[..., Workspace]


def run_corpora(workspace: Workspace) -> None:
    """Take every corpus through its steps; those that fail say so in the home."""
    for name in workspace.corpora():
        list(run_chain(workspace, ("raw_corpus", "instances", "verdicts"), name))


def frozen_home(opened: Opened, root: Path) -> tuple[dict[str, Any], Output]:
    given = write_corpus(root, RECORDS)
    workspace = opened(**given)
    run_corpora(workspace)
    return given, run_step(workspace, "benchmark", "all").output


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "state"),
    [
        (lambda release: flip(release.path / "manifest.json"), "damaged"),
        (lambda release: flip(release.path / "items.parquet"), "damaged"),
        (lambda release: (release.path / "manifest.json").unlink(), "damaged"),
        (lambda release: shutil.rmtree(release.path), "gone"),
        (lambda release: shutil.rmtree(release.path.parents[2]), "gone"),
    ],
)
def test_a_release_that_is_not_what_it_was_is_never_frozen_anew(
    opened: Opened, tmp_path: Path, harm: Callable[[Output], object], state: str
) -> None:
    _, release = frozen_home(opened, tmp_path)
    kept = tmp_path / "kept"
    shutil.copytree(release.path, kept)
    harm(release)
    changed = opened(**write_corpus(tmp_path, RECORDS[30:]))
    run_corpora(changed)
    for _ in range(2):
        with pytest.raises(StoreError, match=f"'default' is {state}.*Bring its files back"):
            run_step(changed, "benchmark", "all")
    shutil.rmtree(release.path, ignore_errors=True)
    shutil.copytree(kept, release.path)
    assert run_step(opened(**write_corpus(tmp_path, RECORDS[30:])), "benchmark", "all").output.digest == release.digest


def test_a_release_from_before_there_were_notes_is_taken_over_once(opened: Opened, tmp_path: Path) -> None:
    given, release = frozen_home(opened, tmp_path)
    shutil.rmtree(tmp_path / "home" / "releases")
    again = opened(**given)
    assert run_step(again, "benchmark", "all").reused
    assert releases(again.home)["default"].digest == release.digest
    shutil.rmtree(again.home / "releases")
    flip(release.path / "manifest.json")
    with pytest.raises(StoreError, match="'default' is damaged"):
        run_step(opened(**given), "benchmark", "all")


def test_a_note_that_cannot_be_read_freezes_nothing(opened: Opened, tmp_path: Path) -> None:
    given, release = frozen_home(opened, tmp_path)
    (tmp_path / "home" / "releases" / "default.json").write_text("{")
    shutil.rmtree(release.path)
    with pytest.raises(StoreError, match=r"default\.json: what is noted of the release 'default' cannot be read"):
        run_step(opened(**given), "benchmark", "all")


def test_of_two_that_freeze_at_once_one_wins(opened: Opened, tmp_path: Path) -> None:
    given = write_corpus(tmp_path, RECORDS)
    run_corpora(opened(**given))
    homes = [opened(**given, benchmark={"items_per_task": count}) for count in (3, 5)]
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda ws=ws: found.append(run_step(ws, "benchmark", "all").output.digest))
        for ws in homes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert set(found) == {releases(homes[0].home)["default"].digest}
    assert len(homes[0].store.outputs("benchmark", "all")) == 1


def test_a_corpus_that_is_not_good_holds_the_first_release_back(opened: Opened, tmp_path: Path) -> None:
    given = write_many(tmp_path, 3, broken=[1])
    workspace = opened(**given)
    run_corpora(workspace)
    for _ in range(2):  # the failure it left does not let the second attempt through
        with pytest.raises(
            QualityError, match=r"strange01 \(raw_corpus.*`meds bench freeze default --without strange01`"
        ):
            run_step(workspace, "benchmark", "all")
    assert workspace.store.current("benchmark", "all") is None
    with pytest.raises(UnknownNameError, match="no corpus 'strang01'"):
        freeze(workspace, "default", without=["strang01"])
    freeze(workspace, "default", without=["strange01"])
    assert set(releases(workspace.home)["default"].corpora) == {"strange00", "strange02"}
    assert workspace.failure("benchmark", "all") is None
    assert run_step(workspace, "benchmark", "all").reused
    with pytest.raises(StoreError, match="'default' is frozen already"):
        freeze(workspace, "default", anyway=True)


def test_a_name_in_the_settings_freezes_nothing_beside_other_releases(opened: Opened, tmp_path: Path) -> None:
    given, _ = frozen_home(opened, tmp_path)
    with pytest.raises(UnknownNameError, match=r"no release 'evening'.*Known: default\. .*`meds bench freeze evening`"):
        run_step(opened(**given, benchmark={"release": "evening"}), "benchmark", "all")
    assert list(releases(tmp_path / "home")) == ["default"]


def test_a_corpus_nobody_ran_holds_it_back_and_one_without_files_does_not(opened: Opened, tmp_path: Path) -> None:
    given = write_many(tmp_path, 2, broken=[])
    workspace = opened(**given)
    list(run_chain(workspace, ("raw_corpus", "instances", "verdicts"), "strange00"))
    with pytest.raises(QualityError, match=r"strange01 \(raw_corpus: no output yet\)"):
        run_step(workspace, "benchmark", "all")
    shutil.rmtree(given["raw"] / "strange01_lines")
    assert not run_step(opened(**given), "benchmark", "all").reused


def test_a_stale_corpus_is_taken_as_it_was_only_when_asked(opened: Opened, tmp_path: Path) -> None:
    given, _ = frozen_home(opened, tmp_path)
    (given["raw"] / "strange_lines" / "lines.jsonl").write_text("[\n" * 20)
    workspace = opened(**given)
    run_corpora(workspace)
    with pytest.raises(QualityError, match="'second' is not frozen"):
        freeze(workspace, "second")
    assert freeze(workspace, "second", anyway=True).manifest.rows["items"] == 8
    current = workspace.store.require("benchmark", "all").manifest.facts["release"]
    assert current == "default", "freezing does not change the release in use"


def test_tasks_that_came_after_the_release_are_named(opened: Opened, tmp_path: Path) -> None:
    given = write_many(tmp_path, 3, broken=[])
    late = given["raw"] / "strange02_lines"
    late.rename(tmp_path / "late")
    early = opened(**given)
    run_corpora(early)
    assert unreleased(early) == (), "there is no release yet"
    run_step(early, "benchmark", "all")
    assert unreleased(early) == ()
    (tmp_path / "late").rename(late)
    workspace = opened(**given)
    run_corpora(workspace)
    assert unreleased(workspace) == unreleased(workspace, "strange02") == (f"{TASK}02",)
    assert unreleased(workspace, "strange01") == ()
    freeze(workspace, "second")
    assert unreleased(opened(**given, benchmark={"release": "second"})) == ()


def test_an_item_is_as_closed_as_the_examples_it_shows(opened: Opened, tmp_path: Path) -> None:
    given = write_many(tmp_path, 3, broken=[])
    for number, (access, shots) in enumerate([("open", 1), ("credentialed", 1), ("registration", 2)]):
        path = tmp_path / "many_catalog" / f"strange0{number}.yaml"
        text = path.read_text().replace("access: open", f"access: {access}")
        path.write_text(text.replace("use: both,", f"use: both, shots_from: {TASK}0{shots},"))
    workspace = opened(**given)
    run_corpora(workspace)
    release = run_step(workspace, "benchmark", "all").output
    rows = pq.read_table(release.file("items.parquet")).to_pylist()
    found = {row["task_id"]: row["access"] for row in rows}
    assert found == {f"{TASK}00": "credentialed", f"{TASK}01": "credentialed", f"{TASK}02": "registration"}
    items = pq.read_table(release.file("lineage/item.parquet")).to_pylist()
    assert {row["item_id"]: row["access"] for row in items} == {row["item_id"]: row["access"] for row in rows}
    (about,) = pq.read_table(release.file("lineage/benchmark_release.parquet")).to_pylist()
    assert about["access"] == release.access == releases(workspace.home)["default"].access == "credentialed"
    assert json.loads((workspace.home / "releases" / "default.json").read_text())["content"] == about["digest"]
