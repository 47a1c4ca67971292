"""Old runs go; what Dagster knows of every partition and check stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg

from resources.instance import embedded_instance
from resources.retention import Pruned, prune, prune_daily

PARTS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=PARTS, check_specs=[dg.AssetCheckSpec("good", asset="made")])
def made():  # type: ignore[no-untyped-def]  # Dagster reads the annotation as one of an output
    check = dg.AssetCheckResult(check_name="good", passed=True)
    return dg.MaterializeResult(data_version=dg.DataVersion("1"), check_results=[check])


def run(instance: dg.DagsterInstance, partition: str) -> str:
    found = dg.materialize([made], instance=instance, partition_key=partition)
    assert found.success
    return found.run_id


def age(home: Path, runs: list[str], days: int) -> None:
    with closing(sqlite3.connect(home / "dagster" / "history" / "runs.db")) as database, database:
        for run_id in runs:
            command = "UPDATE runs SET update_timestamp = datetime('now', ?) WHERE run_id = ?"
            database.execute(command, (f"-{days} days", run_id))


def known(instance: dg.DagsterInstance) -> tuple[Any, ...]:
    key = dg.AssetKey("made")
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key([dg.AssetCheckKey(key, "good")])
    check = records[dg.AssetCheckKey(key, "good")]
    versions = [
        instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[name]), limit=1)
        .records[0]
        .event_log_entry.tags
        for name in ("a", "b")
    ]
    return instance.get_materialized_partitions(key), versions, check.status, check.run_id


def test_old_runs_go_and_the_newest_of_every_partition_and_check_stays(tmp_path: Path) -> None:
    with embedded_instance(tmp_path) as instance:
        runs = [run(instance, name) for name in "aabbba"]
        last_b, last_a, young = runs[4], runs[5], run(instance, "a")
        age(tmp_path, runs, 31)
        before = known(instance)
        pruned = prune(instance, 30)
        assert pruned.runs == 5
        assert pruned.bytes > 0
        assert {found.run_id for found in instance.get_runs()} == {last_b, young}, "only these hold anything newest"
        assert known(instance) == before
        assert not list((tmp_path / "dagster").rglob(f"{last_a}*"))
        assert prune(instance, 30).runs == 0


def test_it_is_done_once_a_day(tmp_path: Path) -> None:
    with embedded_instance(tmp_path) as instance:
        runs = [run(instance, "a") for _ in range(3)]
        age(tmp_path, runs, 31)
        assert prune_daily(instance, 30).runs == 2
        age(tmp_path, [run(instance, "b"), run(instance, "b")], 31)
        assert prune_daily(instance, 30) == Pruned(0, 0)
