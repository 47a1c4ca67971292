"""What starts jobs by itself: the nightly schedule and the sensor on raw folders. Both are off until switched on."""

import json
from pathlib import Path

import dagster as dg

from assets.full_run import full_run
from assets.jobs import CORPUS_DATA
from assets.partitions import sync_partitions
from meds_pipeline.home.settings import load_settings
from meds_pipeline.home.stamps import stamps
from resources.workspace import WorkspaceResource


def nightly_of(home: str) -> dg.ScheduleDefinition:
    """Return the schedule of the full run, at the time the settings of the home name."""
    return dg.ScheduleDefinition(
        name="nightly",
        job=full_run,
        cron_schedule=load_settings(Path(home)).nightly,
        execution_timezone="UTC",
        description="Brings everything up to date: what is unchanged is only checked.",
    )


@dg.sensor(
    job=CORPUS_DATA,
    minimum_interval_seconds=60,
    description="Runs a corpus through its data steps when its raw files are new or have changed.",
)
def raw_folders(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
    """Request runs for corpora whose files differ from what the last tick saw."""
    opened = workspace.open()
    sync_partitions(context.instance, opened)
    seen: dict[str, str] = json.loads(context.cursor or "{}")
    found = stamps(opened)
    changed = [name for name, stamp in found.items() if seen.get(name) != stamp]
    requests = [dg.RunRequest(partition_key=name, run_key=f"{name}:{found[name]}") for name in changed]
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(found))
