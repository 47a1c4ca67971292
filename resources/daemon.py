"""`python -m resources.daemon WORKSPACE`: Dagster's daemon, which ends when the process that started it does.

Its standard input is a pipe from `meds ui`. When `meds ui` ends, even by SIGKILL, the pipe closes and the daemon ends.
So no daemon is left that goes on filling the queue.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress

import click
from dagster._daemon import controller
from dagster._daemon.cli import create_dagster_daemon_cli

BACKFILL_SECONDS = 5
"""How often a backfill looks for what it can run next. Dagster's 30 s, which no setting changes, are a wait before each
of the six groups of assets where hardly anything is to be done."""
_PATIENCE = 20.0
"""Seconds that threads have to finish their work."""


def _end_with_parent() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_PATIENCE)
    os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored
    with suppress(KeyboardInterrupt, click.exceptions.Abort):
        threading.Thread(target=_end_with_parent, daemon=True).start()
        controller.DEFAULT_DAEMON_INTERVAL_SECONDS = BACKFILL_SECONDS
        command = ["run", "--workspace", sys.argv[1], "--log-level", "warning"]
        create_dagster_daemon_cli()(command, standalone_mode=False)
