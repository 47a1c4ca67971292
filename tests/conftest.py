"""What many tests stand on: real files where they are, small twins, and a home with every step run once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meds_pipeline.steps import STEPS, partitions_of, run_step
from meds_pipeline.twins import write_all
from meds_pipeline.workspace import Workspace

RECORDS = 40
SMALL: dict[str, Any] = {
    "twins": {"records": RECORDS},
    "workers": 1,
    "benchmark": {"items_per_task": 8, "pool": 12},
    "plans": {
        "tiny": {
            "vocabulary": 400,
            "sequence_length": 256,
            "mixture": {"samples": 60, "weights": {"task124": 1}, "max_repeats": 2, "few_shot": 0.5},
            "fine_tuning": {
                **{"layers": 1, "hidden": 32, "intermediate": 64, "heads": 2, "kv_heads": 2},
                **{"context": 512, "batch": 4, "max_steps": 3},
            },
        }
    },
    "models": {"tiny": {"max_new_tokens": 4}, "tiny-untuned": {"max_new_tokens": 4}},
}
"""Settings under which the whole pipeline takes about ten seconds."""
DATA_STEPS = tuple(STEPS)[: tuple(STEPS).index("packed_training_set") + 1]
"""Steps whose files must have the same bytes wherever they are made."""


def run_steps(workspace: Workspace, *assets: str) -> dict[tuple[str, str], bool]:
    """Run steps (all by default) for all their partitions; return for each output whether it already stood."""
    return {
        (asset, partition): run_step(workspace, asset, partition).reused
        for asset in assets or STEPS
        for partition in partitions_of(workspace, STEPS[asset])
    }


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files beside the checkout."""
    folder = (Path(__file__).parents[1] / "../shared").resolve()
    if not (folder / "corpora").is_dir():
        pytest.skip(f"no real files: {folder} is not there")
    return folder


@pytest.fixture(scope="session")
def twin_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small twins of every distribution; read only."""
    root = tmp_path_factory.mktemp("twin_raw")
    write_all(root, records=RECORDS, seed=0)
    return root


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A home of twins with every step run once; read only."""
    home = tmp_path_factory.mktemp("built")
    workspace = Workspace.open(home, None, SMALL)
    run_steps(workspace)
    return workspace


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Workspace]:
    """Open a fresh home of small twins, or of `raw`, with settings laid over the small ones."""
    from meds_pipeline.settings import merge

    def open_home(name: str = "home", raw: Path | None = None, **overrides: Any) -> Workspace:
        return Workspace.open(tmp_path / name, raw, merge(SMALL, overrides))

    return open_home
