"""Runs the recipes of a corpus over its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.instances.build import RecipeLimits, build_instances, recipe_settings

    corpus = ws.catalog.corpus(name)
    raw = ws.require_good("raw_corpus", name)
    s = ws.settings
    limits = RecipeLimits(
        threads=s.threads, memory_limit=s.memory_limit, output_limit=s.sandbox_output, seconds=s.sandbox_seconds
    )
    return Needs(
        {"raw_corpus": raw},
        {"seed": s.seed, **recipe_settings(corpus, raw)},
        lambda draft: build_instances(corpus, raw, draft, seed=s.seed, limits=limits),
    )


STEP = Step(
    asset="instances",
    version="3",
    group="corpora",
    partitions="corpus",
    reads=("raw_corpus",),
    about="Input and outputs of every task, made from the records by the corpus's recipes, each with its sources.",
    main="instances.parquet",
    code=("instances", "core/parquet.py"),
    needs=_needs,
)
