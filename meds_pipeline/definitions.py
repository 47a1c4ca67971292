"""What Dagster loads: assets, checks, jobs, schedule, sensors and the home that MEDS_HOME names.

The only module of this package that imports Dagster; `dagster dev -w workspace.yaml` and `dg dev` both end here.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import dagster as dg

from assets.embedded import run_all
from assets.factory import make_assets
from assets.jobs import JOBS
from assets.nightly import after_changes, nightly_of, raw_folders, submissions
from meds_pipeline.core.errors import CatalogError
from meds_pipeline.home.settings import Settings, load_settings
from resources.workspace import WorkspaceResource, home_of_environment

__all__ = ["defs", "run_all"]


def _settings() -> Settings:
    """Return the home's settings; shipped ones where they are faulty, so that the UI is there to say what is wrong."""
    try:
        return load_settings(home_of_environment()[0])
    except CatalogError as error:
        logging.getLogger(__name__).error("%s Until then every run of this home fails.", error)
        return load_settings(Path("no home"))


if "DAGSTER_HOME" not in os.environ:
    logging.getLogger("dagster").warning('No DAGSTER_HOME, so no run of the home is seen: eval "$(meds env)" first.')
_SETTINGS = _settings()

defs = dg.Definitions(
    assets=make_assets(_SETTINGS.corpora_per_run),
    jobs=list(JOBS.values()),
    schedules=[nightly_of(_SETTINGS.nightly, _SETTINGS.corpora_per_run)] if _SETTINGS.nightly else [],
    sensors=[raw_folders, submissions, after_changes(on=_SETTINGS.nightly is not None)],
    executor=dg.in_process_executor,  # of runs of chosen assets: starting a process a step costs more than most steps
    resources={"workspace": WorkspaceResource()},
)
