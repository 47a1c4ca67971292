"""What a trained model is known by: not when, not where, and not from which folder it was made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline_home import SMALL, run_steps

from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.run import run_step

STEPS_TO_MODEL = tuple(STEPS)[: tuple(STEPS).index("fine_tuned_model") + 1]


@pytest.fixture
def raw(twin_raw: Path, tmp_path: Path) -> Path:
    shutil.copytree(twin_raw / "meqsum", tmp_path / "raw" / "meqsum")
    return tmp_path / "raw"


def test_two_trainings_alike_have_one_digest_and_a_base_is_known_by_its_bytes(
    raw: Path, opened: Callable[..., Workspace]
) -> None:
    tiny = {**SMALL["plans"]["tiny"], "mixture": {"samples": 20}}
    homes = [opened(name, raw, plans={"tiny": tiny}) for name in ("one", "two")]
    for workspace in homes:
        run_steps(workspace, *STEPS_TO_MODEL)
    one, two = (workspace.store.require("fine_tuned_model", "tiny") for workspace in homes)
    assert one.digest == two.digest, "no clock among its bytes"

    shutil.copytree(one.path / "model", homes[1].home / "bases" / "llama")
    bases = (str(one.path / "model"), "bases/llama")
    made = []
    for name, base in zip(("one", "two"), bases, strict=True):
        workspace = opened(name, raw, plans={"tiny": {**tiny, "base": base}})
        made.append(
            [run_step(workspace, asset, "tiny").output for asset in ("packed_training_set", "fine_tuned_model")]
        )
    assert [o.manifest.fingerprint for o in made[0]] == [o.manifest.fingerprint for o in made[1]]
    assert [o.digest for o in made[0]] == [o.digest for o in made[1]]
    assert made[0][1].digest != one.digest
