"""The leaderboard step: what stands on the page is what the build has, and scores of one release only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
from pipeline_home import run_steps
from strange_corpus import write_corpus

from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.run import run_step

RECORDS = [
    {"id": str(n), "q": f"question {n}", "a": f"answer {n % 2}", "split": "train" if n % 2 else "test", "more": []}
    for n in range(12)
]
MAJORITY = {"plans": {"tiny": {"mixture": {"samples": None}}}}


def test_the_page_says_build_release_models_and_origin(built: Workspace) -> None:
    output = built.store.require("leaderboard", "all")
    page = (built.home / "leaderboard" / "index.html").read_text()
    assert page == (output.path / "site" / "index.html").read_text()
    assert str(output.manifest.facts["build_id"])[:8] in page
    assert all(name in page for name in built.settings.models)
    assert re.search("synthetic", page, re.IGNORECASE)


def test_every_task_of_the_release_has_its_page(built: Workspace) -> None:
    tasks = set(pq.read_table(built.store.require("benchmark", "all").file("items.parquet"))["task_id"].to_pylist())
    assert {path.stem for path in (built.home / "leaderboard" / "tasks").glob("*.html")} == tasks


def test_scores_of_another_release_are_left_out(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    arguments = write_corpus(tmp_path, RECORDS)
    names = list(STEPS)
    first = opened(**arguments, **MAJORITY)
    run_steps(first, *names[: names.index("training_set") + 1])
    for asset in ("predictions", "scores"):
        run_step(first, asset, "majority")
    assert run_step(first, "leaderboard", "all").output.manifest.rows["models"] == 1
    second = opened(**arguments, **MAJORITY, benchmark={"release": "second"})
    run_step(second, "benchmark", "all")
    shown = run_step(second, "leaderboard", "all")
    assert not shown.reused
    assert shown.output.manifest.rows["models"] == shown.output.manifest.rows["scores"] == 0


def test_a_stale_corpus_is_named_on_the_page(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    workspace = opened(**write_corpus(tmp_path, RECORDS), **MAJORITY)
    run_steps(workspace, *list(STEPS)[: list(STEPS).index("benchmark") + 1])
    run_step(workspace, "leaderboard", "all")
    page = workspace.home / "leaderboard" / "index.html"
    assert "planted reason" not in page.read_text()
    workspace.set_failure("instances", "strange", "planted reason <b>in bold</b>")
    run_step(workspace, "leaderboard", "all")
    assert "planted reason" in page.read_text()
    assert "<b>in bold</b>" not in page.read_text()
