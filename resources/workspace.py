"""The home as a Dagster resource, and the lineage database below it.

A run does not name its home. The home is given by MEDS_HOME and MEDS_RAW where the code runs, or by `meds run`. So a
run configuration, which anybody who reaches the UI may write, cannot choose another home.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_duckdb import DuckDBResource
from pydantic import PrivateAttr

from meds_pipeline.core.errors import MedsError
from meds_pipeline.home.workspace import Workspace, default_home

if TYPE_CHECKING:
    from collections.abc import Callable

_given: ContextVar[Workspace | None] = ContextVar("workspace", default=None)


@contextmanager
def using(workspace: Workspace) -> Iterator[None]:
    """Let runs in this process, within the block, work in this home."""
    token = _given.set(workspace)
    try:
        yield
    finally:
        _given.reset(token)


class WorkspaceResource(dg.ConfigurableResource[Any]):
    """A home: everything a step needs to know about where it runs."""

    _opened: Workspace | None = PrivateAttr(default=None)

    def open(self) -> Workspace:
        """Return the workspace to build in, opened on the first call of a run."""
        if self._opened is None:
            self._opened = _given.get() or _of_environment(Workspace.open)
        return self._opened

    def look(self) -> Workspace:
        """Return the workspace to ask things of: nothing is made, no raw file is read."""
        return _given.get() or _of_environment(Workspace.look)


def home_of_environment() -> tuple[Path, Path | None]:
    """Return the home and the raw folder that MEDS_HOME and MEDS_RAW name, or the default ones."""
    named = os.environ.get("MEDS_RAW")
    raw = Path(named).resolve() if named else None
    return default_home(raw).resolve(), raw


def _of_environment(door: Callable[[Path, Path | None], Workspace]) -> Workspace:
    try:
        return door(*home_of_environment())
    except MedsError as error:  # the text that says what to do is what the UI shows first
        raise dg.Failure(description=str(error), allow_retries=False) from error


def lineage_database(home: Path) -> DuckDBResource:
    """Return the lineage database of a home, opened read-only by whoever asks."""
    return DuckDBResource(database=str(home / "lineage.duckdb"), connection_config={"access_mode": "READ_ONLY"})
