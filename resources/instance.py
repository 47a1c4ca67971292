"""The Dagster instance of a home: `<home>/dagster`, where `meds run` and the UI keep their runs."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing, suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from meds_pipeline.core.errors import StoreError, Where
from meds_pipeline.core.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagster import DagsterInstance

DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
"""The databases of Dagster's SQLite storage: runs, what was materialized, schedules and sensors."""
_log = logging.getLogger(__name__)


def instance_folder(home: Path) -> Path:
    """Return `<home>/dagster` with its configuration and its databases, made where they are not there.

    Two processes that make Dagster's databases at the same time damage them, so this is done under a lock. A damaged
    database is moved aside and made again: it holds only the history of runs and no data.
    """
    folder = home.resolve() / "dagster"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "instance.lock"):
            target = folder / "dagster.yaml"
            if not target.is_file():
                write_atomic(target, (resources.files("resources") / "dagster.yaml").read_bytes())
            found = [_is_whole(folder / name) for name in DATABASES]
            if not all(found):
                _make(folder)
    except OSError as error:
        path = str(error.filename or folder)
        raise StoreError(f"it cannot be made: {error.strerror}.", Where(file=path), "Correct it, or --home.") from error
    return folder


def _is_whole(path: Path) -> bool:
    """Return whether a database is whole and complete; a damaged one is moved aside."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if answer == "ok" and database.execute("SELECT version_num FROM alembic_version").fetchone():
                return True
    except sqlite3.OperationalError as error:
        if "locked" in str(error):  # in use, so not damaged
            return True
        if "no such table" not in str(error):  # no rights, no space, too many open files: it may be whole
            raise StoreError(
                f"it cannot be opened: {error}.", Where(file=str(path)), "Mend that, then run again."
            ) from error
    except sqlite3.DatabaseError:
        pass
    aside = _free(path)
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    _log.warning("%s was damaged: moved to %s and made anew. Runs before are not shown; no data is lost.", path, aside)
    return False


def _free(path: Path) -> Path:
    numbered = (path.with_name(f"{path.name}.damaged-{number}") for number in range(1, 1_000_000))
    return next(name for name in numbered if not name.exists())


def compact(databases: Iterable[Path]) -> None:
    """Give the free pages of databases back to the disk; a database in use is left for the next time."""
    for path in databases:
        with closing(sqlite3.connect(path, timeout=5)) as database, suppress(sqlite3.OperationalError):
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _make(folder: Path) -> None:
    """Let Dagster make its databases, whichever its configuration names."""
    with _opened(folder):
        pass


def _opened(folder: Path, **overrides: object) -> DagsterInstance:
    from dagster import DagsterError, DagsterInstance
    from dagster._core.instance.ref import InstanceRef

    try:
        return DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides=overrides))
    except DagsterError as error:
        file = Where(file=str(folder / "dagster.yaml"))
        said = " ".join(str(error).split(" Expected:")[0].split())  # without all that a configuration may say
        raise StoreError(f"Dagster refuses it: {said}", file, "Correct it, or delete it for the usual one.") from error


def embedded_instance(home: Path) -> DagsterInstance:
    """Open the instance for runs within this process.

    Their output is not captured: the steps print nothing, and capturing would take the terminal away from whoever
    called and start two processes a run.
    """
    no_capture = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    return _opened(instance_folder(home), compute_logs={**no_capture, "config": {}})


def environment_of(home: Path, raw: Path | None) -> dict[str, str]:
    """Return the environment variables by which Dagster's processes find a home and its instance."""
    variables = {"MEDS_HOME": str(home.resolve()), "DAGSTER_HOME": str(instance_folder(home))}
    return variables | ({"MEDS_RAW": str(raw.resolve())} if raw else {})
