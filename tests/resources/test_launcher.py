"""Runs whose process is gone: they end, whoever launched them, and fill no queue."""

from __future__ import annotations

import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.events import EngineEventData
from dagster._core.launcher.base import WorkerStatus
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.tags import SCHEDULE_NAME_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from resources.instance import embedded_instance
from resources.launcher import HOST_TAG, HomeRunLauncher, cancel_gone, is_gone, own_process


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with embedded_instance(tmp_path) as opened:
        yield opened


@dg.job
def _empty() -> None:
    pass


_empty_job = dg.reconstructable(_empty)


def a_run(instance: DagsterInstance, status: DagsterRunStatus, **tags: str) -> DagsterRun:
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name="no.such.module")
    repository = RemoteRepositoryOrigin(ManagedGrpcPythonEnvCodeLocationOrigin(target, "none"), "none")
    origin = RemoteJobOrigin(repository, "_empty")
    code = _empty_job.get_python_origin()
    return instance.create_run_for_job(_empty, status=status, tags=tags, remote_job_origin=origin, job_code_origin=code)


def launched(instance: DagsterInstance, pid: int) -> DagsterRun:
    """A run as the server leaves it once its process has begun."""
    run = a_run(instance, DagsterRunStatus.STARTED, **{HOST_TAG: socket.gethostname()})
    instance.report_engine_event(f"Started process for run (pid: {pid}).", run, EngineEventData.in_process(pid))
    return run


@pytest.fixture
def living() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


def test_a_run_of_the_server_whose_process_is_gone_is_told_from_one_that_lives(
    instance: DagsterInstance, living: subprocess.Popen[bytes]
) -> None:
    run = launched(instance, living.pid)
    launcher = instance.run_launcher
    assert isinstance(launcher, HomeRunLauncher)
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    cancel_gone(instance, alone=True)
    assert status(instance, run) == DagsterRunStatus.STARTED
    living.communicate()
    assert is_gone(instance, run)
    assert launcher.check_run_worker_health(run).status == WorkerStatus.FAILED
    cancel_gone(instance)
    assert status(instance, run) == DagsterRunStatus.CANCELED


def test_the_monitor_cancels_a_gone_meds_run_and_does_not_start_it_again(
    instance: DagsterInstance, living: subprocess.Popen[bytes]
) -> None:
    run_id = str(uuid.uuid4())
    tags = {key: text.replace('"pid": ', f'"pid": {living.pid}, "_": ') for key, text in own_process(run_id).items()}
    living.communicate()
    run = instance.create_run_for_job(_empty, run_id=run_id, status=DagsterRunStatus.STARTED, tags=tags)
    assert isinstance(instance.run_launcher, HomeRunLauncher)
    instance.run_launcher.check_run_worker_health(run)
    assert status(instance, run) == DagsterRunStatus.CANCELED


def test_what_schedules_queued_ends_with_their_server_and_what_a_person_queued_stays(
    instance: DagsterInstance,
) -> None:
    night = a_run(instance, DagsterRunStatus.QUEUED, **{SCHEDULE_NAME_TAG: "nightly"})
    person = a_run(instance, DagsterRunStatus.QUEUED)
    cancel_gone(instance)
    assert status(instance, night) == DagsterRunStatus.QUEUED, "meds run leaves the queue of a server alone"
    cancel_gone(instance, alone=True)
    assert (status(instance, night), status(instance, person)) == (DagsterRunStatus.CANCELED, DagsterRunStatus.QUEUED)


def status(instance: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status
