"""`meds ui`: Dagster's webserver and daemon on a home."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from resources.instance import environment_of


def serve(home: Path, raw: Path | None = None, *, host: str = "127.0.0.1", port: int = 3000) -> NoReturn:
    """Become `dagster dev` on a home, until it is interrupted; signals reach it and nobody in between.

    Args:
        home: The home.
        raw: Upstream files; None for synthetic twins.
        host: Address to listen on.
        port: Port to listen on.
    """
    command = [sys.executable, "-m", "dagster", "dev", "-m", "meds_pipeline.definitions", "-h", host, "-p", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "MEDS_RAW"}
    sys.stdout.flush()
    os.execve(sys.executable, command, {**environment, **environment_of(home, raw)})  # noqa: S606 - our own arguments
