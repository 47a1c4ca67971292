"""Equal inputs give equal bytes; what changed is rebuilt and nothing else; a killed run loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from pipeline_home import DATA_STEPS, SMALL, run_steps
from python_calamine import CalamineWorkbook
from strange_corpus import write_corpus

from meds_pipeline.home.workspace import Workspace

MEQSUM = Path("meqsum") / "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx"
THREE = ("pubmedqa", "bc5cdr_iob", "meqsum")


@pytest.fixture
def raw(twin_raw: Path, tmp_path: Path) -> Path:
    """Three small corpora that a test may change."""
    folder = tmp_path / "raw"
    for name in THREE:
        shutil.copytree(twin_raw / name, folder / name)
    return folder


def digests(workspace: Workspace) -> dict[tuple[str, str], str]:
    """Return the digest of every current output of the data steps."""
    return {
        (o.manifest.asset, o.manifest.partition): o.digest
        for o in workspace.store.pointers()
        if o.manifest.asset in DATA_STEPS
    }


def add_question(raw: Path) -> None:
    """Append one record to MeQSum's sheet."""
    path = raw / MEQSUM
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([*rows, ["new.txt", "Where can I buy the new zinc lozenges?", "Who sells them?"]]):
            sheet.write_row(number, 0, row)


def test_same_bytes_at_any_number_of_threads_and_workers(raw: Path, opened: Callable[..., Workspace]) -> None:
    one = opened("one", raw, threads=1, workers=1)
    two = opened("two", raw, threads=2, workers=2)
    run_steps(one, *DATA_STEPS)
    run_steps(two, *DATA_STEPS)
    assert digests(one) == digests(two)
    assert {asset for asset, _ in digests(one)} == set(DATA_STEPS)


def test_second_run_finds_everything_standing(raw: Path, opened: Callable[..., Workspace]) -> None:
    workspace = opened("home", raw)
    assert not any(run_steps(workspace, *DATA_STEPS).values())
    assert all(run_steps(workspace, *DATA_STEPS).values())


def test_one_changed_file_rebuilds_only_what_stands_on_it(raw: Path, opened: Callable[..., Workspace]) -> None:
    workspace = opened("home", raw)
    run_steps(workspace, *DATA_STEPS)
    add_question(raw)
    reused = run_steps(workspace, *DATA_STEPS)
    corpus_steps = ("raw_corpus", "instances", "verdicts")
    assert {key: reused[key] for key in reused if key[0] in corpus_steps} == {
        (step, corpus): corpus != "meqsum" for step in corpus_steps for corpus in ("bc5cdr", "meqsum", "pubmedqa")
    }
    assert reused["benchmark", "all"], "a frozen release is never altered"
    assert not reused["training_set", "tiny"]


def test_file_that_comes_back_is_not_rebuilt(raw: Path, opened: Callable[..., Workspace], tmp_path: Path) -> None:
    workspace = opened("home", raw)
    run_steps(workspace, "raw_corpus", "instances")
    before = digests(workspace)
    shutil.copy(raw / MEQSUM, tmp_path / "kept.xlsx")
    add_question(raw)
    run_steps(workspace, "raw_corpus", "instances")
    shutil.copy(tmp_path / "kept.xlsx", raw / MEQSUM)
    assert all(run_steps(workspace, "raw_corpus", "instances").values())
    assert digests(workspace) == before


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from pipeline_home import DATA_STEPS, SMALL, run_steps
from meds_pipeline.home.workspace import Workspace
run_steps(Workspace.open(Path({home!r}), Path({raw!r}), SMALL), *DATA_STEPS)
"""


@pytest.mark.parametrize("step", ["instances", "training_set", "packed_training_set"])
def test_killed_within_a_step_and_run_again_gives_the_same(raw: Path, tmp_path: Path, step: str) -> None:
    home, other = tmp_path / "killed", tmp_path / "whole"
    code = CHILD.format(tests=str(Path(__file__).parents[1]), home=str(home), raw=str(raw))
    child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    end = time.monotonic() + 120
    while not list((home / "store" / step).glob("*/.writing-*")) and child.poll() is None:
        assert time.monotonic() < end, f"{step} never began"
        time.sleep(0.001)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    killed = Workspace.open(home, raw, SMALL)
    run_steps(killed, *DATA_STEPS)
    whole = Workspace.open(other, raw, SMALL)
    run_steps(whole, *DATA_STEPS)
    assert digests(killed) == digests(whole)
    assert not list((home / "store").glob("*/*/.writing-*")), "a half output was left"
    assert not list((home / "scratch").glob("*/*/*")), "scratch was left"


@pytest.mark.parametrize("count", [12_000, pytest.param(300_000, marks=pytest.mark.slow)])
def test_large_outputs_have_the_same_bytes_at_any_number_of_threads(
    opened: Callable[..., Workspace], tmp_path: Path, count: int
) -> None:
    """Beyond a batch, a row group and (in the slow case) what DuckDB gives one thread, cuts and orders could differ."""
    records = [
        {"id": str(n), "q": f"What is thing {n % (count // 2)} for?", "a": f"use {n % 7}", "split": "train", "more": []}
        for n in range(count)
    ]
    arguments = write_corpus(tmp_path, [*records, {**records[0], "q": "Held out?", "split": "test"}])
    plan = {"mixture": {"samples": None, "few_shot": 0.3, "drop_near": False}}
    made = []
    for threads in (1, 3):
        workspace = opened(f"threads{threads}", **arguments, threads=threads, plans={"tiny": plan})
        run_steps(workspace, *DATA_STEPS[:-1])
        made.append(digests(workspace))
    assert made[0] == made[1]
    assert workspace.store.require("training_set", "tiny").manifest.rows["samples"] == count
