"""Removes old runs, because Dagster itself keeps every run, and each run has its own database.

A run with the newest materialization, observation or check of a partition stays, whatever its age: from these events
Dagster knows which partitions exist, their data versions and the results of their checks.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import RunsFilter
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import text

from resources.instance import DATABASES, compact

if TYPE_CHECKING:
    from dagster import DagsterInstance

_DAY = 86_400
_PRUNED = "meds/pruned"
_NEWEST = text(
    "SELECT DISTINCT run_id FROM event_logs WHERE id IN (SELECT max(id) FROM event_logs WHERE asset_key IS NOT NULL"
    " GROUP BY asset_key, partition, dagster_event_type)"
    " UNION SELECT run_id FROM asset_check_executions WHERE id IN"
    " (SELECT max(id) FROM asset_check_executions GROUP BY asset_key, check_name, partition)"
)


@dataclass(frozen=True)
class Pruned:
    """What was removed of a home's Dagster instance."""

    runs: int
    bytes: int


def prune(instance: DagsterInstance, keep_days: int) -> Pruned:
    """Remove finished runs that are older than some days, with their logs; the newest of everything stays.

    An instance whose storage is not the files of the home is left alone.
    """
    sqlite = instance.event_log_storage
    folder = Path(instance.root_directory)
    databases = [folder / name for name in DATABASES]
    if not isinstance(sqlite, SqliteEventLogStorage) or not all(path.is_file() for path in databases):
        return Pruned(0, 0)
    before = _size(folder)
    with sqlite.index_connection() as connection:
        keep = {row[0] for row in connection.execute(_NEWEST)}
    until = datetime.now(UTC) - timedelta(days=keep_days)
    old = instance.get_run_ids(RunsFilter(statuses=list(FINISHED_STATUSES), updated_before=until))
    gone = [run_id for run_id in old if run_id not in keep]
    for run_id in gone:
        instance.delete_run(run_id)
        for path in Path(sqlite.path_for_shard(run_id)).parent.glob(f"{run_id}.db*"):
            path.unlink(missing_ok=True)
        shutil.rmtree(folder / "storage" / run_id, ignore_errors=True)  # what it printed
    if gone:
        compact(databases)
    return Pruned(len(gone), max(0, before - _size(folder)))


def prune_daily(instance: DagsterInstance, keep_days: int) -> Pruned:
    """Prune, at most once a day."""
    cursors = instance.daemon_cursor_storage
    last = float(cursors.get_cursor_values({_PRUNED}).get(_PRUNED, 0))
    if time.time() - last < _DAY:
        return Pruned(0, 0)
    cursors.set_cursor_values({_PRUNED: str(time.time())})
    return prune(instance, keep_days)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.db*") if path.is_file())
