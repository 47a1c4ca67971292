"""The jobs over the assets: one a group. `full_run` (see `assets.full_run`) runs them all in order."""

import dagster as dg

from assets.declare import GROUPS

JOB_OF_GROUP = {
    "corpora": "corpus_data",
    "release": "release",
    "training": "train",
    "evaluation": "evaluate",
    "comparison": "compare",
    "publication": "publish",
}
_ABOUT = {
    "corpora": "One corpus through all its data steps and their checks.",
    "release": "What is seen over all corpora together: duplicates, splits, the benchmark release, contamination.",
    "training": "One training plan: its samples, their packing, its model.",
    "evaluation": "One model: its answers to the benchmark and their scores.",
    "comparison": "Every two models that have scores on the release.",
    "publication": "The lineage database and the leaderboard page.",
}
ASSETS_OF_JOB = {JOB_OF_GROUP[group]: assets for group, assets in GROUPS.items()}
JOBS = [
    dg.define_asset_job(
        job,
        selection=dg.AssetSelection.assets(*GROUPS[group]),
        description=_ABOUT[group],
        executor_def=dg.in_process_executor,
    )
    for group, job in JOB_OF_GROUP.items()
]
"""In one process each: starting a process a step costs more than most steps."""
CORPUS_DATA = JOBS[0]
