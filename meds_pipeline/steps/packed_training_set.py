"""Trains the tokenizer if the plan has no base model, and packs the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from pathlib import Path

    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.training.plan import TrainingPlan


def base_of(ws: Workspace, plan: TrainingPlan) -> Path | None:
    """Return the folder of a plan's base model; a relative path starts at the home."""
    return None if plan.base is None else ws.home / plan.base


def base_digest(ws: Workspace, plan: TrainingPlan) -> str | None:
    """Return the digest of a plan's base model, so that another model in the same folder counts as another base."""
    base = base_of(ws, plan)
    return None if base is None else ws.store.hasher.sha256_tree(base)


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.training.stage import pack_samples

    plan, seed, workers = ws.settings.plan(name), ws.settings.seed, ws.settings.workers
    samples = ws.require_good("training_set", name)
    shaping = plan.model_dump(mode="json", exclude={"base", "mixture", "fine_tuning"})
    return Needs(
        {"training_set": samples},
        {"seed": seed, **shaping, "base": base_digest(ws, plan)},
        lambda draft: pack_samples(
            samples, plan, draft, base=base_of(ws, plan), plan_name=name, seed=seed, workers=workers
        ),
    )


STEP = Step(
    asset="packed_training_set",
    version="2",
    group="training",
    partitions="plan",
    reads=("training_set",),
    about="The tokenizer, the samples packed into sequences of fixed length, and the ledger of what sits where.",
    kinds=frozenset({"huggingface", "parquet"}),
    main="lineage/sequence.parquet",
    code=(
        *("training/stage.py", "training/tokenizer.py", "training/packing.py", "instructions/chat.py"),
        *("core/parquet.py", "core/pretrained.py"),
    ),
    needs=_needs,
)
