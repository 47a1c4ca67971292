"""The lineage step: gathers the fragments of a build into one DuckDB file, written aside and then put in place."""

from __future__ import annotations

import json
import os
import re
import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from meds_pipeline.core import parquet

if TYPE_CHECKING:
    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.lineage.builds import Build

DATABASE = "lineage.duckdb"
_TABLE = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(r"^\s+(\w+) [^-]+?,? -- (.+)$", re.MULTILINE)
HISTORY, WITH_HISTORY = "history", "with_history"
_OF_THE_BUILD = ("build", "materialization")
"""Tables that list outputs of both roles, `current` and `history`, so they get no history table."""


def schema_sql() -> str:
    """Return the DDL."""
    return (resources.files("meds_pipeline.lineage") / "schema.sql").read_text(encoding="utf-8")


def columns() -> dict[str, dict[str, str]]:
    """Return the comment of every column, by table and column, as the DDL has them."""
    return {name: dict(_COLUMN.findall(body)) for name, body in _TABLE.findall(schema_sql())}


def compact(build: Build, created_at: str, draft: Draft, budget: parquet.Budget) -> None:
    """Write `lineage.duckdb` with all rows of the build, which was first seen at `created_at` (ISO 8601)."""
    path = draft.file(DATABASE)
    with duckdb.connect(str(path)) as con:
        con.execute("SET threads = ?", [budget.threads])
        con.execute("SET memory_limit = ?", [budget.memory_limit])
        con.execute(schema_sql())
        _add_history(con)
        _insert(con, "build", _build_rows(build, created_at))
        _insert(con, "materialization", _materialization_rows(build))
        for table in columns():
            _gather(con, table, [entry.output for entry in build.entries if entry.role == "current"])
            _gather(con, f"{HISTORY}.{table}", [entry.output for entry in build.entries if entry.role != "current"])
        con.execute(_EACH_ONCE)
        counts = con.execute(_COUNTS).fetchall()
        con.execute("CHECKPOINT")
    draft.rows = {table: count for table, count in counts if count}
    draft.facts = {"build_id": build.build_id, "created_at": created_at}


_EACH_ONCE = """
DELETE FROM instruction AS i
WHERE fingerprint > (SELECT min(fingerprint) FROM instruction WHERE instruction_id = i.instruction_id)
"""
"""Training sets of several plans list the same instructions; each is kept once."""
_COUNTS = "SELECT table_name, sum(estimated_size)::BIGINT FROM duckdb_tables() GROUP BY ALL ORDER BY ALL"


def _add_history(con: duckdb.DuckDBPyConnection) -> None:
    """Add to every table a history table of the same columns and a view over both; comment all columns."""
    con.execute(f"CREATE SCHEMA {HISTORY}; CREATE SCHEMA {WITH_HISTORY}")
    for table, comments in columns().items():
        places = [table]
        if table not in _OF_THE_BUILD:
            past, both = f"{HISTORY}.{table}", f"{WITH_HISTORY}.{table}"
            con.execute(f"CREATE TABLE {past} AS FROM {table} LIMIT 0")
            con.execute(f"CREATE VIEW {both} AS FROM main.{table} UNION ALL FROM {past}")
            places += [past, both]
        for column, comment in comments.items():
            text = comment.replace("'", "''")
            for place in places:
                con.execute(f"COMMENT ON COLUMN {place}.{column} IS '{text}'")


def publish(output: Output, home: Path) -> Path:
    """Put the database at `<home>/lineage.duckdb` in one move; readers keep the file they opened."""
    target, temporary = home / DATABASE, home / f".{DATABASE}.{os.getpid()}"
    source = output.file(DATABASE)
    if target.is_file() and target.samefile(source):
        return target
    for left_over in home.glob(f".{DATABASE}.*"):  # left by killed runs: the output's lock is held here
        left_over.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(source)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, temporary)
    temporary.replace(target)
    return target


def _gather(con: duckdb.DuckDBPyConnection, table: str, outputs: list[Output]) -> None:
    name = f"lineage/{table.removeprefix(f'{HISTORY}.')}.parquet"
    having = [output for output in outputs if name in output.manifest.files]
    if not having:
        return
    names = {"filename": [output.file(name).as_posix() for output in having]}
    con.register("origin", pa.table({**names, "fingerprint": [output.manifest.fingerprint for output in having]}))
    files = parquet.literals([output.file(name) for output in having])
    con.execute(
        f"INSERT INTO {table} BY NAME SELECT f.* EXCLUDE (filename), o.fingerprint "  # noqa: S608 - names of the DDL
        f"FROM read_parquet({files}, filename = true, union_by_name = true) AS f JOIN origin AS o USING (filename)"
    )
    con.unregister("origin")


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    con.register("new_rows", pa.Table.from_pylist(rows))
    con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM new_rows")  # noqa: S608 - our own tables
    con.unregister("new_rows")


def _build_rows(build: Build, created_at: str) -> list[dict[str, object]]:
    return [
        {
            "build_id": build.build_id,
            "created_at": created_at,
            "asset": entry.output.manifest.asset,
            "partition": entry.output.manifest.partition,
            "fingerprint": entry.output.manifest.fingerprint,
            "role": entry.role,
            "stale": entry.stale,
        }
        for entry in build.entries
    ]


def _materialization_rows(build: Build) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for m in (entry.output.manifest for entry in build.entries):
        inputs = [
            {"role": role, "asset": ref.asset, "partition": ref.partition, "fingerprint": ref.fingerprint}
            for role, ref in m.inputs.items()
        ]
        rows.append(
            {
                "fingerprint": m.fingerprint,
                "asset": m.asset,
                "partition": m.partition,
                "step_version": m.version,
                "digest": m.digest,
                "inputs": inputs,
                "settings": json.dumps(m.settings, sort_keys=True),
                "rows": json.dumps(m.rows),
                "bytes": m.bytes,
                "started_at": m.started_at.isoformat(),
                "seconds": m.seconds,
            }
        )
    return rows
