"""Runs the recipes of one corpus, in a process of its own, on a locked-down DuckDB connection.

Run as `python -m meds_pipeline.instances.sandbox REQUEST.json`. The staged database is opened read-only; access to
anything outside it, extensions, Python variables and further configuration are off; memory and threads are bounded;
the parent ends the process when its time is up. The result of each recipe goes to `<out>/<task>.parquet`.
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from meds_pipeline.errors import RecipeError, Where
from meds_pipeline.instances.allowlist import allowed_functions, check_select

BATCH_ROWS = 10_000
_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
_SOURCE, _SOURCES = pa.uint64(), pa.list_(pa.uint64())
COLUMNS: dict[str, tuple[pa.DataType, ...]] = {
    "source": (_SOURCE, _SOURCES),
    "input": (_TEXT,),
    "outputs": (_TEXT, _TEXTS),
    "split": (_TEXT,),
    "subject": (_TEXT,),
    "record_key": (_TEXT,),
    "explanation": (_TEXT,),
}
REQUIRED = ("source", "input", "outputs")


class Request(BaseModel):
    """What the parent asks for."""

    corpus: str
    database: Path
    out: Path
    tables: list[str]
    views: dict[str, str]
    recipes: dict[str, str]
    threads: int
    memory_limit: str


def main(request_file: str) -> int:
    """Run every recipe; print one JSON line with the first problem, or nothing."""
    request = Request.model_validate_json(Path(request_file).read_bytes())
    try:
        run(request)
    except RecipeError as error:
        where = error.where
        print(json.dumps({"problem": error.problem, "task": where.task, "next_step": error.next_step}))
        return 1
    return 0


def run(request: Request) -> None:
    """Run every recipe of the request; raises RecipeError naming corpus and task."""
    con = open_locked(request)
    functions = allowed_functions(con) | _own_macros()
    tables = {name.lower() for name in request.tables}
    for name, sql in request.views.items():
        where = Where(request.corpus, task=f"view {name}")
        check_select(con, sql, where=where, tables=tables, functions=functions)
        _execute(con, f'CREATE TEMP VIEW "{name}" AS {sql}', where)
        tables.add(name.lower())
    for task, sql in request.recipes.items():
        where = Where(request.corpus, task=task)
        check_select(con, sql, where=where, tables=tables, functions=functions)
        _write(con, sql, request.out / f"{task}.parquet", where)


def open_locked(request: Request) -> duckdb.DuckDBPyConnection:
    """Open the staged database read-only with our macros, then lock the configuration."""
    con = duckdb.connect(
        str(request.database),
        read_only=True,
        config={
            "threads": str(request.threads),
            "memory_limit": request.memory_limit,
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
        },
    )
    con.execute(macros_sql())
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def macros_sql() -> str:
    """Return the macros every recipe may use."""
    return (resources.files("meds_pipeline.instances") / "macros.sql").read_text(encoding="utf-8")


def _own_macros() -> frozenset[str]:
    words = macros_sql().split("CREATE TEMP MACRO ")[1:]
    return frozenset(word.split("(")[0].strip().lower() for word in words)


def _execute(con: duckdb.DuckDBPyConnection, sql: str, where: Where) -> duckdb.DuckDBPyConnection:
    try:
        return con.execute(sql)
    except duckdb.Error as error:
        raise RecipeError(f"DuckDB says: {error}.", where, "Mend the SQL in the corpus YAML.") from error


def _write(con: duckdb.DuckDBPyConnection, sql: str, path: Path, where: Where) -> None:
    try:
        reader = con.sql(sql).to_arrow_reader(BATCH_ROWS)
        check_columns(reader.schema, where)
        with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
    except duckdb.Error as error:
        raise RecipeError(f"DuckDB says: {error}.", where, "Mend the SQL in the corpus YAML.") from error


def check_columns(schema: pa.Schema, where: Where) -> None:
    """Raise RecipeError unless the columns are those a recipe may return, with their types."""
    for name in REQUIRED:
        if name not in schema.names:
            raise RecipeError(f"recipe returns no column {name!r}.", where, f"It must return {', '.join(REQUIRED)}.")
    for field in schema:
        if field.name not in COLUMNS:
            allowed = ", ".join(COLUMNS)
            raise RecipeError(f"recipe returns an unknown column {field.name!r}.", where, f"It may return {allowed}.")
        if field.type not in COLUMNS[field.name]:
            wanted = " or ".join(str(kind) for kind in COLUMNS[field.name])
            raise RecipeError(f"column {field.name!r} is {field.type}, not {wanted}.", where, "Cast it in the recipe.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
