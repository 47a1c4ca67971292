"""Finds training instances that are too close to an item of the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.over_corpora import CODE, needs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    import duckdb

    from meds_pipeline.core.outputs import Draft
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, _: str) -> Needs:
    from meds_pipeline.quality.across import find_contamination

    release = ws.require_good("benchmark", ALL)
    threshold = ws.settings.quality.near_duplicate

    def write(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
        find_contamination(con, release, draft, threshold=threshold)

    return needs_of(ws, write, {"threshold": threshold}, {"benchmark": release})


STEP = Step(
    asset="contamination",
    version="1",
    group="release",
    partitions="all",
    reads=("instances", "verdicts", "benchmark"),
    about="Training instances too close to a benchmark item: same subject, same text or near duplicate.",
    main="lineage/contamination.parquet",
    code=(*CODE, "quality/near.py", "quality/sql/contamination.sql"),
    needs=_needs,
)
