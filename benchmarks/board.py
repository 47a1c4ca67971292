"""What the comparisons and the leaderboard of many models take: seconds and peak memory of each step.

    python -m benchmarks.board [--models 10] [--items 60000] [--keep DIR]

A release of invented items over the tasks of MedS-Bench is answered by invented models and scored once; this is not
timed. Then three things are timed, each in a process of its own: comparing the models from the counts of their item
scores, rendering the board, and measuring all answers again. `ratio` is how much longer a board takes that measures and
compares by itself.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.core import digests
from meds_pipeline.core.outputs import Draft, FileEntry, InputRef, Manifest, Output
from meds_pipeline.models.stage import PREDICTION
from meds_pipeline.reports.board.model import ModelCard
from meds_pipeline.reports.board.stage import BoardInputs, render_board
from meds_pipeline.scoring.comparisons import compare_models
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stage import score_predictions

if TYPE_CHECKING:
    from collections.abc import Callable

    from meds_pipeline.scoring.registry import TaskSpec

WORDS = [f"word{n}" for n in range(2000)]
TEXT_WORDS = 20
RELEASE = "bench"


def truth_of(spec: TaskSpec, rnd: random.Random) -> str:
    """A gold answer that the task's metric can read."""
    if spec.metric == "accuracy_choice":
        return rnd.choice("ABCD")
    if spec.labels:
        return rnd.choice(spec.labels)
    return " ".join(rnd.choices(WORDS, k=3 if spec.metric == "f1_entities_micro" else TEXT_WORDS))


def write(folder: Path, tables: dict[str, pa.Table]) -> Output:
    """Write tables into a folder and return it as an output."""
    for name, table in tables.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
    return opened(folder)


def opened(folder: Path, inputs: dict[str, Output] | None = None) -> Output:
    """A folder as an output; its digest is one of names and sizes, which is enough here."""
    files = {
        path.relative_to(folder).as_posix(): FileEntry(bytes=path.stat().st_size, sha256=path.name)
        for path in sorted(folder.rglob("*.parquet"))
    }
    refs = {
        role: InputRef(asset=role, partition="", fingerprint="", digest=output.digest)
        for role, output in (inputs or {}).items()
    }
    digest = digests.fingerprint([folder.as_posix(), *(entry.bytes for entry in files.values())])
    manifest = Manifest(
        asset=folder.name, partition="", fingerprint=digest, version="", inputs=refs, settings={}, rows={},
        facts={"release": RELEASE}, files=files, digest=digest, access="open",
        started_at=datetime(2026, 1, 1, tzinfo=UTC), seconds=0,
    )  # fmt: skip
    return Output(folder, manifest)


def release(folder: Path, items: int) -> Output:
    """A release of so many items, evenly over the published tasks, four in ten about a subject they share."""
    rnd = random.Random(1)  # noqa: S311 - invented data
    registry = load_registry()
    tasks = sorted(registry.released())
    rows = []
    for n in range(items):
        spec = registry.tasks[tasks[n % len(tasks)]]
        rows.append(
            {
                "item_id": digests.row_id(str(n)),
                "task_id": spec.task_id,
                "ordinal": n // len(tasks) + 1,
                "corpus": f"c{n % len(tasks)}",
                "instance_id": digests.row_id("instance", str(n)),
                "subject": str(n // len(tasks) // 3) if n % 5 < 2 else None,
                "category": spec.category,
                "metric": spec.metric,
                "labels": list(spec.labels),
                "definition": "Answer the question.",
                "input": " ".join(rnd.choices(WORDS, k=80)),
                "references": [truth_of(spec, rnd)],
            }
        )
    head = pa.table({"release": [RELEASE], "digest": ["0" * 64], "items": [items]})
    return write(folder, {"items.parquet": pa.Table.from_pylist(rows), "lineage/benchmark_release.parquet": head})


def predictions(folder: Path, questions: Output, model: str, right: float) -> Output:
    """Answers that are right with this probability, else those to another item of the task."""
    rnd = random.Random(model)  # noqa: S311 - invented data
    rows = pq.read_table(questions.file("items.parquet"), columns=["item_id", "task_id", "references"]).to_pylist()
    truths: dict[str, list[str]] = {}
    for row in rows:
        truths.setdefault(row["task_id"], []).append(row["references"][0])
    answered = [
        {
            **{"model": model, "item_id": row["item_id"], "task_id": row["task_id"], "shots": 0},
            **{"output": row["references"][0] if rnd.random() < right else rnd.choice(truths[row["task_id"]])},
            **{"shot_instance_ids": [], "truncated": False, "prompt_digest": "", "template_digest": ""},
            **{"error": None, "cut_off": False},
        }
        for row in rows
    ]
    return write(folder, {"lineage/prediction.parquet": pa.Table.from_pylist(answered, PREDICTION)})


def scored(folder: Path, questions: Output, said: Output, model: str) -> Output:
    """The scores step."""
    score_predictions(model, questions, said, draft(folder), seed=0, languages={})
    return opened(folder, {"benchmark": questions, "predictions": said})


def draft(folder: Path) -> Draft:
    """A draft below a folder, with scratch beside it."""
    scratch = folder.with_name(f"{folder.name}.scratch")
    for path in (folder, scratch):
        path.mkdir(parents=True, exist_ok=True)
    return Draft(folder, scratch)


def timed(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds and peak memory in MB of some work, in a process of its own."""
    results: Any = multiprocessing.get_context("fork").Queue()

    def run() -> None:
        clock = time.perf_counter()
        work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        results.put((time.perf_counter() - clock, peak // 1024))

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit("a step failed, see above")
    found: tuple[float, int] = results.get()
    return found


def main() -> None:
    """Make the store, time the steps, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--items", type=int, default=60_000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = given.keep or Path(temporary)
        questions = release(root / "release", given.items)
        names = [f"model{n}" for n in range(given.models)]
        said = {m: predictions(root / "predictions" / m, questions, m, 0.4 + 0.02 * n) for n, m in enumerate(names)}
        scores = {model: scored(root / "scores" / model, questions, said[model], model) for model in names}
        report: dict[str, Any] = {"models": given.models, "items": given.items}
        comparing = timed(lambda: compare_models(scores, questions, draft(root / "comparisons"), seed=0))
        compared = opened(root / "comparisons", {f"scores:{model}": output for model, output in scores.items()})
        board = BoardInputs(
            build_id="build", origin="twin", release=questions, scores=scores, predictions=said, comparisons=compared,
            instances=[], models=[ModelCard(name, "x") for name in names], titles={}, stale=[], unreleased=[],
            absent=[], access={}, private=[], threads=2, memory_limit="2GB",
        )  # fmt: skip
        rendering = timed(lambda: render_board(board, draft(root / "board")))
        measuring = timed(lambda: [scored(root / "again" / m, questions, said[m], m) for m in names])
        for name, (seconds, peak) in (("comparisons", comparing), ("board", rendering), ("measuring", measuring)):
            report[name] = {"seconds": round(seconds, 1), "peak_mb": peak}
        report["ratio"] = round((measuring[0] + comparing[0] + rendering[0]) / rendering[0], 1)
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
