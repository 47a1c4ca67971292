"""What many tests stand on: real files where they are, small twins, and a home with every step run once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipeline_home import RECORDS, SMALL, run_steps

from meds_pipeline.catalog.paths import SYNTHETIC
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.twins import write_all


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files beside the checkout."""
    folder = (Path(__file__).parents[1] / "../shared").resolve()
    if not (folder / "corpora").is_dir():
        pytest.skip(f"no real files: {folder} is not there")
    return folder


@pytest.fixture(scope="session")
def twin_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small twins of every distribution, without their marks: tests take them for real files; read only."""
    root = tmp_path_factory.mktemp("twin_raw")
    write_all(root, records=RECORDS, seed=0, copies=True)
    for mark in root.rglob(SYNTHETIC):
        mark.unlink()
    return root


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A home of twins with every step run once; read only."""
    home = tmp_path_factory.mktemp("built")
    (home / "meds.yaml").write_text(yaml.safe_dump(SMALL))  # so that commands run on this home find the same settings
    workspace = Workspace.open(home)
    run_steps(workspace)
    return workspace


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Workspace]:
    """Open a fresh home of small twins, or of `raw`, with settings laid over the small ones."""
    from meds_pipeline.home.settings import merge

    def open_home(name: str = "home", raw: Path | None = None, **overrides: Any) -> Workspace:
        return Workspace.open(tmp_path / name, raw, merge(SMALL, overrides))

    return open_home
