"""Starts runs automatically: the nightly schedule, sensors on raw folders and submissions, and automation conditions.

The schedule and the sensors on files are off until they are switched on in the UI. Assets whose input data changed are
requested by their automation conditions; the sensor for these is on if there is a schedule.
"""

import json
from collections.abc import Collection, Iterator, Sequence

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    PRIORITY_TAG,
)

from assets.factory import ASSETS_OF_GROUP
from assets.jobs import JOBS
from assets.partitions import CORPORA, sync_partitions
from meds_pipeline.home.stamps import stamps, submission_stamps
from meds_pipeline.home.workspace import ALL, Workspace
from meds_pipeline.steps.plan import NEVER_MADE, Planned, out_of_date, partitions_of_run
from meds_pipeline.steps.step import Group
from resources.retention import prune_daily
from resources.workspace import WorkspaceResource

LOW = {PRIORITY_TAG: "-1"}
"""Nightly runs have a lower priority than runs that a person asked for."""


def due_corpora(instance: dg.DagsterInstance, workspace: Workspace) -> list[str]:
    """Return corpora that a run would change, and those that this Dagster instance has not seen yet.

    The partitions of the instance are synced first.
    """
    names = sync_partitions(instance, workspace)[str(CORPORA.name)]
    due = out_of_date(workspace, "corpora", names)
    seen = instance.get_materialized_partitions(dg.AssetKey(ASSETS_OF_GROUP["corpora"][-1]))
    return [name for name in names if name in due or name not in seen]


def ranges(wanted: Collection[str], ordered: Sequence[str], most: int | None) -> Iterator[dict[str, str]]:
    """Yield the run tags of the fewest partition ranges that hold these corpora only, `most` in each.

    A run of Dagster carries one partition or a range of neighbours, in the order of the instance.
    """
    run: list[str] = []
    for name in (*ordered, None):
        if name in wanted and (most is None or len(run) < most):
            run.append(str(name))
            continue
        if run:
            yield {ASSET_PARTITION_RANGE_START_TAG: run[0], ASSET_PARTITION_RANGE_END_TAG: run[-1]}
        run = [str(name)] if name in wanted else []


def run_tags(
    instance: dg.DagsterInstance, group: Group, due: Collection[str], most: int | None
) -> list[dict[str, str]]:
    """Return the tags of the runs that bring partitions of a group up to date: `most` corpora a run, else one each."""
    if group == "corpora":
        return list(ranges(due, instance.get_dynamic_partitions(str(CORPORA.name)), most))
    return [{} if name == ALL else {PARTITION_NAME_TAG: name} for name in due]


def requests_of(
    instance: dg.DagsterInstance, workspace: Workspace, most: int | None
) -> tuple[list[dg.RunRequest], list[Planned]]:
    """Return runs for the outputs that are out of date on their own, and the outputs that cannot be made now.

    The automation conditions then request the outputs that depend on changed ones. They also request outputs that were
    never made, if runs for their inputs are requested here.
    """
    requests: list[dg.RunRequest] = []
    stuck: list[Planned] = []
    for group, assets in ASSETS_OF_GROUP.items():
        if group == "corpora":
            due = due_corpora(instance, workspace)
        else:
            found = out_of_date(workspace, group, partitions_of_run(workspace, group))
            follows = bool(requests)
            due = [name for name, plans in found.items() if any(_by_itself(one, follows=follows) for one in plans)]
            stuck += [plans[0] for name, plans in found.items() if name not in due]
        keys = [dg.AssetKey(asset) for asset in assets]
        for tags in run_tags(instance, group, due, most):
            run_key = " ".join((group, *tags.values()))  # the same run is requested once per night
            requests.append(dg.RunRequest(run_key, tags={**tags, **LOW}, asset_selection=keys))
    return requests, stuck


def _by_itself(one: Planned, *, follows: bool) -> bool:
    return one.would in ("build", "check") and not (follows and one.because == NEVER_MADE)


def nightly_of(cron: str, partitions_per_run: int | None) -> dg.ScheduleDefinition:
    """Return the schedule that brings everything up to date.

    Args:
        cron: When, in UTC.
        partitions_per_run: Corpora that one run carries; None for all.
    """

    @dg.schedule(
        name="nightly",
        job_name=IMPLICIT_ASSET_JOB_NAME,  # the one job of Dagster whose assets may differ in their partitions
        cron_schedule=cron,
        execution_timezone="UTC",
        description="Requests runs for all that is out of date; what reads what they change follows by after_changes.",
    )
    def nightly(
        context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        opened, instance = workspace.look(), context.instance
        prune_daily(instance, opened.settings.keep_runs_days)
        requests, stuck = requests_of(instance, opened, partitions_per_run)
        if requests:
            return requests
        if stuck:
            named = "; ".join(f"{one.asset} of {one.partition}: {', '.join(one.because)}" for one in stuck)
            return dg.SkipReason(f"Nothing can be made of what there is: {named}")
        known = instance.get_latest_materialization_event(dg.AssetKey("leaderboard"))
        if known is not None and known.asset_materialization is not None:  # fresh: it was checked
            instance.report_runless_asset_event(known.asset_materialization)
        return dg.SkipReason(f"{len(opened.corpora())} corpora checked, nothing changed")

    return nightly


@dg.sensor(
    job=JOBS["corpora"],
    minimum_interval_seconds=60,
    description="Runs a corpus through its data steps when its raw files are new or have changed.",
)
def raw_folders(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
    """Request runs for corpora whose files differ from what the last tick saw."""
    opened = workspace.look()
    sync_partitions(context.instance, opened)
    return _changed(context, stamps(opened))


@dg.sensor(
    job=JOBS["evaluation"],
    minimum_interval_seconds=60,
    description="Scores a model when its file in <home>/submissions is new or has changed.",
)
def submissions(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult | dg.SkipReason:
    """Request runs for submitted files that differ from what the last tick saw; they wait for a release."""
    opened = workspace.look()
    sync_partitions(context.instance, opened)
    if opened.store.current("benchmark", ALL) is None:
        return dg.SkipReason("No release is frozen yet.")
    return _changed(context, submission_stamps(opened))


def _changed(context: dg.SensorEvaluationContext, found: dict[str, str]) -> dg.SensorResult:
    """Request a run for each partition whose stamp is not the one the last tick saw.

    No request has a run key: Dagster would drop the second one for a stamp that comes back.
    """
    seen: dict[str, str] = json.loads(context.cursor or "{}")
    requests = [dg.RunRequest(partition_key=name) for name, stamp in found.items() if seen.get(name) != stamp]
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(found))


def after_changes(*, on: bool) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor behind the automation conditions."""
    return dg.AutomationConditionSensorDefinition(
        "after_changes",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED,
        description="Requests runs of assets after the corpora when data that they read have changed.",
    )
