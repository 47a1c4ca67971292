"""Runs within this process, recorded like any other: the UI shows them, their outcomes are told as they come.

A run started here is tagged with the run it belongs to, which holds a lock file while it lives. When a process was
killed the lock is free, and the next run marks what it left as canceled (Dagster would show it as running for ever).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from filelock import FileLock, Timeout

from assets.checks import ASSET_OF_CHECK_STEP
from assets.jobs import ASSETS_OF_JOB
from meds_pipeline.core.outcomes import BAD, Outcome, Started, State, tell
from meds_pipeline.home.workspace import ALL
from resources.workspace import NOT_READY

if TYPE_CHECKING:
    from dagster import DagsterEvent, DagsterInstance, EventLogEntry

PARENT_TAG = "meds/part_of"
LOCATION_TAG = {".dagster/repository": "__repository__@meds_pipeline.definitions"}
"""What Dagster tags the runs it launches with; a job's page in the UI lists the runs that have it."""
_HELD: set[str] = set()
IN_PROGRESS = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@dataclass(frozen=True, slots=True)
class Child:
    """One run of an asset job, for one partition."""

    job: str
    partition: str
    parent: str
    """Id of the run it belongs to."""
    config: Mapping[str, Any] = field(default_factory=dict)


def run_child(instance: DagsterInstance, child: Child) -> list[Outcome]:
    """Execute a job in this process and return what became of each of its assets; failures are outcomes too.

    Raises:
        KeyboardInterrupt: The job was interrupted. (Dagster ends the run and says nothing to its caller.)
    """
    from meds_pipeline.definitions import defs

    run_id = str(uuid.uuid4())
    watch = _Watch(child)
    instance.add_event_listener(run_id, watch)
    defs.resolve_job_def(child.job).execute_in_process(
        run_config=dict(child.config),
        instance=instance,
        partition_key=None if child.partition == ALL else child.partition,
        run_id=run_id,
        tags={PARENT_TAG: child.parent, **LOCATION_TAG},
        raise_on_error=False,
    )
    if watch.interrupted:
        raise KeyboardInterrupt
    return watch.finished()


@contextmanager
def alive(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the lock that says the run still lives; within another `alive` of the same run this does nothing."""
    if run_id in _HELD:
        yield
        return
    lock = _lock(instance, run_id)
    with lock:
        _HELD.add(run_id)
        try:
            yield
        finally:
            _HELD.remove(run_id)
    Path(lock.lock_file).unlink(missing_ok=True)


def cancel_dead(instance: DagsterInstance) -> None:
    """Mark runs as canceled whose process was killed."""
    for run in instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS)):
        owner = run.tags.get(PARENT_TAG)
        if owner is None or owner in _HELD:
            continue
        lock = _lock(instance, owner)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        instance.report_run_canceled(run, "The process of this run was killed.")
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _lock(instance: DagsterInstance, run_id: str) -> FileLock:
    folder = Path(instance.root_directory) / "alive"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{run_id}.lock")


class _Watch:
    """Listens to the events of a run: tells what begins, gathers what became of each asset."""

    def __init__(self, child: Child) -> None:
        self.interrupted = False
        self._partition = child.partition
        self._outcomes: dict[str, Outcome | None] = dict.fromkeys(ASSETS_OF_JOB[child.job])
        self._began = time.perf_counter()

    def __call__(self, entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        self.interrupted |= was_interrupted(event)
        asset = event.step_key if event.step_key in self._outcomes else ASSET_OF_CHECK_STEP.get(event.step_key or "")
        if event.is_step_start and asset == event.step_key and asset:
            self._began = time.perf_counter()
            tell(Started(asset, self._partition))
        elif event.is_step_materialization and asset:
            self._note(self._made(asset, event))
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._judge(event)
        elif event.is_step_failure and asset and not self._bad(asset):
            state: State = "not run" if _waits(event) else "failed"
            self._note(Outcome(asset, self._partition, state, self._seconds(), problem=problem_of(event)))
        elif event.is_failure and not any(o and o.problem for o in self._outcomes.values()):
            first = next((name for name, outcome in self._outcomes.items() if outcome is None), None)
            if first:
                self._note(Outcome(first, self._partition, "failed", problem=event.message or "the run failed"))

    def finished(self) -> list[Outcome]:
        """Return one outcome an asset; what nobody heard of did not run."""
        for asset, outcome in self._outcomes.items():
            if outcome is None:
                self._note(Outcome(asset, self._partition, "not run"))
        return [outcome for outcome in self._outcomes.values() if outcome is not None]

    def _made(self, asset: str, event: DagsterEvent) -> Outcome:
        metadata = event.step_materialization_data.materialization.metadata
        rows = metadata.get("dagster/row_count")
        state: State = "unchanged" if metadata["outcome"].value == "unchanged" else "built"
        counted = rows.value if isinstance(rows, dg.IntMetadataValue) else None
        return Outcome(asset, self._partition, state, self._seconds(), counted)

    def _judge(self, event: DagsterEvent) -> None:
        found = event.asset_check_evaluation_data
        if found.passed or found.severity is not dg.AssetCheckSeverity.ERROR:
            return
        asset = found.asset_key.path[-1]
        made = self._outcomes.get(asset)
        seconds, rows = (made.seconds, made.rows) if made else (0.0, None)
        self._note(Outcome(asset, self._partition, "refused", seconds, rows, found.description or "a check failed"))

    def _note(self, outcome: Outcome) -> None:
        self._outcomes[outcome.asset] = outcome
        tell(outcome)

    def _bad(self, asset: str) -> bool:
        outcome = self._outcomes[asset]
        return outcome is not None and outcome.state in BAD

    def _seconds(self) -> float:
        return round(time.perf_counter() - self._began, 3)


def _waits(event: DagsterEvent) -> bool:
    """Return whether a step failed because what it reads was not there."""
    failure = event.step_failure_data.user_failure_data
    return failure is not None and NOT_READY in failure.metadata


def was_interrupted(event: DagsterEvent) -> bool:
    """Return whether a step ended because somebody stopped the process."""
    if not event.is_step_failure or event.step_failure_data.error_source is None:
        return False
    return event.step_failure_data.error_source.value == "INTERRUPT"


def problem_of(event: DagsterEvent) -> str:
    """Return why a step failed: our own text where it is ours, else the exception's."""
    failure = event.step_failure_data
    if was_interrupted(event):
        return "it was interrupted."
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else "no reason given"
