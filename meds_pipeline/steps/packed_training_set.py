"""Trains the tokenizer where the plan has no base model, and packs the samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.training.plan import TrainingPlan


def base_digest(ws: Workspace, plan: TrainingPlan) -> str | None:
    """Return the digest of a plan's base model: another model in the same folder is another base."""
    return None if plan.base is None else ws.store.hasher.sha256_tree(Path(plan.base))


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.training.stage import pack_samples

    plan, seed, workers = ws.settings.plan(name), ws.settings.seed, ws.settings.workers
    samples = ws.require_good("training_set", name)
    shaping = plan.model_dump(mode="json", exclude={"mixture", "fine_tuning"})
    return Needs(
        {"training_set": samples},
        {"seed": seed, **shaping, "base": base_digest(ws, plan)},
        lambda draft: pack_samples(samples, plan, draft, plan_name=name, seed=seed, workers=workers),
    )


STEP = Step(
    asset="packed_training_set",
    version="1",
    group="training",
    partitions="plan",
    reads=("training_set",),
    about="The tokenizer, the samples packed into sequences of fixed length, and the ledger of what sits where.",
    kinds=frozenset({"huggingface", "parquet"}),
    main="lineage/sequence.parquet",
    code=(
        *("training/stage.py", "training/tokenizer.py", "training/packing.py", "instructions/chat.py"),
        "core/parquet.py",
    ),
    needs=_needs,
)
