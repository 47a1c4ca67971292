"""The training_set step: which instances a plan trains on, in which words, with which examples, in which order.

Left out: instances with an error verdict, duplicates, split conflicts, contaminated instances, tasks of use `bench`.
All choices rank hashes of (seed, id). Files: `samples.parquet` in training order. Lineage: sample, instruction,
training_set.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.core import digests, parquet
from meds_pipeline.core.errors import QualityError, UnknownNameError, Where
from meds_pipeline.instructions.prompts import Message, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

    from meds_pipeline.catalog import Catalog
    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.training.plan import Mixture

BATCH_ROWS = 5_000
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
SAMPLES = pa.schema(
    [
        ("sample_id", pa.string()),
        ("task_id", pa.string()),
        ("instance_id", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
        ("access", pa.string()),
    ]
)
_INSTRUCTION = pa.schema(
    [
        ("instruction_id", pa.string()),
        ("task_id", pa.string()),
        ("place", pa.int64()),
        ("kind", pa.string()),
        ("text", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Screens:
    """Outputs that say which instances to leave out."""

    duplicates: Output
    split_proof: Output
    contamination: Output


def mix(
    con: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    screens: Screens,
    mixture: Mixture,
    draft: Draft,
    *,
    plan: str,
    seed: int,
) -> None:
    """Choose, word and order the samples of a plan and write them.

    Args:
        con: A connection with the views of `quality.across.opened`.
        catalog: Gives definitions and paraphrases.
        screens: Outputs that say which instances are left out, and why.
        mixture: What the plan asks for.
        draft: Receives the files.
        plan: Name of the plan, for lineage and errors.
        seed: Seed of every draw.

    Raises:
        UnknownNameError: The mixture weighs a task that the catalog does not have.
        QualityError: Nothing is left to train on.
    """
    if unknown := sorted(set(mixture.weights) - set(catalog.tasks)):
        raise UnknownNameError(
            f"plan {plan} weighs tasks that the catalog does not have: {', '.join(unknown)}.",
            next_step=f"Mend plans.{plan}.mixture.weights in meds.yaml.",
        )
    dropped = _candidates(con, screens, mixture)
    sizes = dict(con.execute("SELECT task_id, count(*) FROM candidate GROUP BY ALL ORDER BY ALL").fetchall())
    shares = quotas(sizes, mixture)
    if not sum(shares.values()):
        raise QualityError("nothing is left to train on.", Where(task=plan), "See `dropped` and the verdicts.")
    _draw(con, instructions(catalog, list(shares), mixture), shares, mixture, seed)
    _write_samples(con, draft)
    _write_lineage(con, draft, plan)
    counts = dict(con.execute("SELECT task_id, count(*) FROM ordered GROUP BY ALL ORDER BY ALL").fetchall())
    draft.rows = {"samples": sum(counts.values()), "candidates": sum(sizes.values()), "rejected": sum(dropped.values())}
    draft.facts = {"tasks": counts, "dropped": dropped}


def quotas(sizes: Mapping[str, int], mixture: Mixture) -> dict[str, int]:
    """Return how many samples each task gives, in task order.

    Shares are proportional to weight x size^alpha and never above size x max_repeats; samples that a full task cannot
    take go to the other tasks. Remainders go to the largest fractions, ties to the lower task id.
    """
    weights = {t: w * sizes[t] ** mixture.alpha for t in sorted(sizes) if (w := mixture.weights.get(t, 1.0)) > 0}
    if mixture.samples is None:
        return {task: sizes[task] for task in weights}
    room = {task: sizes[task] * mixture.max_repeats for task in weights}
    left = min(mixture.samples, sum(room.values()))
    given: dict[str, int] = {}
    exact = _portions(left, weights)
    while full := [task for task in exact if exact[task] >= room[task]]:
        given |= {task: room[task] for task in full}
        left -= sum(room[task] for task in full)
        exact = _portions(left, {task: weight for task, weight in weights.items() if task not in given})
    given |= {task: int(portion) for task, portion in exact.items()}
    left -= sum(int(portion) for portion in exact.values())
    for task in sorted(exact, key=lambda task: (-(exact[task] % 1), task))[:left]:
        given[task] += 1
    return {task: given[task] for task in weights}


def _portions(samples: int, weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {task: samples * weight / total for task, weight in weights.items()}


def instructions(catalog: Catalog, tasks: list[str], mixture: Mixture) -> pa.Table:
    """Return the phrasings of each task: the definition at place 0, paraphrases after it."""
    rows: list[dict[str, Any]] = []
    for task_id in tasks:
        task = catalog.tasks[task_id][1]
        texts = [task.definition, *(task.paraphrases if mixture.paraphrases else [])]
        for place, text in enumerate(texts):
            rows.append(
                {
                    "instruction_id": digests.row_id(task_id, text),
                    "task_id": task_id,
                    "place": place,
                    "kind": "paraphrase" if place else "definition",
                    "text": text,
                }
            )
    return pa.Table.from_pylist(rows, _INSTRUCTION)


def _candidates(con: duckdb.DuckDBPyConnection, screens: Screens, mixture: Mixture) -> dict[str, int]:
    """Make the view `candidate`; return how many instances are left out by reason, each under its first reason."""
    parquet.view_of(con, "duplicate", [screens.duplicates.file("lineage/duplicate.parquet")])
    parquet.view_of(con, "split_conflict", [screens.split_proof.file("split_conflicts.parquet")])
    parquet.view_of(con, "contaminated", [screens.contamination.file("lineage/contamination.parquet")])
    con.execute("SET VARIABLE splits = ?", [list(mixture.splits)])
    con.execute("SET VARIABLE drop_near = ?", [mixture.drop_near])
    con.execute(_sql("candidates.sql"))
    rows = con.execute("SELECT reason, count(*) FROM screened WHERE reason IS NOT NULL GROUP BY ALL ORDER BY ALL")
    return dict(rows.fetchall())


def _draw(
    con: duckdb.DuckDBPyConnection, phrasing: pa.Table, shares: Mapping[str, int], mixture: Mixture, seed: int
) -> None:
    con.register("phrasing", phrasing)
    con.register("quota", pa.table({"task_id": list(shares), "samples": list(shares.values())}))
    variables = {
        "seed": str(seed),
        "few_shot": round(mixture.few_shot * 1_000_000),
        "shots": mixture.shots,
        "max_repeats": mixture.max_repeats,
        "max_chars": mixture.max_chars or 2**62,
    }
    for name, value in variables.items():
        con.execute(f"SET VARIABLE {name} = ?", [value])
    con.execute(_sql("mix.sql"))


def _write_samples(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
    reader = con.sql(_sql("texts.sql")).to_arrow_reader(BATCH_ROWS)
    with pq.ParquetWriter(draft.file("samples.parquet"), SAMPLES, compression="zstd") as writer:
        waiting: list[dict[str, Any]] = []
        for batch in reader:  # batch sizes depend on the threads; row groups must not
            waiting += _samples(batch.to_pylist())
            while len(waiting) >= BATCH_ROWS:
                writer.write_table(pa.Table.from_pylist(waiting[:BATCH_ROWS], SAMPLES))
                waiting = waiting[BATCH_ROWS:]
        if waiting:
            writer.write_table(pa.Table.from_pylist(waiting, SAMPLES))


def _samples(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        shots = [(shot["input"], shot["output"]) for shot in row["shots"]]
        messages = render(row["instruction"], shots, row["input"])
        answer: Message = {"role": "assistant", "content": row["output"]}
        yield {
            "sample_id": row["sample_id"],
            "task_id": row["task_id"],
            "instance_id": row["instance_id"],
            "messages": [*messages, answer],
            "access": row["access"],
        }


def _write_lineage(con: duckdb.DuckDBPyConnection, draft: Draft, plan: str) -> None:
    con.execute("SET VARIABLE plan = ?", [plan])
    con.execute(_sql("lineage.sql"))
    for table in ("sample", "instruction", "training_set"):
        parquet.copy_ordered(con, f"lineage_{table}", draft.lineage(table))


def _sql(name: str) -> str:
    return (resources.files("meds_pipeline.training") / "sql" / name).read_text(encoding="utf-8")
