"""The definitions as Dagster sees them, beside `definitions.json`: who changes what people see in the UI, sees it here.

MEDS_WRITE_GOLDEN=1 python -m pytest -n0 tests/assets/test_snapshot.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from meds_pipeline.definitions import defs

FILE = Path(__file__).with_name("definitions.json")


def as_they_are() -> dict[str, Any]:
    graph = defs.resolve_asset_graph()
    assets = {
        spec.key.to_user_string(): {
            "group": spec.group_name,
            "partitions": getattr(spec.partitions_def, "name", None),
            "reads": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "kinds": sorted(spec.kinds),
            "checks": sorted(key.name for key in graph.asset_check_keys if key.asset_key == spec.key),
            "automatic": spec.automation_condition is not None,
            "fresh": spec.freshness_policy is not None,
            "op": graph.get(spec.key).assets_def.op.name,
            "pool": graph.get(spec.key).assets_def.op.pool,
        }
        for spec in defs.resolve_all_asset_specs()
    }
    jobs = {
        job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
        for job in defs.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    triggers = [*(defs.schedules or []), *(defs.sensors or [])]
    return {"assets": assets, "jobs": jobs, "triggers": sorted(getattr(one, "name", "") for one in triggers)}


def test_definitions_are_as_they_were() -> None:
    if os.environ.get("MEDS_WRITE_GOLDEN"):
        FILE.write_text(json.dumps(as_they_are(), indent=1, sort_keys=True) + "\n")
    assert as_they_are() == json.loads(FILE.read_bytes())
