"""The home as a Dagster resource, and the lineage database below it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource
from pydantic import PrivateAttr

from meds_pipeline.core.errors import MedsError, NotReadyError
from meds_pipeline.home.workspace import Workspace, default_home

NOT_READY = "not ready"
"""Marks a failure whose cause is another step's: what this one reads is not there."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn our errors into Dagster's: the text that says what to do is what the UI shows first."""
    try:
        yield
    except MedsError as error:
        waits = {NOT_READY: True} if isinstance(error, NotReadyError) else {}
        raise dg.Failure(description=str(error), metadata=waits, allow_retries=False) from error


class WorkspaceResource(dg.ConfigurableResource[Any]):
    """A home: everything a step needs to know about where it runs.

    Attributes:
        home: Folder that holds everything written.
        raw: Folder of upstream files; None means synthetic twins below the home.
        overrides: Settings laid over those of the home.
    """

    home: str
    raw: str | None = None
    overrides: dict[str, Any] = {}
    _opened: Workspace | None = PrivateAttr(default=None)

    def open(self) -> Workspace:
        """Return the workspace, opened on the first call of a run."""
        if self._opened is None:
            raw = Path(self.raw) if self.raw else None
            with explained():
                self._opened = Workspace.open(Path(self.home), raw, self.overrides)
        return self._opened

    @classmethod
    def of_environment(cls) -> WorkspaceResource:
        """Return the home that MEDS_HOME and MEDS_RAW name, or the default one."""
        named = os.environ.get("MEDS_RAW")
        raw = Path(named).resolve() if named else None
        return cls(home=str(default_home(raw).resolve()), raw=str(raw) if raw else None)


def lineage_database(home: str) -> DuckDBResource:
    """Return the lineage database of a home, opened read-only by whoever asks."""
    return DuckDBResource(**lineage_config(home))


def lineage_config(home: str) -> dict[str, Any]:
    """Return the run configuration of the lineage database of a home."""
    return {"database": str(Path(home) / "lineage.duckdb"), "connection_config": {"access_mode": "READ_ONLY"}}
