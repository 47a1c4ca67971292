"""Compares every two models that have scores on the current release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.board import scores_of_release
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, _: str) -> Needs:
    from meds_pipeline.scoring.comparisons import compare_models

    release = ws.require_good("benchmark", ALL)
    scored, seed = scores_of_release(ws, release), ws.settings.seed
    return Needs(
        {"benchmark": release, **{f"scores:{name}": output for name, output in scored.items()}},
        {"seed": seed},
        lambda draft: compare_models(scored, release, draft, seed=seed),
    )


STEP = Step(
    asset="comparisons",
    version="2",
    group="comparison",
    partitions="all",
    reads=("benchmark", "scores"),
    about="Every two models compared on the same items: differences with intervals and p values.",
    kinds=frozenset({"parquet", "python"}),
    main="lineage/comparison.parquet",
    code=("scoring", "catalog/published.py", "catalog/published.yaml", "core/parquet.py"),
    needs=_needs,
)
