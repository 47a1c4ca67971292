"""The comparisons step: right for a case worked out by hand, and the same numbers as from the answers themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_scores_step import Folder, Release

from meds_pipeline.core.outputs import Draft, Output
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.models.stage import PREDICTION
from meds_pipeline.scoring.comparisons import compare_models
from meds_pipeline.scoring.stage import score_predictions

ITEMS = 5
ANSWERS = {"all-right": "B", "right-too": "B", "wrong": "C"}


def release(folder: Path, task: str = "task57", metric: str = "accuracy_choice", truth: str = "B") -> Output:
    """Five questions with one answer."""
    rows = [
        {
            **{"item_id": f"i{n}", "task_id": task, "corpus": "c", "category": "MCQA", "metric": metric, "labels": []},
            **{"input": "question", "references": [truth], "subject": None},
        }
        for n in range(ITEMS)
    ]
    output = Folder(folder, Release())
    types = {"labels": pa.list_(pa.string()), "references": pa.list_(pa.string())}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in rows[0]])
    pq.write_table(pa.Table.from_pylist(rows, schema), output.file("items.parquet"))
    return cast("Output", output)


def scored(folder: Path, questions: Output, model: str, said: str) -> Output:
    """The scores of a model that gives one answer to all questions."""
    output = Folder(folder, Release())
    items = pq.read_table(questions.file("items.parquet"), columns=["item_id", "task_id"]).to_pylist()
    rows = [
        {
            **{**item, "model": model, "output": said, "shots": 0, "shot_instance_ids": [], "truncated": False},
            **{"cut_off": False, "error": None, "prompt_digest": "p", "template_digest": "t"},
        }
        for item in items
    ]
    pq.write_table(pa.Table.from_pylist(rows, PREDICTION), output.lineage("prediction"))
    read, draft = cast("Output", output), cast("Draft", output)
    score_predictions(model, questions, read, draft, seed=0, languages={})
    return read


def compared(folder: Path, questions: Output, answers: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of the comparisons of models by the one answer each gives."""
    scores = {model: scored(folder / model, questions, model, said) for model, said in answers.items()}
    draft = Folder(folder / "comparisons")
    compare_models(scores, questions, cast("Draft", draft), seed=0)
    found: list[dict[str, Any]] = pq.read_table(draft.lineage("comparison")).to_pylist()
    return found


def test_p_is_right_for_a_case_worked_out_by_hand(tmp_path: Path) -> None:
    """Five swaps give a difference of 100 points only where all or none are made: p = 2/32.

    Holm: the two smallest of three p values become 3 * 2/32, and the second no less than the first.
    """
    rows = compared(tmp_path, release(tmp_path / "release"), ANSWERS)
    assert {row["level"] for row in rows} == {"task", "category", "overall"}
    mine = [row for row in rows if (row["scorer"], row["level"]) == ("corrected", "task")]
    found = {(row["model_a"], row["model_b"]): row for row in mine}
    assert {pair: row["difference"] for pair, row in found.items()} == {
        ("all-right", "right-too"): 0.0,
        ("all-right", "wrong"): 100.0,
        ("right-too", "wrong"): 100.0,
    }
    assert found["all-right", "right-too"]["adjusted"] == 1.0
    for first in ("all-right", "right-too"):
        row = found[first, "wrong"]
        assert (row["p"], row["adjusted"], row["n"]) == (pytest.approx(2 / 32), pytest.approx(3 * 2 / 32), ITEMS)
        assert row["release"] == "r"


@pytest.mark.parametrize("models", [[], ["wrong"]])
def test_fewer_than_two_models_give_an_empty_table(tmp_path: Path, models: list[str]) -> None:
    assert compared(tmp_path, release(tmp_path / "release"), {model: ANSWERS[model] for model in models}) == []


def test_labels_read_off_the_gold_answers_are_known_again(tmp_path: Path) -> None:
    questions = release(tmp_path / "release", "x_a", "precision_recall_f1_multilabel_macro", "pain, fever")
    (row,) = [
        row
        for row in compared(tmp_path, questions, {"a": "pain, fever", "b": "pain"})
        if (row["scorer"], row["level"]) == ("corrected", "task")
    ]
    assert (row["metric"], row["difference"]) == ("f1", 50.0)


def test_differences_are_those_of_the_scores(built: Workspace) -> None:
    found = pq.read_table(built.store.require("comparisons", "all").file("lineage/comparison.parquet")).to_pylist()
    values = {
        (row["scorer"], row["level"], row["name"], row["metric"], model): row["value"]
        for model in built.settings.models
        for row in pq.read_table(built.store.require("scores", model).file("lineage/score.parquet")).to_pylist()
    }
    for row in found:
        cell = (row["scorer"], row["level"], row["name"], row["metric"])
        difference = values[*cell, row["model_a"]] - values[*cell, row["model_b"]]
        assert row["difference"] == pytest.approx(difference, abs=1e-6)
    number = len(built.settings.models)
    assert sum(row["level"] == "overall" for row in found) == number * (number - 1) // 2
    assert {key[2] for key in values if key[1] == "task"} == {row["name"] for row in found if row["level"] == "task"}
