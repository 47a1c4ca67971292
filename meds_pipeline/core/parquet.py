"""Parquet out of DuckDB with the same bytes for the same rows, at any thread count."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

ROW_GROUP = 50_000


class Budget(NamedTuple):
    """What one DuckDB connection may use: threads, and memory such as `4GB`."""

    threads: int
    memory_limit: str


@contextmanager
def connect(*, threads: int, memory_limit: str, temporary: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory DuckDB that may spill to `temporary` and stays within these threads and this memory."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": str(threads),
        "memory_limit": memory_limit,
        "temp_directory": str(temporary),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    con = duckdb.connect(config=config)
    con.execute("SET enable_progress_bar = false")  # DuckDB would draw it on stdout, which belongs to the caller
    try:
        yield con
    finally:
        con.close()


def copy_ordered(con: duckdb.DuckDBPyConnection, view: str, path: Path) -> None:
    """Write a view to Parquet; the view must end in an ORDER BY over a unique key, or its bytes are not stable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"COPY (FROM {view}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})")


def view_of(con: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], columns: str = "*") -> None:
    """Make a temporary view over Parquet files of one schema; a column that an older file lacks is null."""
    source = f"read_parquet({literals(files)}, union_by_name = true)"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} FROM {source}")  # noqa: S608 - quoted paths of ours


def literal(path: Path) -> str:
    """Quote a path as a SQL string; DuckDB takes no bound parameters in COPY and CREATE VIEW."""
    return "'" + path.as_posix().replace("'", "''") + "'"


def literals(paths: Iterable[Path]) -> str:
    """Quote paths as a SQL list of strings."""
    return "[" + ", ".join(literal(path) for path in paths) + "]"
