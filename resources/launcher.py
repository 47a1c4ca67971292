"""The run launcher of a home: Dagster's own, and it can also end what was not launched by it.

Runs of `meds run` live in that process, which watches their status and stops when one is being canceled. A run whose
process is gone is marked as canceled, so that the UI never shows it as running for ever.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, DefaultRunLauncher, RunsFilter
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus

PROCESS_TAG = ".dagster/meds_process"
"""Run tag, hidden in the UI: run id, and host, process id and start time of the `meds run` that it lives in."""
_GONE = "The process of this run was killed."
_IN_PROGRESS = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


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


def is_gone(run: DagsterRun) -> bool:
    """Return whether a run lived in a process of this machine that is no more."""
    process = process_of(run)
    if process is None or process["host"] != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(process["pid"]).create_time() != process["started"])
    except psutil.NoSuchProcess:
        return True


def cancel_gone(instance: DagsterInstance) -> None:
    """Mark runs as canceled whose `meds run` was killed."""
    for run in instance.get_runs(RunsFilter(statuses=_IN_PROGRESS)):
        if is_gone(run):
            instance.report_run_canceled(run, _GONE)


class HomeRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster's default launcher does; ends also those of `meds run` and of servers that are gone."""

    def terminate(self, run_id: str) -> bool:
        """End a run; returns whether it will end."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if process_of(run) is not None:
            self._instance.report_run_canceling(run)
            if is_gone(run):
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
        """Return whether the process of a run is there; of one that this launcher started nothing is known."""
        return CheckRunHealthResult(WorkerStatus.FAILED if is_gone(run) else WorkerStatus.RUNNING, msg=_GONE)
