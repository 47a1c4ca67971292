"""Finds duplicates among the training instances of each task."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from meds_pipeline.steps.over_corpora import CODE, needs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, _: str) -> Needs:
    from meds_pipeline.quality.across import find_duplicates

    threshold = ws.settings.quality.near_duplicate
    return needs_of(ws, partial(find_duplicates, threshold=threshold), {"threshold": threshold})


STEP = Step(
    asset="duplicates",
    version="1",
    group="release",
    partitions="all",
    reads=("instances", "verdicts"),
    about="Exact and near duplicates among the training instances of each task.",
    main="lineage/duplicate.parquet",
    code=(*CODE, "quality/near.py"),
    needs=_needs,
)
