"""The baseline: the most frequent training answer of each task, whatever is asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow.parquet as pq

from meds_pipeline.core.outputs import Output
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.models.base import LoadContext, Prompt, load_model
from meds_pipeline.models.spec import ModelSpec


def rows(output: Output, name: str) -> list[dict[str, Any]]:
    return pq.read_table(output.file(name)).to_pylist()


def most_frequent(answers: list[str]) -> str:
    counts = Counter(answers)
    return min(counts, key=lambda answer: (-counts[answer], answer))


def test_every_item_gets_its_tasks_most_frequent_training_answer(built: Workspace) -> None:
    trained: dict[str, list[str]] = {}
    for sample in rows(built.store.require("training_set", "tiny"), "samples.parquet"):
        trained.setdefault(sample["task_id"], []).append(sample["messages"][-1]["content"])
    given: dict[str, set[str]] = {}
    for prediction in rows(built.store.require("predictions", "majority"), "lineage/prediction.parquet"):
        given.setdefault(prediction["task_id"], set()).add(prediction["output"])
    assert set(given) & set(trained)
    for task_id in set(given) & set(trained):
        assert given[task_id] == {most_frequent(trained[task_id])}
    assert {task_id for task_id in given if task_id not in trained} == {"task123", "task127"}
    assert given["task123"] == given.get("task124", {most_frequent(trained["task124"])})


def test_a_task_nobody_answers_is_an_error_of_its_prompt() -> None:
    model = load_model(ModelSpec(kind="majority", plan="tiny"), LoadContext(answers={"task1": "yes"}))
    prompts = [Prompt("i1", "task1", "d", (), "q"), Prompt("i2", "task2", "d", (), "q")]
    known, unknown = model.generate(prompts)
    assert (known.item_id, known.output, known.error) == ("i1", "yes", None)
    assert (unknown.item_id, unknown.output, unknown.error) == ("i2", None, "task2 has no training answers")
