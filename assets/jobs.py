"""The jobs over the assets: one per group, in the order of the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.factory import ASSETS_OF_GROUP

if TYPE_CHECKING:
    from meds_pipeline.steps.step import Group

JOB_OF_GROUP: dict[Group, str] = {
    "corpora": "corpus_data",
    "release": "release",
    "training": "train",
    "evaluation": "evaluate",
    "comparison": "compare",
    "publication": "publish",
}
_ABOUT: dict[Group, str] = {
    "corpora": "Corpora through all their data steps and checks; one that fails, fails alone.",
    "release": "What is seen over all corpora together: duplicates, splits, the benchmark release, contamination.",
    "training": "One training plan: its samples, their packing, its model.",
    "evaluation": "One model: its answers to the benchmark and their scores.",
    "comparison": "Every two models that have scores on the release.",
    "publication": "The lineage database and the leaderboard page.",
}
JOBS = {
    group: dg.define_asset_job(
        job,
        selection=dg.AssetSelection.assets(*ASSETS_OF_GROUP[group]),
        description=_ABOUT[group],
        executor_def=dg.in_process_executor,
    )
    for group, job in JOB_OF_GROUP.items()
}
"""Each job runs in one process, because to start a process per step costs more than most steps."""
