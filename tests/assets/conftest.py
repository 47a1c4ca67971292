"""A home of small raw files that `run_all` has brought up once, with two workers, and all it told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from pipeline_home import SMALL

from meds_pipeline.home.workspace import Workspace

if TYPE_CHECKING:
    from meds_pipeline.core.events import Event, RunSummary


@dataclass(frozen=True)
class Ran:
    """A finished run."""

    workspace: Workspace
    raw: Path
    settings: dict[str, Any]
    summary: RunSummary
    events: list[Event]


@pytest.fixture(scope="session", autouse=True)
def no_home_of_the_caller() -> Iterator[None]:
    """Definitions read the environment when they are imported; tests must not touch the caller's home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MEDS_HOME", "MEDS_RAW", "DAGSTER_HOME"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def three(twin_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files of the three corpora that `built` has; read only."""
    raw = tmp_path_factory.mktemp("three")
    for name in ("bc5cdr_iob", "meqsum", "pubmedqa"):
        shutil.copytree(twin_raw / name, raw / name)
    return raw


@pytest.fixture(scope="session")
def ran(three: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run on a fresh home over the files and settings of `built`, as if they were real ones; read only."""
    from meds_pipeline.definitions import run_all

    home = tmp_path_factory.mktemp("ran")
    settings = {**SMALL, "workers": 2}
    events: list[Event] = []
    summary = run_all(home, three, settings, progress=events.append)
    return Ran(Workspace.open(home, three, settings), three, settings, summary, events)


@pytest.fixture
def instance_of() -> Iterator[Callable[[Path], dg.DagsterInstance]]:
    """Open the Dagster instance of a home."""
    from resources.instance import instance_folder

    opened: list[dg.DagsterInstance] = []

    def open_instance(home: Path) -> dg.DagsterInstance:
        folder = str(instance_folder(home))
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(os.environ, "DAGSTER_HOME", folder)  # its dagster.yaml may refer to it
            opened.append(dg.DagsterInstance.from_config(folder))
        return opened[-1]

    yield open_instance
    for instance in opened:
        instance.dispose()
