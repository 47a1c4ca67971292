"""The leaderboard step: what stands on the page is what the build has, and scores of one release only."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pipeline_home import run_steps
from strange_corpus import write_corpus

from meds_pipeline.core.outputs import Output
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.reports.board.model import LeaderboardData
from meds_pipeline.reports.board.site import write_leaderboard
from meds_pipeline.reports.board.stage import board_data
from meds_pipeline.scoring.families import SCORERS
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.benchmark import freeze
from meds_pipeline.steps.board import board_inputs, scores_of_release
from meds_pipeline.steps.lineage import current_build
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


def run_majority(workspace: Workspace) -> None:
    """Run everything up to the scores and comparisons of the baseline, which needs no training."""
    names = list(STEPS)
    run_steps(workspace, *names[: names.index("training_set") + 1])
    for asset in ("predictions", "scores"):
        run_step(workspace, asset, "majority")
    run_step(workspace, "comparisons", "all")


def test_scores_of_another_release_are_left_out(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    arguments = write_corpus(tmp_path, RECORDS)
    first = opened(**arguments, **MAJORITY)
    run_majority(first)
    assert run_step(first, "leaderboard", "all").output.manifest.rows["models"] == 1
    second = opened(**arguments, **MAJORITY, benchmark={"release": "second"})
    freeze(first, "second")
    for asset in ("benchmark", "comparisons"):
        run_step(second, asset, "all")
    shown = run_step(second, "leaderboard", "all")
    assert not shown.reused
    assert shown.output.manifest.rows["models"] == shown.output.manifest.rows["scores"] == 0


def test_refused_scores_are_in_no_comparison_and_no_standing_and_are_told(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    models = {name: {"kind": "majority", "plan": "tiny"} for name in ("tiny", "tiny-untuned", "majority")}
    ws = opened(**write_corpus(tmp_path, RECORDS), models=models)
    names = list(STEPS)
    run_steps(ws, *names[: names.index("training_set") + 1], "predictions", "scores", "comparisons")
    assert run_step(ws, "comparisons", "all").output.manifest.rows["comparisons"] > 0
    for name in ("tiny", "tiny-untuned"):
        ws.set_failure("scores", name, "half of the items have no answer", refused=ws.store.require("scores", name))
    assert run_step(ws, "comparisons", "all").output.manifest.rows["comparisons"] == 0
    board = run_step(ws, "leaderboard", "all").output
    assert {score.model for score in shown_data(ws, tmp_path).scores} == {"majority"}
    page = (board.path / "site" / "index.html").read_text()
    assert "<strong>Model tiny</strong> its scores were refused: half of the items have no answer" in page
    ws.clear_failure("scores", "tiny")
    ws.clear_failure("scores", "tiny-untuned")
    assert run_step(ws, "leaderboard", "all").output.manifest.fingerprint != board.manifest.fingerprint


def test_a_stale_corpus_is_named_on_the_page(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    workspace = opened(**write_corpus(tmp_path, RECORDS), **MAJORITY)
    run_steps(workspace, *list(STEPS)[: list(STEPS).index("benchmark") + 1], "comparisons", "leaderboard")
    page = workspace.home / "leaderboard" / "index.html"
    assert "planted reason" not in page.read_text()
    workspace.set_failure("instances", "strange", "planted reason <b>in bold</b>")
    run_step(workspace, "leaderboard", "all")
    assert "planted reason" in page.read_text()
    assert "<b>in bold</b>" not in page.read_text()


def test_credentialed_text_is_on_no_page(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    """The baseline repeats a training answer: what a model learned from credentialed text writes is withheld too."""
    canary = "Patient Zachary Quill"
    records = [{**record, "q": f"{canary} {record['q']}", "a": f"{canary} {record['a']}"} for record in RECORDS]
    arguments = write_corpus(tmp_path, records)
    entry = arguments["catalog"]["extra"][0] / "strange.yaml"
    entry.write_text(entry.read_text().replace("access: open", "access: credentialed"))
    workspace = opened(**arguments, **MAJORITY)
    run_majority(workspace)
    workspace.set_failure("instances", "strange", f"planted: {canary}")
    run_steps(workspace, "leaderboard")
    site = workspace.home / "leaderboard"
    pages = {path: path.read_text() for path in site.rglob("*") if path.is_file()}
    assert not any(canary in page for page in pages.values())
    task = pages[site / "tasks" / "x_lines.html"]
    assert "Prompt, reference and answers are withheld: strange gives its text to named readers only" in task
    assert "meds corpora show strange" in pages[site / "index.html"]
    assert "majority" in task


def test_what_a_model_writes_that_learned_from_credentialed_text_is_withheld(built: Workspace, tmp_path: Path) -> None:
    release = built.store.require("benchmark", "all")
    inputs = board_inputs(built, current_build(built), release, scores_of_release(built, release))
    data = board_data(replace(inputs, private=["tiny"]), tmp_path)
    by_model = {answer.model: answer for answer in data.examples[0].answers}
    assert by_model["tiny"].withheld == "the model learned from credentialed text"
    assert not any(answer.output for example in data.examples for answer in example.answers if answer.model == "tiny")
    assert by_model["tiny"].points
    assert by_model["majority"].output
    assert not by_model["majority"].withheld


def test_a_model_without_scores_is_named_with_the_reason(built: Workspace) -> None:
    release = built.store.require("benchmark", "all")
    inputs = board_inputs(built, current_build(built), release, {})
    assert {absence.name: absence.reason for absence in inputs.absent} == dict.fromkeys(
        built.settings.models, "it has no scores on this release yet"
    )


def test_a_refused_submission_is_named_with_what_to_do(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    arguments = write_corpus(tmp_path, RECORDS)
    folder = tmp_path / "home" / "submissions"
    folder.mkdir(parents=True)
    (folder / "odd name!.csv").write_text("x\n1\n")
    workspace = opened(**arguments, **MAJORITY)
    run_steps(workspace, *list(STEPS)[: list(STEPS).index("benchmark") + 1], "comparisons", "leaderboard")
    page = (workspace.home / "leaderboard" / "index.html").read_text()
    assert "<strong>Submission odd name!.csv</strong> it was refused: " in page
    assert "Rename the file" in page


def test_a_model_that_failed_is_no_stale_corpus(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    workspace = opened(**write_corpus(tmp_path, RECORDS), **MAJORITY)
    run_steps(workspace)
    workspace.set_failure("predictions", "majority", "its server is gone")
    release = workspace.store.require("benchmark", "all")
    shown = board_inputs(workspace, current_build(workspace), release, scores_of_release(workspace, release))
    assert shown.stale == []
    assert [absence.name for absence in shown.absent if "its server is gone" in absence.reason] == ["majority"]


def shown_data(built: Workspace, scratch: Path) -> LeaderboardData:
    release = built.store.require("benchmark", "all")
    return board_data(board_inputs(built, current_build(built), release, scores_of_release(built, release)), scratch)


def test_the_page_has_all_comparisons_outcomes_of_all_answers_and_examples(built: Workspace, tmp_path: Path) -> None:
    data = shown_data(built, tmp_path)
    compared = built.store.require("comparisons", "all")
    assert len(data.comparisons) == compared.manifest.rows["comparisons"] > 0
    for scorer in ("official", "corrected"):
        counted = sum(count.items for count in data.outcomes if count.scorer == scorer)
        assert counted == len(data.models) * data.release.items
    assert {example.task for example in data.examples} == {task.task for task in data.tasks}
    for example in data.examples:
        assert [answer.model for answer in example.answers] == sorted(built.settings.models)
        assert all({point.scorer for point in answer.points} == set(SCORERS) for answer in example.answers)


def test_comparisons_of_earlier_scores_are_left_out(built: Workspace, tmp_path: Path) -> None:
    release = built.store.require("benchmark", "all")
    inputs = board_inputs(built, current_build(built), release, scores_of_release(built, release))
    model = min(inputs.scores)
    scores = inputs.scores[model]
    changed = Output(scores.path, scores.manifest.model_copy(update={"digest": "another"}))
    data = board_data(replace(inputs, scores={**inputs.scores, model: changed}), tmp_path)
    assert data.comparisons
    assert all(model not in (row.first, row.second) for row in data.comparisons)


def test_reading_twice_gives_the_same_site(built: Workspace, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_leaderboard(shown_data(built, tmp_path / "scratch"), tmp_path / name)
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.html")}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_a_figure_pooled_over_tasks_has_a_page_that_names_them(built: Workspace, tmp_path: Path) -> None:
    """The official scripts print CT and MRI in place of their tasks."""
    release = built.store.require("benchmark", "all")
    items = pq.read_table(release.file("items.parquet"))
    tasks = dict(zip(sorted(set(items["task_id"].to_pylist())), ("task83", "task84"), strict=False))
    names = pa.array([tasks.get(task, task) for task in items["task_id"].to_pylist()])
    folder = tmp_path / "release"
    shutil.copytree(release.path, folder)
    place = items.schema.get_field_index("task_id")
    pq.write_table(items.set_column(place, "task_id", names), folder / "items.parquet")
    release = Output(folder, release.manifest)
    inputs = board_inputs(built, current_build(built), release, {})
    (card,) = [task for task in board_data(inputs, tmp_path).tasks if task.pools]
    assert (card.task, card.pools) == ("CT", ("task83", "task84"))
    assert card.items == sum(name in ("task83", "task84") for name in names.to_pylist())
