"""The steps of the pipeline in their order: what each makes, from what, by which version of its code.

A step knows nothing of Dagster; `assets/` wraps each in an asset of the same name. Raise `version` when the code of a
step changes what it writes; a test compares the code with `steps.lock` and asks for it.

    python -m meds_pipeline.steps [--lock]   # which steps' code differs from the lock; write the lock anew
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from meds_pipeline.core.errors import MedsError, UnknownNameError
from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps import pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meds_pipeline.home.store import Result
    from meds_pipeline.home.workspace import Workspace

Partitions = Literal["corpus", "plan", "model", "all"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        asset: Name of the asset it makes.
        version: Version of the code, part of every fingerprint.
        partitions: What its partitions are; `all` has one output for everything.
        reads: Assets it reads.
        run: Makes the output of one partition, or finds that it stands.
        code: Modules and data (paths below the package, folders whole) whose change asks for a new version.
        about: One sentence for people.
    """

    asset: str
    version: str
    partitions: Partitions
    reads: tuple[str, ...]
    run: Callable[[Workspace, str, str], Result]
    code: tuple[str, ...]
    about: str


_ACROSS = ("quality/across.py", "quality/sql/usable.sql", "core/parquet.py")
"""Code behind every step that reads the instances of all corpora."""
_ORDERED = (
    Step(
        "raw_corpus", "5", "corpus", (), pipeline.raw_corpus,
        ("readers", "home/presence.py", "catalog/paths.py"),
        "Every record of a corpus's raw files with its byte address, and a fault row for every record that is bad.",
    ),
    Step(
        "instances", "3", "corpus", ("raw_corpus",), pipeline.instances,
        ("instances", "core/parquet.py"),
        "Input and outputs of every task, made from the records by the corpus's recipes, each with its sources.",
    ),
    Step(
        "verdicts", "1", "corpus", ("instances",), pipeline.verdicts,
        ("quality/verdicts.py", "quality/rules", "core/parquet.py"),
        "Every instance that fails a quality rule, one row a rule.",
    ),
    Step(
        "duplicates", "1", "all", ("verdicts",), pipeline.duplicates,
        (*_ACROSS, "quality/near.py"),
        "Exact and near duplicates among the training instances of each task.",
    ),
    Step(
        "split_proof", "1", "all", ("verdicts",), pipeline.split_proof,
        (*_ACROSS, "quality/sql/split_proof.sql"),
        "Training instances that share a subject or a text with a held-out one; they are left out of training.",
    ),
    Step(
        "benchmark", "2", "all", ("verdicts",), pipeline.benchmark,
        (
            *(*_ACROSS, "quality/near.py", "benchmark"),
            *("scoring/registry.py", "scoring/tasks.yaml"),
        ),
        "The frozen benchmark release: items with their references and few-shot examples. Never altered once frozen.",
    ),
    Step(
        "contamination", "1", "all", ("verdicts", "benchmark"), pipeline.contamination,
        (*_ACROSS, "quality/near.py", "quality/sql/contamination.sql"),
        "Training instances too close to a benchmark item: same subject, same text or near duplicate.",
    ),
    Step(
        "training_set", "2", "plan", ("verdicts", "duplicates", "split_proof", "contamination"), pipeline.training_set,
        (*_ACROSS, "training/mixing.py", "training/sql", "instructions/prompts.py"),
        "The samples a plan trains on: mixed over tasks, deduplicated and decontaminated, as chat messages.",
    ),
    Step(
        "packed_training_set", "1", "plan", ("training_set",), pipeline.packed_training_set,
        ("training/stage.py", "training/tokenizer.py", "training/packing.py", "instructions/chat.py",
         "core/parquet.py"),
        "The tokenizer, the samples packed into sequences of fixed length, and the ledger of what sits where.",
    ),
    Step(
        "fine_tuned_model", "1", "plan", ("packed_training_set",), pipeline.fine_tuned_model,
        ("training/stage.py", "training/finetune.py", "training/batches.py", "training/checkpoints.py",
         "core/parquet.py"),
        "The model a plan trains, its loss curve, and which step consumed which sequence.",
    ),
    Step(
        "predictions", "3", "model", ("benchmark", "training_set", "packed_training_set", "fine_tuned_model"),
        pipeline.predictions,
        ("models", "instructions", "training/finetune.py", "scoring/submission.py", "scoring/rows.py",
         "scoring/csv_records.py", "scoring/base.py", "core/parquet.py"),
        "A model's answer to every item of the release.",
    ),
    Step(
        "scores", "4", "model", ("benchmark", "predictions"), pipeline.scores, ("scoring", "core/parquet.py"),
        "Points of every item and the scores over them, by the official and by the corrected scorer.",
    ),
    Step(
        "comparisons", "1", "all", ("benchmark", "scores"), pipeline.comparisons, ("scoring", "core/parquet.py"),
        "Every two models compared on the same items: differences with intervals and p values.",
    ),
    Step(
        "lineage", "5", "all", ("scores", "comparisons"), pipeline.lineage,
        ("lineage/builds.py", "lineage/compact.py", "lineage/schema.sql", "core/parquet.py"),
        "lineage.duckdb: every row of the current build and of what models stand on, queryable both ways.",
    ),
    Step(
        "leaderboard", "4", "all", ("scores", "comparisons"), pipeline.leaderboard,
        ("reports/board", "steps/board.py", "scoring/stats", "scoring/base.py",
         "scoring/registry.py", "core/parquet.py"),
        "The leaderboard page: every model's scores with intervals, and what they rest on.",
    ),
)  # fmt: skip
STEPS: Mapping[str, Step] = {step.asset: step for step in _ORDERED}


def run_step(workspace: Workspace, asset: str, partition: str) -> Result:
    """Run one step for one partition; a failure is noted in the home, a success clears an earlier note.

    Raises:
        UnknownNameError: There is no such corpus, plan or model; nothing is noted.
        MedsError: The step failed; its text says why and what to do.
    """
    step = STEPS[asset]
    _check_name(workspace, step, partition)
    try:
        result = step.run(workspace, partition, step.version)
    except MedsError as error:
        workspace.set_failure(asset, partition, str(error))
        raise
    except Exception as error:  # a bug must not hide that what stands is older than its sources
        workspace.set_failure(asset, partition, f"unexpected {type(error).__name__}, see the log of the run")
        raise
    failure = workspace.failure(asset, partition)
    if failure is not None and failure.fingerprint != result.output.manifest.fingerprint:
        workspace.clear_failure(asset, partition)
    return result


def _check_name(workspace: Workspace, step: Step, partition: str) -> None:
    match step.partitions:
        case "corpus":
            workspace.catalog.corpus(partition)
        case "plan":
            workspace.settings.plan(partition)
        case "model":
            workspace.settings.model(partition)
        case "all":
            if partition != ALL:
                raise UnknownNameError(
                    f"{step.asset} has no partition {partition!r}.", next_step=f"Its one is {ALL!r}."
                )


def partitions_of(workspace: Workspace, step: Step) -> list[str]:
    """Return the partitions of a step in this workspace: the one truth that Dagster's partitions are synced from."""
    match step.partitions:
        case "corpus":
            return workspace.present_corpora()
        case "plan":
            return sorted(workspace.settings.plans)
        case "model":
            return sorted(workspace.settings.models)
        case "all":
            return [ALL]
