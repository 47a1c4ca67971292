"""What Dagster loads: assets, checks, jobs, schedule, sensors and the home that MEDS_HOME names.

The only module of this package that imports Dagster; `dagster dev -w workspace.yaml` and `dg dev` both end here.
"""

from __future__ import annotations

import dagster as dg

from assets.embedded import run_all
from assets.factory import make_assets
from assets.jobs import JOBS
from assets.nightly import after_changes, nightly_of, raw_folders
from meds_pipeline.home.settings import load_settings
from resources.ui import serve
from resources.workspace import WorkspaceResource, home_of_environment

__all__ = ["defs", "run_all", "serve"]

_SETTINGS = load_settings(home_of_environment()[0])

defs = dg.Definitions(
    assets=make_assets(_SETTINGS.corpora_per_run),
    jobs=list(JOBS.values()),
    schedules=[nightly_of(_SETTINGS.nightly, _SETTINGS.corpora_per_run)] if _SETTINGS.nightly else [],
    sensors=[raw_folders, after_changes(on=_SETTINGS.nightly is not None)],
    resources={"workspace": WorkspaceResource()},
)
