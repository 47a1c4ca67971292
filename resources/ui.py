"""`meds ui`: Dagster's webserver and daemon on a home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from resources.instance import environment_of


def serve(home: Path, raw: Path | None = None, *, host: str = "127.0.0.1", port: int = 3000) -> int:
    """Run `dagster dev` on a home until it is interrupted.

    Args:
        home: The home.
        raw: Upstream files; None for synthetic twins.
        host: Address to listen on.
        port: Port to listen on.

    Returns:
        The exit code of `dagster dev`.
    """
    command = [sys.executable, "-m", "dagster", "dev", "-m", "meds_pipeline.definitions", "-h", host, "-p", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "MEDS_RAW"}
    server = subprocess.Popen(command, env={**environment, **environment_of(home, raw)})  # noqa: S603 - our own arguments
    try:
        return server.wait()
    except KeyboardInterrupt:  # the terminal sent it to the server too; it shuts down by itself
        return server.wait()
