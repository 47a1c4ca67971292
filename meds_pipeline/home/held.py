"""A lock that says who holds it: one writer at a time for an (asset, partition)."""

from __future__ import annotations

import logging
import os
import socket
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from meds_pipeline.core.digests import canonical_json
from meds_pipeline.core.errors import StoreError, Where
from meds_pipeline.core.files import read_ours

if TYPE_CHECKING:
    from pathlib import Path

LOCK_SECONDS = 3600.0
TOLD_AFTER = 3.0
"""Seconds of waiting after which the log names the holder."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock."""

    host: str
    pid: int
    command: str
    since: str

    def __str__(self) -> str:
        """Render for the log of a process that waits."""
        return f"process {self.pid} on {self.host} ({self.command}), since {self.since}"


class Held:
    """A file lock; a file beside it names the holder, so that a process that waits can log it."""

    def __init__(self, path: Path, what: str, *, wait: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock, self._note, self._what, self._wait = FileLock(path), path.with_suffix(".json"), what, wait

    def __enter__(self) -> None:
        """Wait for the lock, and note that it is ours.

        Raises:
            StoreError: Another process holds the lock for too long, or holds it at all if this lock does not wait.
        """
        seconds = LOCK_SECONDS if self._wait else 0.0
        told = min(TOLD_AFTER, seconds)
        try:
            self._lock.acquire(timeout=told)
        except Timeout:
            if seconds:
                _log.warning("%s: waiting for %s.", self._what, self._holder())
            try:
                self._lock.acquire(timeout=seconds - told)
            except Timeout as error:
                raise StoreError(
                    f"another run holds it ({seconds:.0f} s waited): {self._holder()}.",
                    Where(file=self._what),
                    "Wait for that run, or end it in the Dagster UI, then run again.",
                ) from error
        command = " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]])[:200]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = Holder(socket.gethostname(), os.getpid(), command, now)
        self._note.write_text(canonical_json(asdict(holder)), encoding="utf-8")

    def __exit__(self, *_: object) -> None:
        """Give the lock back."""
        self._note.unlink(missing_ok=True)
        self._lock.release()

    def _holder(self) -> str:
        return str(read_ours(self._note, Holder) or "another process")
