"""Runs the recipes of one corpus, in a process of its own, on a locked-down DuckDB connection.

Run as `python -m meds_pipeline.instances.sandbox REQUEST.json`. The staged database is opened read-only; access to
anything outside it, extensions, Python variables and further configuration are off; memory, threads and output are
bounded; the parent ends the process when its time is up, or an alarm does if the parent is gone. The result of
each recipe goes to `<out>/<task>.parquet`; stdout says in JSON lines which task begins, and what went wrong.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Callable, Iterator, Set
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from meds_pipeline.core.errors import RecipeError, Where
from meds_pipeline.instances.allowlist import allowed_functions, check_select
from meds_pipeline.instances.bound import check_sums

BATCH_ROWS = 10_000
SLACK_BYTES = 1 << 30
"""Memory of the process beyond DuckDB's limit, which does not count everything that functions allocate."""
ROW_BYTES = 100
"""Size that a row counts for in addition to its text: room for its ids and lineage, which are written later."""
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
_MEND = "Mend the SQL in the corpus YAML."
_MORE_MEMORY = "Mend the SQL, or raise `memory_limit`."
_ADVICE = re.compile(r"[^.]*\bSET \w+ ?=.*")
"""DuckDB's advice to change a setting, and all text after it; the advice is of no use, as settings are locked here."""
Bound = TypeVar("Bound")


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
    output_limit: str
    seconds: float


def main(request_file: str) -> int:
    """Run every recipe as a process of its own; the last line printed says the first problem, if there is one."""
    request = Request.model_validate_json(Path(request_file).read_bytes())
    _bound_process(request)
    try:
        run(request)
    except RecipeError as error:
        _say(problem=error.problem, task=error.where.task, next_step=error.next_step)
        return 1
    return 0


def run(request: Request) -> None:
    """Run every recipe of the request; raises RecipeError naming corpus and task."""
    with open_locked(request) as con:
        functions = allowed_functions(con) | _own_macros()
        tables = {name.lower() for name in request.tables}
        output = _Output(request.output_limit)
        for name, sql in request.views.items():
            where = Where(request.corpus, task=f"view {name}")
            _say(task=where.task)
            _checked(con, sql, where, tables, functions)
            con.execute(f'CREATE TEMP VIEW "{name}" AS {sql}')
            tables.add(name.lower())
        for task, sql in request.recipes.items():
            where = Where(request.corpus, task=task)
            _say(task=task)
            output.write(_checked(con, sql, where, tables, functions), request.out / f"{task}.parquet", where)


def _checked(
    con: duckdb.DuckDBPyConnection, sql: str, where: Where, tables: Set[str], functions: Set[str]
) -> duckdb.DuckDBPyRelation:
    """Return a statement as a relation that may be run; raises RecipeError if the statement is not allowed."""
    check_select(con, sql, where=where, tables=tables, functions=functions)
    relation = _bound(partial(con.sql, sql), where)
    check_sums(con, sql, where=where)
    return relation


def _bound_process(request: Request) -> None:
    """Set an alarm in case the parent is gone, and limit the memory that functions use beyond DuckDB's own limit."""
    if sys.platform == "linux":
        import resource

        signal.alarm(int(request.seconds) + 10)
        allowed = _bytes(request.memory_limit) + SLACK_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))


def _bytes(size: str) -> int:
    ((found,),) = duckdb.execute("SELECT parse_formatted_bytes(?)", [size]).fetchall()
    return int(found)


def _say(**words: str | None) -> None:
    print(json.dumps(words), flush=True)


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
    con.execute("SET enable_progress_bar = false")  # stdout carries our answer
    con.execute("SET TimeZone = 'UTC'")  # else a time as text depends on the machine
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


class _Output:
    """The output of a corpus's recipes; its size is counted before compression, which would hide repeated text."""

    def __init__(self, limit: str) -> None:
        self._limit, self._left = limit, _bytes(limit)

    def write(self, relation: duckdb.DuckDBPyRelation, path: Path, where: Where) -> None:
        """Run a recipe and write what it returns."""
        try:
            with relation.to_arrow_reader(BATCH_ROWS) as reader:
                check_columns(reader.schema, where)
                with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
                    for batch in _batches(reader, where):
                        self._count(batch, where)
                        writer.write_batch(batch)
        except duckdb.Error as error:
            raise _failed(error, where) from error
        except MemoryError as error:
            raise RecipeError("the recipe needs more memory than it may have.", where, _MORE_MEMORY) from error

    def _count(self, batch: pa.RecordBatch, where: Where) -> None:
        self._left -= batch.nbytes + ROW_BYTES * batch.num_rows
        if self._left < 0:
            raise RecipeError(
                f"the recipes return more than {self._limit}.",
                where,
                "Look for a join without a key, or raise `sandbox_output`.",
            )


def _batches(reader: pa.RecordBatchReader, where: Where) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a running statement; after the first rows Arrow passes DuckDB's errors on as OSError."""
    try:
        yield from reader
    except OSError as error:
        raise _failed(error, where) from error


def _failed(error: duckdb.Error | OSError, where: Where) -> RecipeError:
    said = _without_values(str(error))
    return RecipeError(f"DuckDB says: {said}.", where, _MORE_MEMORY if said.startswith("Out of Memory") else _MEND)


def _bound(bind: Callable[[], Bound], where: Where) -> Bound:
    """Parse and bind a statement; nothing of the data is read yet, so DuckDB's whole first paragraph may be shown."""
    try:
        return bind()
    except duckdb.Error as error:
        said = _ADVICE.sub("", " ".join(str(error).partition("\n\n")[0].split())).rstrip(". ")
        mend = "Write `lambda x: ...`, not `x -> ...`." if "lambda arrow" in said else _MEND
        raise RecipeError(f"DuckDB says: {said}.", where, mend) from error


def _without_values(message: str) -> str:
    """Return DuckDB's message on a running statement up to its first quotation of the data, which may be protected."""
    said = re.match(r"[^:\n]*(: [^:'\"\n]*)?", message)
    column = re.search(r"when casting from source column \w+", message)
    return " ".join(f"{said[0] if said else ''} {column[0] if column else ''}".split()).rstrip(".")


def check_columns(schema: pa.Schema, where: Where) -> None:
    """Raise RecipeError unless the columns are those a recipe may return, with their types."""
    for name in COLUMNS:
        if name in REQUIRED and name not in schema.names:
            raise RecipeError(f"recipe returns no column {name!r}.", where, f"It must return {', '.join(REQUIRED)}.")
        if schema.names.count(name) > 1:
            raise RecipeError(f"recipe returns column {name!r} twice.", where, "Leave one of them out.")
    for field in schema:
        if field.name not in COLUMNS:
            allowed = ", ".join(COLUMNS)
            raise RecipeError(f"recipe returns an unknown column {field.name!r}.", where, f"It may return {allowed}.")
        if field.type not in COLUMNS[field.name]:
            wanted = " or ".join(str(kind) for kind in COLUMNS[field.name])
            raise RecipeError(f"column {field.name!r} is {field.type}, not {wanted}.", where, "Cast it in the recipe.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
