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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCATION = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "meds_pipeline.definitions",
}
REEXECUTE = """
mutation($given: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $given) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
TERMINATE = """
mutation($id: String!) { terminateRun(runId: $id, terminatePolicy: SAFE_TERMINATE) {
  __typename ... on TerminateRunFailure { message } ... on PythonError { message } } }
"""
RUNS = """
query($filter: RunsFilter!) { runsOrError(filter: $filter, limit: 50) { ... on Runs {
  results { runId jobName status creationTime startTime tags { key value } } } } }
"""
MESSAGES = """
query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events { ... on MessageEvent { message } } } } }
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

    def execute_again(self, run_id: str) -> str:
        """Execute a run again, all of it, and return the id of the new run."""
        given = {"parentRunId": run_id, "strategy": "ALL_STEPS"}
        answer = self.ask(REEXECUTE, given=given)["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def terminate(self, run_id: str) -> str:
        """Cancel a run and return what the answer is called."""
        return str(self.ask(TERMINATE, id=run_id)["terminateRun"]["__typename"])

    def runs(self, job: str | None = None, **tags: str) -> list[dict[str, Any]]:
        """Return runs, the newest first: of a job, or with tags."""
        wanted = {"pipelineName": job} if job else {}
        wanted |= {"tags": [{"key": key, "value": value} for key, value in tags.items()]} if tags else {}
        return list(self.ask(RUNS, filter=wanted)["runsOrError"]["results"])

    def backfill(self, assets: tuple[str, ...], partitions: list[str]) -> str:
        """Launch a backfill and return its id."""
        keys = [{"path": [asset]} for asset in assets]
        given = {"assetSelection": keys, "partitionNames": partitions}
        answer = self.ask(BACKFILL, given=given)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def messages(self, run_id: str) -> list[str]:
        """Return the messages of a run's log."""
        found = self.ask(MESSAGES, id=run_id)["logsForRun"]["events"]
        return [str(event.get("message")) for event in found]

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
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):  # runs that the server started outlive it
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
