"""Finds training instances that share a subject or a text with held-out ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.steps.over_corpora import CODE, needs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, _: str) -> Needs:
    from meds_pipeline.quality.across import prove_splits

    return needs_of(ws, prove_splits, {})


STEP = Step(
    asset="split_proof",
    version="1",
    group="release",
    partitions="all",
    reads=("instances", "verdicts"),
    about="Training instances that share a subject or a text with a held-out one; they are left out of training.",
    main="split_conflicts.parquet",
    code=(*CODE, "quality/near.py", "quality/sql/split_proof.sql"),
    needs=_needs,
)
