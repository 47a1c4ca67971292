"""The run launcher of a home: Dagster's own launcher, which can also end runs that it did not launch.

Runs of `meds run` live in the process of this command, which watches their status and stops when a run is canceled. If
the process is gone, its runs are canceled, and the next `meds run` continues. A run that the server launched names its
process in its log. If that process is gone, the run monitor marks the run as failed, so that it is started again
(`run_retries`). The next server or `meds run` cancels runs that an earlier one left. No run fills the queue for ever.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

import psutil
from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, DefaultRunLauncher, RunsFilter
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import AUTOMATION_CONDITION_TAG, SCHEDULE_NAME_TAG, SENSOR_NAME_TAG

PROCESS_TAG = ".dagster/meds_process"
"""Run tag, hidden in the UI: run id, and host, process id and start time of the `meds run` that it lives in."""
HOST_TAG = ".dagster/meds_host"
"""Run tag, hidden in the UI: the machine on which the server launched a run."""
_GONE = "The process of this run was killed."
_IN_PROGRESS = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
_BY_ITSELF = (SCHEDULE_NAME_TAG, SENSOR_NAME_TAG, AUTOMATION_CONDITION_TAG)


def own_process(run_id: str) -> dict[str, str]:
    """Return the tags of a run that lives in this process."""
    here = {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}
    return {PROCESS_TAG: json.dumps({"run": run_id, **here})}


def process_of(run: DagsterRun) -> dict[str, Any] | None:
    """Return the process of `meds run` that a run lives in, None where the server launched it.

    A run that is executed again takes over the tags of the first one; the run id tells them apart.
    """
    said: dict[str, Any] = json.loads(run.tags.get(PROCESS_TAG, "{}"))
    return said if said.get("run") == run.run_id else None


def is_gone(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Return whether a run lived in a process of this machine that has ended."""
    process = process_of(run)
    if process is not None:
        return process["host"] == socket.gethostname() and not _runs(process["pid"], process["started"])
    if run.tags.get(HOST_TAG) != socket.gethostname():
        return False
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        if event is not None and (event.message or "").startswith("Started process for run"):
            return not _runs(int(str(event.engine_event_data.metadata["pid"].value)), entry.timestamp)
    return False


def _runs(pid: int, at: float) -> bool:
    """Return whether the process that had this number at a time still runs; a later one may have the same number."""
    try:
        process = psutil.Process(pid)
        return process.create_time() <= at and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def cancel_gone(instance: DagsterInstance, *, alone: bool = False) -> None:
    """Mark runs as canceled whose process was killed.

    Args:
        instance: The instance of a home.
        alone: Whether no server runs. Then starting and queued runs of schedules and sensors are canceled too: nothing
            launches them, and they will be requested again.
    """
    queued = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED] if alone else []
    for run in instance.get_runs(RunsFilter(statuses=_IN_PROGRESS + queued)):
        waits = run.status in queued or (alone and run.status == DagsterRunStatus.STARTING)
        if is_gone(instance, run):
            instance.report_run_canceled(run, _GONE)
        elif waits and process_of(run) is None and any(tag in run.tags for tag in _BY_ITSELF):
            instance.report_run_canceled(run, "Its server is gone; the schedule or sensor asks for it again.")


class HomeRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster's default launcher does; ends also those of `meds run` and of servers that are gone."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch a run and note on which machine."""
        self._instance.add_run_tags(context.dagster_run.run_id, {HOST_TAG: socket.gethostname()})
        super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """End a run; returns whether it will end."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if process_of(run) is not None or is_gone(self._instance, run):
            self._instance.report_run_canceling(run)
            if is_gone(self._instance, run):
                self._instance.report_run_canceled(run, _GONE)
            return True
        try:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]  # Dagster's
        except DagsterUserCodeUnreachableError:
            self._instance.report_run_canceled(run, _GONE)
            return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether the monitor may ask for the health of a run's process."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return whether the process of a run is there; the monitor starts the run again where it is not.

        A run of `meds run` is canceled instead, which the monitor respects: it was started by a person, who starts it
        again.
        """
        if not is_gone(self._instance, run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if process_of(run) is not None:
            self._instance.report_run_canceled(run, _GONE)
        return CheckRunHealthResult(WorkerStatus.FAILED, msg=_GONE)
