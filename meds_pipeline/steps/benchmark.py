"""Freezes the benchmark release that the settings name, unless it is frozen already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.core.errors import StoreError, Where
from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.over_corpora import CODE, definitions, needs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    import duckdb

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, _: str) -> Needs:
    """A release that is frozen stands in any case; raises StoreError where its files are damaged."""
    from meds_pipeline.benchmark.freeze import freeze

    s = ws.settings
    frozen = _frozen(ws)
    if frozen is not None:
        return Needs(kept=frozen)

    def write(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
        freeze(con, s.benchmark, s.seed, draft, threshold=s.quality.near_duplicate)

    settings = {
        "seed": s.seed,
        "near": s.quality.near_duplicate,
        **s.benchmark.model_dump(mode="json"),
        "definitions": definitions(ws),
    }
    return needs_of(ws, write, settings)


def _frozen(ws: Workspace) -> Output | None:
    name = ws.settings.benchmark.release
    releases = ws.store.outputs("benchmark", ALL)
    frozen = next((output for output in releases if output.manifest.facts["release"] == name), None)
    if frozen is not None and not ws.store.intact(frozen):
        # Made again from today's data it would be another one under the same name.
        raise StoreError(
            f"the frozen release {name!r} is damaged.",
            Where(file=str(frozen.path)),
            "Bring its files back, or freeze another one: set `benchmark.release` to a new name.",
        )
    return frozen


STEP = Step(
    asset="benchmark",
    version="3",
    group="release",
    partitions="all",
    reads=("verdicts",),
    about="The frozen benchmark release: items with their references and few-shot examples. Never altered once frozen.",
    main="items.parquet",
    code=(*CODE, "quality/near.py", "benchmark"),
    needs=_needs,
)
