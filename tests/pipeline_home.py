"""Small settings and a way to run steps without Dagster, for tests that need a home."""

from __future__ import annotations

from typing import Any

from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.run import run_step

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
        for partition in STEPS[asset].names(workspace)
    }
