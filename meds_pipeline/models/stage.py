"""The predictions step: a model's answer to every item of the release, as lineage rows."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.benchmark.access import access_of_items
from meds_pipeline.core import parquet
from meds_pipeline.models.base import Generation, LoadContext, Prompt, load_model
from meds_pipeline.models.protocol import prompts_of
from meds_pipeline.models.submission import SubmissionModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from meds_pipeline.core.outputs import Access, Draft, Output
    from meds_pipeline.models.spec import ModelSpec
    from meds_pipeline.training.plan import TrainingPlan

LONGEST_ANSWER = 200_000
"""Most characters of an answer; a longer one is an error of its item."""
_SURROGATE = re.compile("[\ud800-\udfff]")
PREDICTION = pa.schema(
    [
        ("model", pa.string()),
        ("item_id", pa.string()),
        ("task_id", pa.string()),
        ("output", pa.string()),
        ("shots", pa.int64()),
        ("shot_instance_ids", pa.list_(pa.string())),
        ("truncated", pa.bool_()),
        ("prompt_digest", pa.string()),
        ("template_digest", pa.string()),
        ("error", pa.string()),
        ("cut_off", pa.bool_()),
    ]
)


def predict(
    name: str,
    spec: ModelSpec,
    plan: TrainingPlan | None,
    inputs: Mapping[str, Output],
    draft: Draft,
    *,
    path: Path | None = None,
    base: Path | None = None,
    access: Mapping[str, Access],
) -> None:
    """Ask a model every item of the release and write its answers.

    Args:
        name: Name of the model.
        spec: What the settings say of it.
        plan: The training plan it belongs to, if any.
        inputs: The release under `benchmark`, and the output that the model is made from under its asset's name.
        draft: Receives the rows.
        path: Where the spec's `path` is.
        base: Where the plan's base model is.
        access: Access class of every task's corpus in the catalog of today.
    """
    made_by = next((output for asset, output in inputs.items() if asset != "benchmark"), None)
    prompts = {prompt.item_id: prompt for prompt in prompts_of(inputs["benchmark"], spec.protocol)}
    items = access_of_items(inputs["benchmark"], access).values()
    credentialed = tuple(sorted({item.corpus for item in items if item.access == "credentialed"}))
    if credentialed:
        draft.access = "credentialed"
    context = LoadContext(
        name=name,
        folder=_folder(spec, plan, base, made_by, draft.scratch),
        answers=_majority(made_by, inputs["benchmark"], draft) if spec.kind == "majority" and made_by else {},
        credentialed=credentialed,
        truths=_truths(inputs["benchmark"]) if spec.kind == "file" else {},
    )
    model = load_model(spec if path is None else spec.model_copy(update={"path": str(path)}), context)
    answers = [(g, _storable(g)) for g in model.generate(list(prompts.values()))]
    rows = [_row(name, prompts[g.item_id], g) for _, g in answers]
    rows.sort(key=lambda row: row["item_id"])
    pq.write_table(pa.Table.from_pylist(rows, PREDICTION), draft.lineage("prediction"))
    about = {
        "model": name,
        "kind": spec.kind,
        "plan": spec.plan,
        "protocol": spec.protocol,
        "spec": spec.model_dump_json(),
    }
    stands_on = None if made_by is None else made_by.manifest.fingerprint
    schema = pa.schema([(column, pa.string()) for column in (*about, "stands_on")])
    pq.write_table(pa.Table.from_pylist([{**about, "stands_on": stands_on}], schema), draft.lineage("model"))
    draft.rows = {
        "predictions": len(rows),
        "truncated": sum(row["truncated"] for row in rows),
        "cut_off": sum(row["cut_off"] for row in rows),
        "mended": sum(mended != given and mended.error == given.error for given, mended in answers),
        "rejected": sum(row["output"] is None for row in rows),
    }
    if isinstance(model, SubmissionModel):
        draft.rows["rows_read"] = model.rows
        draft.facts = {"problems": model.problems.rows(), "not_submitted": list(model.not_submitted)}


def _storable(generation: Generation) -> Generation:
    """Return an answer that every format can hold: a lone surrogate becomes U+FFFD, a too long output an error."""
    output, error = (
        None if text is None else _SURROGATE.sub("\ufffd", text) for text in (generation.output, generation.error)
    )
    if output is not None and len(output) > LONGEST_ANSWER:
        output, error = None, f"the answer is longer than {LONGEST_ANSWER:,} characters"
    return replace(generation, output=output, error=error)


def _row(name: str, prompt: Prompt, generation: Generation) -> dict[str, Any]:
    return {
        "model": name,
        "item_id": prompt.item_id,
        "task_id": prompt.task_id,
        "output": generation.output,
        "shots": generation.shots,
        "shot_instance_ids": prompt.shot_ids[len(prompt.shot_ids) - generation.shots :],
        "truncated": generation.truncated,
        "prompt_digest": generation.prompt_digest,
        "template_digest": generation.template_digest,
        "error": generation.error,
        "cut_off": generation.cut_off,
    }


def _truths(release: Output) -> dict[str, str]:
    rows = pq.read_table(release.file("items.parquet"), columns=["item_id", "references"]).to_pylist()
    return {row["item_id"]: row["references"][0] for row in rows}


def _folder(
    spec: ModelSpec, plan: TrainingPlan | None, base: Path | None, made_by: Output | None, scratch: Path
) -> Path | None:
    """Return the folder of the weights of our own model; the untuned model is made again, as its plan determines it."""
    if spec.kind == "tuned" and made_by is not None:
        return made_by.path / "model"
    if spec.kind == "untuned" and made_by is not None and plan is not None:
        if base is not None:
            return base
        from meds_pipeline.training.finetune import init_model

        init_model(plan.fine_tuning, made_by.path / "tokenizer", scratch / "model")
        return scratch / "model"
    return None


def _majority(training_set: Output, release: Output, draft: Draft) -> dict[str, str]:
    """Return the most frequent training answer of every task of the release; ties go to the first in the alphabet.

    A task without training samples takes the answers of the task that gives its examples, or of these examples.
    """
    with parquet.connect(threads=2, memory_limit="2GB", temporary=draft.scratch) as con:
        parquet.view_of(con, "sample", [training_set.file("samples.parquet")])
        parquet.view_of(con, "item", [release.file("items.parquet")])
        rows = con.execute(
            """
            WITH answer AS (
                SELECT i.task_id, 1 AS choice, s.messages[-1].content AS text, count(*) AS n
                FROM (SELECT DISTINCT task_id, shots_from FROM item) AS i JOIN sample AS s ON s.task_id = i.shots_from
                GROUP BY ALL
                UNION ALL
                SELECT i.task_id, 2, u.shot.output, count(*) FROM item AS i, unnest(i.shots) AS u(shot) GROUP BY ALL)
            SELECT task_id, text FROM answer
            QUALIFY row_number() OVER (PARTITION BY task_id ORDER BY choice, n DESC, text) = 1
            """
        ).fetchall()
    return dict(rows)
