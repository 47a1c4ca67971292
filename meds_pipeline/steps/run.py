"""Runs steps: a failure is noted in the home and told to the listener; a later success clears the note.

`run_partitions` in `pool.py` runs the steps of a group for several partitions at a time, in worker processes; a failed
partition does not stop the others.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import MedsError, NotReadyError
from meds_pipeline.core.events import Started, State, StepOutcome, tell
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.checks import check, checks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.store import Result
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.quality.suites import SuiteResult

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """The result of one step for one partition: the outcome, the output if there is one, and its checks."""

    outcome: StepOutcome
    result: Result | None = None
    checks: tuple[SuiteResult, ...] = ()


def run_step(workspace: Workspace, asset: str, partition: str) -> Result:
    """Run one step for one partition; a failure is noted in the home, a success clears an earlier note.

    Raises:
        UnknownNameError: There is no such corpus, plan or model; nothing is noted.
        MedsError: The step failed; its text says why and what to do.
    """
    step = STEPS[asset]
    step.check_name(workspace, partition)
    try:
        result = workspace.store.bring_up(asset, partition, lambda: step.work(workspace, partition))
    except MedsError as error:
        workspace.set_failure(asset, partition, str(error))
        raise
    except Exception as error:  # after a bug, too, the old output must count as stale
        workspace.set_failure(asset, partition, f"unexpected {type(error).__name__}, see the log of the run")
        raise
    failure = workspace.failure(asset, partition)
    refused = failure is not None and failure.fingerprint == result.output.manifest.fingerprint
    if failure is not None and not (refused and checks_of(asset)):
        workspace.clear_failure(asset, partition)
    return result


def run_chain(workspace: Workspace, assets: Sequence[str], partition: str) -> Iterator[Done]:
    """Run steps one after the other for one partition, with their checks; stop after the first bad step.

    A step that fails raises nothing: its outcome says why. Each outcome is also sent to the listener.
    """
    stopped = False
    for asset in assets:
        if stopped:
            done = Done(StepOutcome(asset, partition, "not run"))
        else:
            tell(Started(asset, partition))
            done = _run(workspace, asset, partition)
            stopped = done.outcome.state not in ("built", "unchanged")
        tell(done.outcome)
        yield done


def _run(workspace: Workspace, asset: str, partition: str) -> Done:
    clock = time.perf_counter()

    def outcome(state: State, rows: int | None = None, problem: str = "") -> StepOutcome:
        return StepOutcome(asset, partition, state, round(time.perf_counter() - clock, 3), rows, problem)

    try:
        result = run_step(workspace, asset, partition)
        checks = tuple(check(workspace, asked.name, partition).result for asked in checks_of(asset))
    except NotReadyError as error:
        return Done(outcome("not run", problem=str(error)))
    except MedsError as error:
        return Done(outcome("failed", problem=str(error)))
    except Exception as error:  # a bug that one corpus meets must not stop the others
        _log.exception("%s of %s failed unexpectedly", asset, partition)
        return Done(outcome("failed", problem=f"unexpected {type(error).__name__}: see the log of this run."))
    rows = main_rows(result.output)
    if reasons := [found.reason for found in checks if found.refused]:
        return Done(outcome("refused", rows, "; ".join(reasons)), result, checks)
    return Done(outcome("unchanged" if result.reused else "built", rows), result, checks)


def main_files(output: Output) -> list[str]:
    """Return the names of the Parquet files that hold the rows of an output."""
    main = STEPS[output.manifest.asset].main
    return [name for name in sorted(output.manifest.files) if fnmatch(name, main)]


def main_rows(output: Output) -> int | None:
    """Return how many rows an output has, None if it is not a table."""
    import pyarrow.parquet as pq

    files = main_files(output)
    return sum(int(pq.read_metadata(output.file(name)).num_rows) for name in files) if files else None
