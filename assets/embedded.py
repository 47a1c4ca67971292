"""`meds run`: runs the jobs in order in this process; the UI can show, cancel and execute these runs again."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from assets.factory import ASSETS_OF_GROUP
from assets.jobs import JOB_OF_GROUP
from assets.nightly import due_corpora, run_tags
from assets.partitions import sync_partitions
from meds_pipeline.core import events
from meds_pipeline.core.events import Event, Listener, RunSummary, StepOutcome, bad
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps.plan import out_of_date, partitions_of_run
from meds_pipeline.steps.run import run_chain
from resources.instance import embedded_instance, environment_of
from resources.launcher import cancel_gone, own_process
from resources.retention import prune_daily
from resources.workspace import using

if TYPE_CHECKING:
    from meds_pipeline.steps.step import Group

MODULE = "meds_pipeline.definitions"
REPOSITORY = "__repository__"
"""Dagster's name for the definitions of a module."""
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Turns off Dagster's console log, which would disturb the caller's display; the instance keeps the whole log."""
WATCH_SECONDS = 2.0


def run_all(
    home: Path,
    raw: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    corpora: Sequence[str] | None = None,
    strict: bool = False,
    progress: Listener | None = None,
) -> RunSummary:
    """Run the whole pipeline on a home; the Dagster UI of the home shows its runs.

    Args:
        home: Holds everything written.
        raw: Upstream files; None for synthetic twins.
        overrides: Settings laid over those of the home; `workers` is the number of corpora at the same time.
        corpora: Only these corpora; outputs that are made from all corpora are still brought up to date.
        strict: Stop when a corpus fails, instead of going on with its last good output.
        progress: Receives the events: which step begins, its progress and its outcome.

    Returns:
        The outcome of every output. Failures are in it, not raised.

    Raises:
        MedsError: The home, the settings or a corpus name is not valid, or a corpus can have no files in this home.
        KeyboardInterrupt: It was interrupted, or its run was canceled in the UI; the next run keeps finished outputs.
    """
    clock = time.perf_counter()
    home, raw = home.resolve(), raw.resolve() if raw else None
    looked = Workspace.look(home, raw, dict(overrides or {}))
    names = [looked.obtainable(name).corpus for name in corpora or ()]  # before this call settles whose home it is
    opened = Workspace.open(home, raw, dict(overrides or {}))
    names = [opened.with_files(name).corpus for name in names]
    heard = _Heard(progress)
    run_ids: list[str] = []
    problem = ""
    with ExitStack() as stack:
        stack.enter_context(_environment(environment_of(home, raw)))
        stack.enter_context(events.listening(heard))
        stack.enter_context(using(opened))
        instance = stack.enter_context(embedded_instance(home))
        cancel_gone(instance)
        sync_partitions(instance, opened)
        for fault in [] if names else opened.catalog_faults():
            name = fault.corpus or Path(fault.error.where.file or "catalog").name
            events.tell(StepOutcome("raw_corpus", name, "failed", problem=str(fault.error)))
        for group in ASSETS_OF_GROUP:
            wanted = partitions_of_run(opened, group, names)
            run_ids += _bring_up(instance, opened, group, wanted)
            heard.fill_in(group, wanted)
            if strict and group == "corpora" and (failed := bad(heard.last.values())):
                problem = f"Stopped, as asked: {', '.join(f'{o.asset} of {o.partition}' for o in failed)}."
                break
        prune_daily(instance, opened.settings.keep_runs_days)
    return RunSummary(tuple(run_ids), round(time.perf_counter() - clock, 3), tuple(heard.last.values()), problem)


class _Heard:
    """Keeps the last outcome of every output and passes everything on."""

    def __init__(self, listener: Listener | None) -> None:
        self.last: dict[tuple[str, str], StepOutcome] = {}
        self._listener = listener

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepOutcome):
            self.last[event.asset, event.partition] = event
        if self._listener is not None:
            self._listener(event)

    def fill_in(self, group: Group, partitions: Sequence[str]) -> None:
        """Send outcomes for the outputs of a group that Dagster did not begin, because an input of them failed."""
        for name in partitions:
            for asset in ASSETS_OF_GROUP[group]:
                if (asset, name) not in self.last:
                    self(StepOutcome(asset, name, "not run"))


def _bring_up(
    instance: dg.DagsterInstance, workspace: Workspace, group: Group, partitions: Sequence[str]
) -> Iterator[str]:
    """Run the job of a group for the partitions that are out of date and yield the runs; the others are checked."""
    if group == "corpora":
        due = [name for name in due_corpora(instance, workspace) if name in partitions]
    else:
        due = list(out_of_date(workspace, group, partitions))
    for name in partitions:
        if name not in due:
            for _ in run_chain(workspace, ASSETS_OF_GROUP[group], name):
                pass
    for of_run in run_tags(instance, group, due, workspace.settings.corpora_per_run):
        yield _execute(instance, JOB_OF_GROUP[group], of_run)


def _execute(instance: dg.DagsterInstance, job: str, tags: Mapping[str, str]) -> str:
    """Execute a job in this process and return the id of its run.

    The run has an origin, the definitions that `meds ui` loads: without one Dagster cannot execute it again.
    """
    found = ReconstructableRepository.for_module(MODULE, "defs", os.getcwd()).get_reconstructable_job(job)
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE, working_directory=os.getcwd())
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, MODULE)
    run_id = str(uuid.uuid4())
    run = instance.create_run_for_job(
        found.get_definition(),
        run_id=run_id,
        run_config=QUIET,
        tags={**tags, **own_process(run_id), ".dagster/repository": f"{REPOSITORY}@{MODULE}"},
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, REPOSITORY), job),
        job_code_origin=found.get_python_origin(),
    )
    with _stopped_when_canceled(instance, run.run_id):
        execute_run(found, run, instance)
    ended = instance.get_run_by_id(run.run_id)
    if ended is not None and _was_interrupted(instance, run.run_id):  # to Dagster a failure; nothing failed
        instance.report_run_canceled(ended, "Interrupted.")
        raise KeyboardInterrupt
    if ended is not None and ended.status in (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.CANCELING):
        raise KeyboardInterrupt
    return run.run_id


def _was_interrupted(instance: dg.DagsterInstance, run_id: str) -> bool:
    failures = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)]
    errors = [failure.job_failure_data.error for failure in failures if failure is not None]
    return any(error is not None and error.cls_name == "DagsterExecutionInterruptedError" for error in errors)


@contextmanager
def _stopped_when_canceled(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Interrupt this process, as Ctrl-C does, when somebody cancels the run in the UI."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH_SECONDS):
            run = instance.get_run_by_id(run_id)
            if run is not None and run.status in (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED):
                os.kill(os.getpid(), signal.SIGINT)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables within the block: definitions and worker processes read their home there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
