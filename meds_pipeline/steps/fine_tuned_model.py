"""Trains the model of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.core.hardware import device
from meds_pipeline.steps.packed_training_set import base_digest, base_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.training.stage import train_model

    plan = ws.settings.plan(name)
    packed = ws.require_good("packed_training_set", name)
    return Needs(
        {"packed_training_set": packed},
        {"base": base_digest(ws, plan), "device": device(), **plan.fine_tuning.model_dump(mode="json")},
        lambda draft: train_model(packed, plan, draft, base=base_of(ws, plan), plan_name=name),
    )


STEP = Step(
    asset="fine_tuned_model",
    version="2",
    group="training",
    partitions="plan",
    reads=("packed_training_set",),
    about="The model a plan trains, its loss curve, and which step consumed which sequence.",
    kinds=frozenset({"huggingface", "pytorch"}),
    main="loss.parquet",
    code=(
        *("training/stage.py", "training/finetune.py", "training/batches.py", "training/checkpoints.py"),
        *("core/parquet.py", "core/pretrained.py", "core/hardware.py"),
    ),
    needs=_needs,
    pool="accelerator",
)
