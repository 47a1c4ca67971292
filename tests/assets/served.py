"""A `meds ui` process and its GraphQL door, as a browser uses it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LOCATION = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "meds_pipeline.definitions",
}
LAUNCH = """
mutation($given: ExecutionParams!) { launchRun(executionParams: $given) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }
"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
BACKFILL = """
mutation($given: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $given) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }
"""
BACKFILL_STATUS = """
query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    log: Path

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the data of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
            data = json.load(answer)
        assert "errors" not in data, data
        return data["data"]

    def launch(self, job: str, config: dict[str, Any]) -> str:
        """Launch a job and return the id of its run."""
        given = {"selector": {**LOCATION, "jobName": job}, "runConfigData": yaml.safe_dump(config)}
        answer = self.ask(LAUNCH, given=given)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def backfill(self, assets: tuple[str, ...], partitions: list[str]) -> str:
        """Launch a backfill and return its id."""
        keys = [{"path": [asset]} for asset in assets]
        given = {"assetSelection": keys, "partitionNames": partitions}
        answer = self.ask(BACKFILL, given=given)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def run_status(self, run_id: str) -> str:
        """Return the status of a run."""
        return str(self.ask(STATUS, id=run_id)["runOrError"]["status"])

    def backfill_status(self, backfill_id: str) -> str:
        """Return the status of a backfill."""
        return str(self.ask(BACKFILL_STATUS, id=backfill_id)["partitionBackfillOrError"]["status"])


@contextmanager
def serving(home: Path, raw: Path, log: Path) -> Iterator[Server]:
    """Run `meds ui` on a free port until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--home", str(home), "--raw", str(raw), "--port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "meds_pipeline", "ui", *options],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            server = Server(f"http://127.0.0.1:{port}", log)
            wait_for(lambda: _answers(server, process), 120)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(done: Callable[[], bool], seconds: float) -> None:
    """Ask until the answer is yes."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.5)


def _answers(server: Server, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, server.log.read_text()
    try:
        with urllib.request.urlopen(f"{server.url}/server_info", timeout=5):  # noqa: S310 - our own server
            return True
    except OSError:
        return False
