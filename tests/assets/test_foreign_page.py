"""A page of another site, in a real browser, against a real `meds ui`: it starts nothing; the UI's own page does."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil
import pytest
from served import LOCATION, Server, serving, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SELECTOR = {**LOCATION, "pipelineName": "publish"}
LAUNCH = """
mutation($given: ExecutionParams!) { launchRun(executionParams: $given) {
  __typename ... on PythonError { message } ... on LaunchRunSuccess { run { runId } } } }
"""
VARIABLES = {"given": {"selector": SELECTOR, "mode": "default", "runConfigData": {}}}
BODY = json.dumps({"query": LAUNCH, "variables": VARIABLES})
BY_GET = f"/graphql?query={quote(LAUNCH)}&variables={quote(json.dumps(VARIABLES))}"
OVERRIDES = {"resources": {"workspace": {"config": {"home": "elsewhere", "raw": None, "overrides": {}}}}}
PAGE = """<!doctype html><title>attack</title><img src="{url}{get}"><iframe name="shown" src="{url}/"></iframe>
<form method="post" action="{url}{get}" target="shown"><input name="query" value="x"></form>
<script>
const done = [];
const tell = (name) => (answer) => done.push(name);
const body = {body};
const send = (mode, type) => fetch("{url}/graphql", {{method: "POST", mode, headers: {{"Content-Type": type}}, body}});
async function attack() {{
  document.forms[0].submit();
  await send("no-cors", "text/plain").then(tell("simple"), tell("simple"));
  await send("no-cors", "text/plain; application/json").then(tell("json as text"), tell("json as text"));
  await send("cors", "application/json").then(tell("json"), tell("json"));
  await new Promise((over) => {{
    const socket = new WebSocket("{url}/graphql".replace("http", "ws"), "graphql-ws");
    socket.onopen = () => done.push("websocket open");
    socket.onclose = over;
  }});
  return done;
}}
</script>"""
SAME_ORIGIN = """(body) => fetch("/graphql", {method: "POST", headers: {"Content-Type": "application/json"}, body})
  .then((answer) => answer.text())"""


@pytest.fixture(scope="module")
def server(three: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("foreign")
    with serving(folder / "home", three, folder / "log") as running:
        yield running


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium or google-chrome on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage", rebound]
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def foreign(server: Server, tmp_path: Path) -> Iterator[str]:
    """A web server of somebody else."""
    (tmp_path / "index.html").write_text(PAGE.format(url=server.url, get=BY_GET, body=json.dumps(BODY)))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as page:
        threading.Thread(target=page.serve_forever, daemon=True).start()
        yield f"http://evil.example:{page.server_port}/index.html"
        page.shutdown()


@pytest.mark.browser
def test_a_foreign_page_starts_nothing_and_the_own_page_does(server: Server, browser: Browser, foreign: str) -> None:
    page = browser.new_page()
    page.goto(foreign)
    assert page.evaluate("attack()") == ["simple", "json as text", "json"], "all were tried, no websocket opened"
    page.goto(f"{server.url}{BY_GET}")
    assert "not answered by GET" in page.content()
    page.goto(re.sub(r"127\.0\.0\.1", "evil.example", server.url))  # under a name that now resolves to this machine
    assert "not known as" in page.content()
    assert "not known as" in page.evaluate(SAME_ORIGIN, BODY)
    assert server.runs() == []
    page.goto(server.url, wait_until="domcontentloaded")
    assert "LaunchRunSuccess" in page.evaluate(SAME_ORIGIN, BODY)
    assert len(server.runs()) == 1
    page.close()


def test_a_run_configuration_cannot_name_a_home(server: Server) -> None:
    before = len(server.runs())
    given = {**VARIABLES["given"], "runConfigData": OVERRIDES}
    answer: dict[str, Any] = server.ask(LAUNCH, given=given)["launchRun"]
    assert answer["__typename"] == "RunConfigValidationInvalid"
    assert len(server.runs()) == before


@pytest.mark.parametrize(
    ("number", "rc"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow),
    ],
)
def test_whatever_ends_the_ui_ends_its_daemon(tmp_path: Path, number: int, rc: int) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-m", "meds_pipeline", "ui", "--home", str(tmp_path / "home"), "--port", "0"]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            wait_for(lambda: "Ctrl-C ends it" in log.read_text(), 120)
            daemons = [one for one in psutil.Process(process.pid).children() if "resources.daemon" in one.cmdline()]
            assert len(daemons) == 1
            process.send_signal(number)
            assert process.wait(60) == rc
            psutil.wait_procs(daemons, 30)
            assert not daemons[0].is_running()
            assert "Traceback" not in log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGKILL) if psutil.pid_exists(process.pid) else None
