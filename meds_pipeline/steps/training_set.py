"""Mixes the samples of a training plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.over_corpora import CODE, definitions, needs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    import duckdb

    from meds_pipeline.core.outputs import Draft
    from meds_pipeline.home.workspace import Workspace

_SCREENS = ("duplicates", "split_proof", "contamination")


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.training.mixing import Screens, mix

    mixture, seed = ws.settings.plan(name).mixture, ws.settings.seed
    screens = {asset: ws.require_good(asset, ALL) for asset in _SCREENS}

    def write(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
        mix(con, ws.catalog, Screens(**screens), mixture, draft, plan=name, seed=seed)

    settings = {"seed": seed, "mixture": mixture.model_dump(mode="json"), "definitions": definitions(ws)}
    return needs_of(ws, write, settings, screens)


STEP = Step(
    asset="training_set",
    version="3",
    group="training",
    partitions="plan",
    reads=("instances", "verdicts", *_SCREENS),
    about="The samples a plan trains on: mixed over tasks, deduplicated and decontaminated, as chat messages.",
    main="samples.parquet",
    code=(*CODE, "quality/near.py", "training/mixing.py", "training/sql", "instructions/prompts.py"),
    needs=_needs,
)
