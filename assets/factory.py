"""Dagster assets, made from the steps: the data steps of a corpus are one multi-asset, every other step has its own.

A run carries any number of corpora. When an (asset, corpus) ends, it is logged with its own data version and its
checks. A corpus that fails does not stop the others; the run reports it at its end.
"""

import inspect
import warnings
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from assets.automation import CHANGED
from assets.metadata import check_metadata, describe, outcome_table
from assets.partitions import DEFINITIONS
from meds_pipeline.core.events import BAD, StepOutcome
from meds_pipeline.core.outputs import Manifest
from meds_pipeline.home.workspace import ALL, Workspace
from meds_pipeline.quality.suites import SuiteResult
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.checks import checks_of
from meds_pipeline.steps.pool import run_partitions
from meds_pipeline.steps.run import Done, run_chain
from meds_pipeline.steps.step import Step
from resources.workspace import WorkspaceResource

Logged = dg.AssetMaterialization | dg.AssetCheckEvaluation
OWNERS = ["team:medical-ai"]
CHECKED_WITHIN = timedelta(hours=36)
"""A leaderboard that was not rebuilt or checked within this time is not fresh: the nightly schedule did not run."""
ASSETS_OF_GROUP = {
    group: tuple(step.asset for step in STEPS.values() if step.group == group)
    for group in dict.fromkeys(step.group for step in STEPS.values())
}
"""Assets by group, in order."""


def make_assets(partitions_per_run: int | None) -> list[dg.AssetsDefinition]:
    """Return all assets; one backfill run carries so many corpora, None for all of them."""
    others = [step for step in STEPS.values() if step.group != "corpora"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # partitions of checks are a preview feature
        warnings.simplefilter("ignore", dg.BetaWarning)  # code references, likewise
        return [_corpora(partitions_per_run), *(_asset_of(step) for step in others)]


def _corpora(partitions_per_run: int | None) -> dg.AssetsDefinition:
    steps = [STEPS[asset] for asset in ASSETS_OF_GROUP["corpora"]]
    single, policy = dg.BackfillPolicy.single_run(), dg.BackfillPolicy.multi_run

    @dg.multi_asset(
        name="corpora",
        specs=[_spec(step, skippable=True) for step in steps],
        check_specs=_check_specs(steps),
        partitions_def=DEFINITIONS["corpus"],
        backfill_policy=single if partitions_per_run is None else policy(partitions_per_run),
        can_subset=True,
    )
    def corpora(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Iterator[Logged]:
        """Take the corpora of the run through the steps up to the last selected one, several at a time.

        Steps before the selected ones run too: a run that is executed again from its failure selects only the steps
        that did not run, but an earlier step must read the corrected file.
        """
        opened = workspace.open()
        last = max(place for place, step in enumerate(steps) if dg.AssetKey(step.asset) in context.selected_asset_keys)
        outcomes = []
        for done in run_partitions(opened, [step.asset for step in steps[: last + 1]], context.partition_keys):
            yield from _logged(opened, done)
            outcomes.append(done.outcome)
            if done.outcome.state in BAD:
                context.log.error(f"{done.outcome.asset} of {done.outcome.partition}: {done.outcome.problem}")
        if bad := [outcome for outcome in outcomes if outcome.state in (*BAD, "not run")]:
            raise _failure(bad, outcomes)

    return corpora


def _asset_of(step: Step) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=step.asset,
        specs=[_spec(step)],
        check_specs=_check_specs([step]),
        partitions_def=DEFINITIONS[step.partitions],
        pool=step.pool,
    )
    def run(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Iterator[dg.MaterializeResult[Any]]:
        opened = workspace.open()
        (done,) = run_chain(opened, [step.asset], context.partition_key if context.has_partition_key else ALL)
        if done.result is not None:
            yield dg.MaterializeResult(
                metadata=describe(opened, done),
                data_version=dg.DataVersion(done.result.output.digest),
                check_results=[dg.AssetCheckResult(check_name=c.suite, **_judged(c)) for c in done.checks],
            )
        if done.outcome.state not in ("built", "unchanged"):
            raise dg.Failure(done.outcome.problem, allow_retries=False)

    return run


def _spec(step: Step, *, skippable: bool = False) -> dg.AssetSpec:
    fresh = dg.FreshnessPolicy.time_window(fail_window=CHECKED_WITHIN) if step.asset == "leaderboard" else None
    return dg.AssetSpec(
        step.asset,
        deps=[_dependency(step, STEPS[read]) for read in step.reads],
        description=step.about,
        owners=OWNERS,
        kinds=set(step.kinds),
        group_name=step.group,
        code_version=step.version,
        partitions_def=DEFINITIONS[step.partitions],
        automation_condition=None if step.group == "corpora" else CHANGED,
        freshness_policy=fresh,
        metadata={"dagster/code_references": _code(step)},
        skippable=skippable,
    )


def _code(step: Step) -> dg.CodeReferencesMetadataValue:
    file = Path(inspect.getsourcefile(step.needs) or "")
    line = inspect.getsourcelines(step.needs)[1]
    place = dg.LocalFileCodeReference(file_path=str(file), line_number=line, label=f"step {step.asset}")
    return dg.CodeReferencesMetadataValue(code_references=[place])


def _dependency(step: Step, source: Step) -> dg.AssetDep:
    """Return a dependency; if the two have different kinds of partitions, all partitions of the source are read."""
    differ = source.partitions not in (step.partitions, "all")
    return dg.AssetDep(source.asset, partition_mapping=dg.AllPartitionMapping() if differ else None)


def _check_specs(steps: Sequence[Step]) -> list[dg.AssetCheckSpec]:
    """Return the checks; they have the partitions of their asset, so the UI shows the state of each."""
    return [
        dg.AssetCheckSpec(
            suite.name,
            asset=step.asset,
            description=suite.about,
            blocking=True,
            partitions_def=DEFINITIONS[step.partitions],
        )
        for step in steps
        for suite in checks_of(step.asset)
    ]


def _logged(workspace: Workspace, done: Done) -> Iterator[Logged]:
    """Yield what is logged of one (asset, corpus): a materialization with its data version, and its checks."""
    outcome = done.outcome
    if done.result is not None:
        tags = _versions(done.result.output.manifest)
        metadata = describe(workspace, done)
        yield dg.AssetMaterialization(outcome.asset, partition=outcome.partition, metadata=metadata, tags=tags)
    for found in done.checks:
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(outcome.asset),
            check_name=found.suite,
            partition=outcome.partition,
            **_judged(found),
        )


def _versions(made: Manifest) -> dict[str, str]:
    """Return the tags by which the UI sees whether a corpus's data are stale: versions of data, code and inputs."""
    inputs = {f"dagster/input_data_version/{ref.asset}": ref.digest for ref in made.inputs.values()}
    own = {"dagster/data_version": made.digest, "dagster/data_version_is_user_provided": "true"}
    return {**own, "dagster/code_version": made.version, **inputs}


def _judged(found: SuiteResult) -> dict[str, Any]:
    return {
        "passed": not found.refused and not found.warned,
        "severity": dg.AssetCheckSeverity.ERROR if found.refused else dg.AssetCheckSeverity.WARN,
        "description": found.remark or None,
        "metadata": check_metadata(found),
    }


def _failure(bad: Sequence[StepOutcome], outcomes: Sequence[StepOutcome]) -> dg.Failure:
    """Return the end of a run in which corpora failed: which, why, and what became of all."""
    first = [outcome for outcome in bad if outcome.state in BAD] or bad[:1]
    good = len({o.partition for o in outcomes} - {o.partition for o in bad})
    named = "; ".join(f"{o.asset} of {o.partition}: {o.problem}" for o in first)
    problems = {f"{o.asset}/{o.partition}": dg.MetadataValue.text(o.problem) for o in first}
    return dg.Failure(
        f"{len(first)} failed, {good} good: {named}", {**problems, "outcomes": outcome_table(outcomes)}, False
    )
