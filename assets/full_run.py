"""`full_run`: the whole pipeline as one job, each stage as runs of the asset jobs on the same instance.

A run carries one corpus, plan or model through its stage, so what fails stops itself only; the stages after it work
on the last good outputs, and the run as a whole fails at its end, after publishing, naming what failed.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.embedded import Child, alive, cancel_dead
from assets.metadata import outcome_table
from assets.partitions import sync_partitions
from assets.pool import run_children
from meds_pipeline.core.outcomes import Outcome, bad
from meds_pipeline.steps.step import STEPS, partitions_of
from resources.workspace import WorkspaceResource, explained

Outcomes = list[Outcome]


class Options(dg.Config):
    """What a full run is asked to do.

    Attributes:
        corpora: Corpora to bring up to date; empty for all that are present.
        strict: Whether a corpus that fails stops everything after it, instead of standing on its last good output.
    """

    corpora: list[str] = []
    strict: bool = False


@dg.op(description="Makes Dagster's partitions equal to what the home has: corpora, plans, models.")
def sync(context: dg.OpExecutionContext, workspace: WorkspaceResource) -> dict[str, list[str]]:
    """Sync partitions, and clear away what killed runs left."""
    cancel_dead(context.instance)
    return sync_partitions(context.instance, workspace.open())


@dg.op(description="Runs `corpus_data` for every corpus, several at a time.")
def run_corpora(
    context: dg.OpExecutionContext, config: Options, workspace: WorkspaceResource, synced: dict[str, list[str]]
) -> Outcomes:
    """Bring corpora up to date."""
    opened = workspace.open()
    with explained():
        names = [opened.with_files(name).corpus for name in config.corpora] or synced["corpora"]
    outcomes = _run(context, "corpus_data", names, opened.settings.workers)
    if config.strict and (found := bad(outcomes)):
        raise dg.Failure(description=f"Stopped, as asked: {_names(found)}.", allow_retries=False)
    return outcomes


@dg.op(description="Runs `release`.")
def run_release(context: dg.OpExecutionContext, before: Outcomes) -> Outcomes:
    """Screen over all corpora, freeze the release if there is none."""
    return before + _run(context, "release", ["all"])


@dg.op(description="Runs `train` for every plan that a model of the settings stands on.")
def run_training(context: dg.OpExecutionContext, workspace: WorkspaceResource, before: Outcomes) -> Outcomes:
    """Train."""
    models = workspace.open().settings.models.values()
    return before + _run(context, "train", sorted({model.plan for model in models if model.plan}))


@dg.op(description="Runs `evaluate` for every model.")
def run_evaluation(context: dg.OpExecutionContext, workspace: WorkspaceResource, before: Outcomes) -> Outcomes:
    """Evaluate."""
    return before + _run(context, "evaluate", partitions_of(workspace.open(), STEPS["scores"]))


@dg.op(description="Runs `compare` and `publish`, whatever failed before.")
def run_publication(context: dg.OpExecutionContext, before: Outcomes) -> Outcomes:
    """Publish."""
    return before + _run(context, "compare", ["all"]) + _run(context, "publish", ["all"])


@dg.op(description="Fails, naming what failed, if anything did.")
def verdict(context: dg.OpExecutionContext, outcomes: Outcomes) -> None:
    """Say how the run ended."""
    if found := bad(outcomes):
        problems = {f"{o.asset}/{o.partition}": dg.MetadataValue.text(o.problem) for o in found}
        raise dg.Failure(
            f"Failed: {_names(found)}.", {**problems, "outcomes": outcome_table(outcomes)}, allow_retries=False
        )
    context.add_output_metadata({"outcomes": outcome_table(outcomes)})


@dg.job(executor_def=dg.in_process_executor, description=__doc__)
def full_run() -> None:
    """Chain the stages."""
    verdict(run_publication(run_evaluation(run_training(run_release(run_corpora(sync()))))))


def _run(context: dg.OpExecutionContext, job: str, partitions: Sequence[str], workers: int = 1) -> Outcomes:
    """Run a job for partitions with the configuration this run was given."""
    given = context.run.run_config
    config: dict[str, Any] = {key: value for key, value in given.items() if key in ("resources", "loggers")}
    children = [Child(job, partition, context.run_id, config) for partition in partitions]
    with alive(context.instance, context.run_id):
        return run_children(context.instance, children, workers)


def _names(outcomes: Sequence[Outcome]) -> str:
    return ", ".join(f"{outcome.asset} of {outcome.partition}" for outcome in outcomes)
