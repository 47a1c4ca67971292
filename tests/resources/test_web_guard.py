"""What the guard lets through and what it refuses, request by request."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from resources.guard import Guard

HERE = "http://127.0.0.1:3000"
JSON = {"content-type": "application/json"}
UI = {**JSON, "origin": HERE, "sec-fetch-site": "same-origin"}


async def _done(_: Any) -> PlainTextResponse:
    return PlainTextResponse("done")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("done")
    await socket.close()


def client(address: str = "127.0.0.1", *allowed: str) -> TestClient:
    methods = ["GET", "POST", "PUT"]
    routes = [Route("/{path:path}", _done, methods=methods), WebSocketRoute("/graphql", _socket)]
    return TestClient(Guard(Starlette(routes=routes), address, allowed), base_url=HERE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/runs", {"sec-fetch-site": "none"}),
        ("GET", "/runs", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}),  # a link from elsewhere
        ("GET", "/graphql", {"accept": "text/html"}),  # the playground
        ("GET", "/runs", {"host": "localhost:3000"}),
        ("GET", "/runs", {"host": "[::1]:3000"}),
        ("POST", "/graphql", UI),
        ("POST", "/graphql", {**UI, "host": "localhost:1", "origin": "http://localhost:1"}),
        ("POST", "/graphql", JSON),  # curl
        ("POST", "/graphql", {**JSON, "content-type": "application/json; charset=utf-8"}),
    ],
)
def test_the_ui_and_command_line_tools_get_through(method: str, path: str, headers: dict[str, str]) -> None:
    answer = client().request(method, path, headers=headers)
    assert (answer.status_code, answer.text) == (200, "done")


@pytest.mark.parametrize(
    ("method", "path", "headers", "reason"),
    [
        ("GET", "/graphql?query=mutation", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, "by GET"),
        ("GET", "/graphql/?query=mutation", {}, "by GET"),
        ("HEAD", "/graphql?query=mutation", {}, ""),
        ("GET", "/graphql?query=mutation", {"accept": "text/html"}, "by GET"),
        ("POST", "/graphql", {**UI, "origin": "http://evil.example"}, "another site"),
        ("POST", "/graphql", {**UI, "origin": "null"}, "another site"),
        ("POST", "/graphql", {**UI, "origin": "http://127.0.0.1:8000"}, "another site"),
        ("POST", "/graphql", {**JSON, "sec-fetch-site": "same-site"}, "another site"),
        ("PUT", "/graphql", {**UI, "sec-fetch-site": "cross-site"}, "another site"),
        ("POST", "/graphql", {"content-type": "application/x-www-form-urlencoded"}, "application/json"),
        ("POST", "/graphql", {"content-type": "text/plain; application/json"}, "application/json"),
        ("POST", "/graphql?query=mutation", {}, "application/json"),
        ("GET", "/runs", {"host": "evil.example:3000"}, "meds ui --allow-host"),
        ("POST", "/graphql", {**UI, "host": "evil.example", "origin": "http://evil.example"}, "not known as"),
        ("GET", "/runs", {"host": "10.0.0.1:3000"}, "not known as"),
        ("GET", "/runs", {"host": "[bad"}, "not known as"),
        ("GET", "/runs", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}, "inside it"),
    ],
)
def test_what_another_page_may_have_sent_is_refused(
    method: str, path: str, headers: dict[str, str], reason: str
) -> None:
    answer = client().request(method, path, headers=headers)
    assert answer.status_code == 403
    assert reason in answer.text or method == "HEAD"


@pytest.mark.parametrize(
    ("address", "host", "known"),
    [
        ("0.0.0.0", "10.0.0.1:3000", True),  # noqa: S104
        ("0.0.0.0", "evil.example:3000", False),  # noqa: S104
        ("10.0.0.1", "10.0.0.1:3000", True),
        ("10.0.0.1", "meds.example.org", True),
        ("10.0.0.1", "MEDS.example.org.:443", True),
    ],
)
def test_the_names_that_a_server_is_known_by(address: str, host: str, known: bool) -> None:
    answer = client(address, "meds.example.org").get("/runs", headers={"host": host})
    assert answer.status_code == (200 if known else 403)


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"origin": HERE}, True),
        ({}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://evil.example", "host": "evil.example"}, False),
    ],
)
def test_websockets_too(headers: dict[str, str], passes: bool) -> None:
    given = {"host": "127.0.0.1:3000", **headers}
    if passes:
        with client().websocket_connect("/graphql", headers=given) as socket:
            assert socket.receive_text() == "done"
    else:
        with pytest.raises(WebSocketDisconnect), client().websocket_connect("/graphql", headers=given):
            pass
