"""`meds run`: the job `full_run`, in this process, on the Dagster instance below the home."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds_pipeline.core import outcomes
from meds_pipeline.core import progress as step_progress
from meds_pipeline.core.outcomes import Event, Listener, Outcome, RunSummary, Working
from meds_pipeline.home.workspace import Workspace
from resources.instance import embedded_instance, environment_of
from resources.workspace import lineage_config

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
"""Dagster's own console log would break into whatever the caller shows; it is all in the instance."""


def run_all(
    home: Path,
    raw: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    corpora: Sequence[str] | None = None,
    strict: bool = False,
    progress: Listener | None = None,
) -> RunSummary:
    """Run the whole pipeline on a home; the Dagster UI of the home shows it afterwards.

    Args:
        home: Holds everything written.
        raw: Upstream files; None for synthetic twins.
        overrides: Settings laid over those of the home; `workers` is the number of corpora at the same time.
        corpora: Only these corpora; what is made of all of them is brought up to date all the same.
        strict: Stop when a corpus fails, instead of going on with its last good output.
        progress: Told what begins, how far it has come and what became of it.

    Returns:
        What became of every output. Failures are in it, not raised.

    Raises:
        MedsError: The home, the settings or a corpus name is not valid, or a corpus can have no files in this home.
        KeyboardInterrupt: The run was interrupted; it is marked so, and the next run goes on from what stands.
    """
    clock = time.perf_counter()
    home, raw = home.resolve(), raw.resolve() if raw else None
    looked = Workspace.glance(home, raw, dict(overrides or {}))
    names = [looked.obtainable(name).corpus for name in corpora or ()]  # before this call settles whose home it is
    opened = Workspace.open(home, raw, dict(overrides or {}))
    names = [opened.with_files(name).corpus for name in names]
    config = {
        "loggers": QUIET,
        "resources": {
            "workspace": {
                "config": {"home": str(home), "overrides": dict(overrides or {}), **({"raw": str(raw)} if raw else {})}
            },
            "lineage_db": {"config": lineage_config(str(home))},
        },
        "ops": {"run_corpora": {"config": {"corpora": names, "strict": strict}}},
    }
    heard = _Heard(progress)
    run_id = str(uuid.uuid4())
    with environment(environment_of(home, raw)), outcomes.listening(heard), step_progress.listening(heard.working):
        result = _execute(home, run_id, config)
    return RunSummary(run_id, round(time.perf_counter() - clock, 3), tuple(heard.last.values()), _problem(result))


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
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


class _Heard:
    """Keeps the last outcome of every output and passes everything on."""

    def __init__(self, listener: Listener | None) -> None:
        self.last: dict[tuple[str, str], Outcome] = {}
        self._listener = listener

    def __call__(self, event: Event) -> None:
        if isinstance(event, Outcome):
            self.last[event.asset, event.partition] = event
        if self._listener is not None:
            self._listener(event)

    def working(self, what: str, done: int, total: int) -> None:
        """Pass on how far a step of this process has come."""
        self(Working(what, done, total))


def _execute(home: Path, run_id: str, config: dict[str, Any]) -> ExecuteInProcessResult:
    from assets.embedded import LOCATION_TAG, PARENT_TAG, alive
    from meds_pipeline.definitions import defs

    with ExitStack() as stack:
        instance = stack.enter_context(embedded_instance(home))
        stack.enter_context(alive(instance, run_id))
        return defs.resolve_job_def("full_run").execute_in_process(
            run_config=config,
            instance=instance,
            run_id=run_id,
            tags={PARENT_TAG: run_id, **LOCATION_TAG},
            raise_on_error=False,
        )


def _problem(result: ExecuteInProcessResult) -> str:
    """Return what stopped the run before its last op; that one only repeats what failed."""
    from assets.embedded import problem_of, was_interrupted

    if any(was_interrupted(event) for event in result.all_events):
        raise KeyboardInterrupt
    failures = [event for event in result.all_events if event.is_step_failure and event.step_key != "verdict"]
    return problem_of(failures[0]) if failures else ""
