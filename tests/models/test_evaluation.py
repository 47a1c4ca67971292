"""Models of a home beside one another: protocols, submissions, languages, and what each result rests on."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pipeline_home import SMALL, run_steps

from meds_pipeline.cli.main import cli
from meds_pipeline.home.settings import load_settings, merge
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.lineage.trace import Tracer
from meds_pipeline.models.protocol import prompts_of
from meds_pipeline.models.submission import SubmissionModel
from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.submission.rows import read_rows, write_rows
from meds_pipeline.scoring.table import ANSWERS
from meds_pipeline.steps.checks import check
from meds_pipeline.steps.run import run_step

UNTUNED = {"kind": "untuned", "plan": "tiny", "max_new_tokens": 2}
OVER = {
    "twins": {"distributions": ["meqsum", "tico19"]},
    "models": {"tiny": UNTUNED, "tiny-untuned": UNTUNED, "unsound": {**UNTUNED, "protocol": "official"}},
}


PART = ("task114", "x_tico19_en_zh")


def submit(path: Path, items: list[dict[str, Any]], *, right: bool) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("task_id", "input", "GT", "output"))
        writer.writerow(("task114", "a question of another release", "?", "?"))
        for item in items:
            truth = item["references"][0]
            writer.writerow((item["task_id"], item["input"], truth, truth if right else "zzz"))


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A home with two protocols and two submissions, every step run."""
    home = tmp_path_factory.mktemp("evaluation")
    first = Workspace.open(home, None, merge(SMALL, OVER))
    run_steps(first, "raw_corpus", "instances", "verdicts", "benchmark")
    items = pq.read_table(first.store.require("benchmark", "all").file("items.parquet")).to_pylist()
    submit(home / "submissions" / "perfect.csv", items, right=True)
    submit(home / "submissions" / "hopeless.csv", items, right=False)
    one = [item for item in items if item["task_id"] in PART]
    write_rows(
        [{"item_id": i["item_id"], "output": i["references"][0]} for i in one[:-1]], home / "submissions/part.csv"
    )
    workspace = Workspace.open(home, None, merge(SMALL, OVER))
    run_steps(workspace)
    return workspace


def rows(workspace: Workspace, asset: str, model: str, table: str) -> list[dict[str, Any]]:
    return pq.read_table(workspace.store.require(asset, model).file(f"lineage/{table}.parquet")).to_pylist()


def test_a_file_in_submissions_lands_in_predictions_scores_and_leaderboard(scored: Workspace) -> None:
    assert {"perfect", "hopeless"} < set(scored.settings.models)
    found = {(r["scorer"], r["name"], r["metric"]): r["value"] for r in rows(scored, "scores", "perfect", "score")}
    assert found["official", "task114", "rougeL"] > 99
    assert found["corrected", "overall", "main"] == pytest.approx(100)
    assert all(r["value"] == 0 for r in rows(scored, "scores", "hopeless", "score") if r["name"] == "task114")
    page = (scored.home / "leaderboard" / "index.html").read_text()
    assert "perfect" in page
    assert "untuned, official shots" in page


def test_rows_of_no_item_are_counted(scored: Workspace) -> None:
    manifest = scored.store.require("predictions", "perfect").manifest
    assert manifest.rows["rows_read"] == manifest.rows["predictions"] + 1
    (problem,) = manifest.facts["problems"]  # type: ignore[misc]
    assert (problem["kind"], problem["count"], problem["first"]) == ("no_item", 1, ["row 2 (task114)"])


def test_a_changed_submission_is_scored_again_and_a_touched_one_is_not(scored: Workspace) -> None:
    path = scored.home / "submissions" / "hopeless.csv"
    path.write_bytes(path.read_bytes())
    assert run_step(scored, "predictions", "hopeless").reused
    path.write_bytes(path.read_bytes() + b"task114,again,?,?\n")
    assert not run_step(scored, "predictions", "hopeless").reused


def test_a_part_of_the_tasks_is_scored_where_it_is_complete(scored: Workspace) -> None:
    facts = scored.store.require("predictions", "part").manifest.facts
    asked = {row["task_id"] for row in rows(scored, "benchmark", "all", "item")}
    assert facts["not_submitted"] == sorted(asked - set(PART))
    assert [(p["kind"], p["count"]) for p in facts["problems"]] == [("unanswered", 1)]  # type: ignore[attr-defined]
    assert not check(scored, "predictions", "part").result.refused
    assert {row["task_id"] for row in rows(scored, "predictions", "part", "prediction")} == set(PART)
    found = {(r["scorer"], r["level"], r["name"], r["metric"]): r for r in rows(scored, "scores", "part", "score")}
    assert {name for _, level, name, _ in found if level == "task"} == set(PART)
    assert found["corrected", "category", "Text Summarization", "main"]["value"] == pytest.approx(100)
    for scorer, level, name in (("corrected", "category", "Translation"), ("corrected", "overall", "overall")):
        figure = found[scorer, level, name, "main"]
        assert (figure["value"], figure["low"]) == (None, None)
        assert figure["note"]
    compared = rows(scored, "comparisons", "all", "comparison")
    with_part = {(r["level"], r["name"]) for r in compared if "part" in (r["model_a"], r["model_b"])}
    assert ("overall", "overall") not in with_part
    assert ("task", "task114") in with_part


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_items_can_be_taken_away_answered_and_brought_back(scored: Workspace, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"answers.{ending}"
    done = CliRunner().invoke(cli, ["bench", "items", str(path), "--home", str(scored.home)], catch_exceptions=False)
    assert str(scored.home / "submissions") in done.output
    found = [row.fields for row in read_rows(path, by_id=True) if row.fields is not None]
    prompts = {p.item_id: p for p in prompts_of(scored.store.require("benchmark", "all"))}
    assert {row["item_id"] for row in found} == set(prompts)
    assert all(row["user"] in (row["input"], f"Input:\n{row['input']}\nOutput:\n") for row in found)
    assert all("GT" not in row for row in found)
    write_rows([{**row, "output": "an answer"} for row in found], path)
    model = SubmissionModel(path, {})
    assert [g.error for g in model.generate(list(prompts.values()))] == [None] * len(prompts)
    assert model.problems.rows() == []


@pytest.mark.parametrize(
    ("name", "why"), [("tiny.csv", "another model has this name"), ("a b.csv", "no model can have this name")]
)
def test_a_submission_needs_a_name_of_its_own(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "submissions").mkdir()
    (tmp_path / "submissions" / name).touch()
    settings = load_settings(tmp_path)
    assert [why in refused.problem for refused in settings.refused] == [True]
    assert settings.models == load_settings(tmp_path / "nowhere").models


def test_each_prediction_says_which_examples_it_was_shown(scored: Workspace) -> None:
    items = {r["item_id"]: r for r in rows(scored, "benchmark", "all", "item")}
    tested = {item["instance_id"] for item in items.values()}
    for row in rows(scored, "predictions", "tiny-untuned", "prediction"):
        assert row["shot_instance_ids"] == items[row["item_id"]]["shot_instance_ids"][-row["shots"] or 3 :]
    unsound = rows(scored, "predictions", "unsound", "prediction")
    assert {shot for row in unsound for shot in row["shot_instance_ids"]} <= tested
    assert any(row["shot_instance_ids"] for row in unsound)
    assert {r["protocol"] for r in rows(scored, "predictions", "unsound", "model")} == {"official"}


def test_a_trace_shows_the_examples_the_model_saw(scored: Workspace) -> None:
    row = next(r for r in rows(scored, "predictions", "unsound", "prediction") if r["shot_instance_ids"])
    with Tracer(scored) as tracer:
        node = tracer.trace("item", row["item_id"])
    assert set(row["shot_instance_ids"]) <= {n.name for n in node.children if n.kind == "few-shot example"}


def test_results_are_known_by_what_they_rest_on(scored: Workspace) -> None:
    def digests(model: str) -> dict[tuple[str, str], str]:
        return {(r["scorer"], r["item_id"]): r["result_digest"] for r in rows(scored, "scores", model, "item_score")}

    same, sound, unsound = digests("tiny"), digests("tiny-untuned"), digests("unsound")
    assert same == sound, "equal weights, prompts and answers"
    assert sound.keys() == unsound.keys()
    differing = {item for key, item in sound.items() if unsound[key] != item}
    assert differing
    assert len(set(sound.values())) == len(sound), "no two items or scorers share a result"
    whole = {
        model: {r["score_id"]: r["result_digest"] for r in rows(scored, "scores", model, "score")}
        for model in ("tiny", "tiny-untuned", "unsound")
    }
    assert set(whole["tiny"].values()) == set(whole["tiny-untuned"].values()) != set(whole["unsound"].values())


def test_answers_are_scored_in_their_own_language(scored: Workspace) -> None:
    task = "x_tico19_en_zh"
    release = pq.read_table(scored.store.require("benchmark", "all").file("items.parquet")).to_pylist()
    answers = {r["item_id"]: r["output"] for r in rows(scored, "predictions", "majority", "prediction")}
    table = ANSWERS.empty_table().from_pylist(
        [{**item, "output": answers[item["item_id"]]} for item in release if item["task_id"] == task], schema=ANSWERS
    )

    def bleu(language: str) -> float:
        metrics, languages = {task: "bleu1_rougeL_lang_tokenizer"}, {task: language}
        found = score(table, ("corrected",), metrics=metrics, languages=languages, required=(), replicates=0)
        return next(float(r["value"]) for r in found.scores.to_pylist() if r["name"] == task and r["metric"] == "bleu1")

    made = {
        r["metric"]: r["value"]
        for r in rows(scored, "scores", "majority", "score")
        if (r["scorer"], r["name"]) == ("corrected", task)
    }
    assert made["bleu1"] == bleu("zh") != bleu("en")
