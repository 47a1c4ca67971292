"""Finds tasks that could be scored but have no item in the release in use: their corpora came after it was frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.core import parquet
from meds_pipeline.core.errors import StoreError
from meds_pipeline.home.releases import find_release

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace

_USABLE = """
SELECT DISTINCT task_id FROM instance
WHERE split = 'test' AND list_contains($tasks, task_id)
  AND instance_id NOT IN (SELECT instance_id FROM verdict WHERE severity = 'error')
ORDER BY ALL
"""


def unreleased(ws: Workspace, corpus: str | None = None) -> tuple[str, ...]:
    """Return the tasks of good corpora, or of one, that have usable test instances and no item in the release in use.

    None are returned while no release is frozen.
    """
    try:
        release = find_release(ws.home, ws.settings.benchmark.release)
    except StoreError:  # the benchmark step reports it; here it is only a remark
        release = None
    if release is None:
        return ()
    found: list[str] = []
    for name in [corpus] if corpus else ws.corpora():
        tasks = ws.catalog.corpus(name).tasks
        asked = [task_id for task_id, task in tasks.items() if task.use != "train" and task_id not in release.items]
        if asked and (verdicts := ws.good(name)) is not None:
            with parquet.connect(threads=1, memory_limit="1GB", temporary=ws.home) as con:
                parquet.view_of(con, "instance", [ws.instances_of(verdicts).file("instances.parquet")])
                parquet.view_of(con, "verdict", [verdicts.file("lineage/verdict.parquet")])
                found += [task for (task,) in con.execute(_USABLE, {"tasks": asked}).fetchall()]
    return tuple(sorted(found))
