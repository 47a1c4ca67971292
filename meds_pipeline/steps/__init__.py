"""The steps of the pipeline, one module each: what a step would do for a partition, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.steps import (
    benchmark,
    comparisons,
    contamination,
    duplicates,
    fine_tuned_model,
    instances,
    leaderboard,
    lineage,
    packed_training_set,
    predictions,
    raw_corpus,
    scores,
    split_proof,
    training_set,
    verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meds_pipeline.steps.step import Step

STEPS: Mapping[str, Step] = {
    module.STEP.asset: module.STEP
    for module in (
        *(raw_corpus, instances, verdicts),
        *(duplicates, split_proof, benchmark, contamination),
        *(training_set, packed_training_set, fine_tuned_model),
        *(predictions, scores),
        *(comparisons, lineage, leaderboard),
    )
}
"""All steps by asset; each step comes after the steps whose outputs it reads."""
