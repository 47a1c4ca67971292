"""`meds ui`: Dagster's webserver behind the guard, its daemon, and one code server for both, on a home."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import uvicorn
import yaml
from dagster import DagsterInstance
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from filelock import FileLock, Timeout

from meds_pipeline.core.errors import StoreError, Where
from resources.guard import Guard
from resources.instance import environment_of, instance_folder
from resources.launcher import cancel_gone

DEFINITIONS = "meds_pipeline.definitions"
_DATABASE_OPTIONS = (15_000, 3_600, 20)  # the defaults of `dagster-webserver`; SQLite ignores them
_PATIENCE = 30.0
"""Seconds that the daemon has to end."""


def serve(
    home: Path,
    raw: Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 3000,
    allowed: Iterable[str] = (),
    prepare: Callable[[DagsterInstance], object] = lambda _: None,
) -> NoReturn:
    """Serve a home until a signal comes.

    Args:
        home: The home.
        raw: Upstream files; None for synthetic twins.
        host: Address to listen on.
        port: Port to listen on.
        allowed: Names, besides the address and those of this machine, that the server is known by.
        prepare: Called with the instance before anything is served.

    Raises:
        StoreError: The address cannot be listened on, the home is served already, or the daemon ended.
        KeyboardInterrupt: It was interrupted.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        listening = stack.enter_context(_listening(host, port))
        folder = instance_folder(home)
        stack.enter_context(_alone(folder))
        os.environ.pop("MEDS_RAW", None)
        os.environ.update(environment_of(home, raw))
        instance = stack.enter_context(DagsterInstance.from_config(str(folder)))
        instance.optimize_for_webserver(*_DATABASE_OPTIONS)
        cancel_gone(instance, alone=True)
        prepare(instance)
        module = ModuleTarget(
            module_name=DEFINITIONS, attribute=None, working_directory=os.getcwd(), location_name=None
        )
        code = stack.enter_context(ProxyServerManager(instance, module, "WARNING"))
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
            stack.callback(os.unlink, file.name)
            yaml.safe_dump({"load_from": code.get_code_server_specs()}, file)
        context = stack.enter_context(WorkspaceProcessContext(instance, WorkspaceFileTarget(paths=[file.name])))
        app = Guard(create_app_from_workspace_process_context(context), host, allowed)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
        stack.enter_context(_daemon(file.name, server))
        print(f"Dagster is on http://{host}:{listening.getsockname()[1]} - Ctrl-C ends it.", flush=True)
        server.run(sockets=[listening])
        raise StoreError("Dagster's daemon ended by itself.", Where(file=str(folder)), "What it said is above.")


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on the port before anything else, so that nothing is started if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise StoreError(f"{host}:{port} cannot be listened on: {said}.", next_step="Give another --port.") from error
    with listening:
        yield listening


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the home: two daemons on one instance would launch everything twice."""
    lock = FileLock(folder / "ui.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError("a `meds ui` is open on this home.", Where(file=str(folder.parent)), "Use it.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _daemon(workspace: str, server: uvicorn.Server) -> Iterator[None]:
    """Run the daemon in its own session, so that Ctrl-C reaches it only through us; if it ends, the server ends."""
    command = [sys.executable, "-m", "resources.daemon", workspace]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - ours

    def watch() -> None:
        process.wait()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
