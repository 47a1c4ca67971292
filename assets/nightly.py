"""What starts runs by itself: the nightly schedule, the sensor on raw folders, and what follows changed data.

Schedule and sensor are off until switched on in the UI. What comes after the corpora follows by the automation
conditions of the assets; their sensor is on where there is a schedule.
"""

import json
from collections.abc import Collection, Iterator, Sequence

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG, PRIORITY_TAG

from assets.factory import ASSETS_OF_GROUP
from assets.jobs import JOBS
from assets.partitions import CORPORA, sync_partitions
from meds_pipeline.home.stamps import stamps
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps.plan import out_of_date
from resources.workspace import WorkspaceResource

LOW = {PRIORITY_TAG: "-1"}
"""Nightly runs wait behind what a person asked for."""


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


def nightly_of(cron: str, partitions_per_run: int | None) -> dg.ScheduleDefinition:
    """Return the schedule that brings corpora up to date.

    Args:
        cron: When, in UTC.
        partitions_per_run: Corpora that one run carries; None for all.
    """

    @dg.schedule(
        name="nightly",
        job=JOBS["corpora"],
        cron_schedule=cron,
        execution_timezone="UTC",
        description="Requests runs for the corpora that are out of date; what comes after follows.",
    )
    def nightly(
        context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        opened, instance = workspace.look(), context.instance
        due = due_corpora(instance, opened)
        if not due:
            known = instance.get_latest_materialization_event(dg.AssetKey("leaderboard"))
            if known is not None and known.asset_materialization is not None:  # fresh: it was checked
                instance.report_runless_asset_event(known.asset_materialization)
            return dg.SkipReason(f"{len(opened.corpora())} corpora checked, nothing changed")
        ordered = instance.get_dynamic_partitions(str(CORPORA.name))
        return [dg.RunRequest(tags={**tags, **LOW}) for tags in ranges(due, ordered, partitions_per_run)]

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
    seen: dict[str, str] = json.loads(context.cursor or "{}")
    found = stamps(opened)
    changed = [name for name, stamp in found.items() if seen.get(name) != stamp]
    requests = [dg.RunRequest(partition_key=name, run_key=f"{name}:{found[name]}") for name in changed]
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(found))


def after_changes(*, on: bool) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor behind the automation conditions."""
    return dg.AutomationConditionSensorDefinition(
        "after_changes",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED,
        description="Brings what comes after the corpora up to date when the data they gave has changed.",
    )
