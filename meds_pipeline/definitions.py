"""What Dagster loads: assets, checks, jobs, schedule, sensor and resources of the home that MEDS_HOME names.

The only module of this package that imports Dagster; `dagster dev -w workspace.yaml` and `dg dev` both end here.
"""

from __future__ import annotations

from importlib import import_module

import dagster as dg

from assets.checks import CHECKS
from assets.full_run import full_run
from assets.jobs import JOBS
from assets.run_all import run_all
from assets.triggers import nightly_of, raw_folders
from meds_pipeline.steps.step import STEPS
from resources.ui import serve
from resources.workspace import WorkspaceResource, lineage_database

__all__ = ["defs", "run_all", "serve"]

_WORKSPACE = WorkspaceResource.of_environment()

defs = dg.Definitions(
    assets=[getattr(import_module(f"assets.{name}"), name) for name in STEPS],
    asset_checks=CHECKS,
    jobs=[*JOBS, full_run],
    schedules=[nightly_of(_WORKSPACE.home)],
    sensors=[raw_folders],
    resources={"workspace": _WORKSPACE, "lineage_db": lineage_database(_WORKSPACE.home)},
)
