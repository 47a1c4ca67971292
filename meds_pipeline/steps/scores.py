"""Scores the predictions of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.scoring.stage import score_predictions, scorer_settings

    release, predictions = ws.require_good("benchmark", ALL), ws.require_good("predictions", name)
    seed, asked = ws.settings.seed, cast("Mapping[str, int]", release.manifest.facts["items"])
    languages = {task: ws.catalog.tasks[task][1].output_language for task in asked if task in ws.catalog.tasks}
    return Needs(
        {"benchmark": release, "predictions": predictions},
        {"seed": seed, "languages": languages, **scorer_settings()},
        lambda draft: score_predictions(name, release, predictions, draft, seed=seed, languages=languages),
    )


STEP = Step(
    asset="scores",
    version="6",
    group="evaluation",
    partitions="model",
    reads=("benchmark", "predictions"),
    about="Points of every item and the scores over them, by the official and by the corrected scorer.",
    kinds=frozenset({"parquet", "python"}),
    main="lineage/score.parquet",
    code=("scoring", "catalog/published.py", "catalog/published.yaml", "core/parquet.py"),
    needs=_needs,
)
