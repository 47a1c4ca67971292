"""Guards Dagster's webserver, which has no authentication and runs mutations for every client.

A page of another site can make a browser on this machine send requests here: images and links by GET, forms and fetch
by POST, and websockets. It can also let its own host name resolve to this machine, so that its requests have the same
origin. None of these requests may change anything, so a request is refused unless it

- names this server by a name it is known by (DNS rebinding),
- changes nothing by GET, where images and links come from,
- comes from a page of this very server, or from no page at all, such as curl.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL = ("localhost", "127.0.0.1", "::1")
_ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
_FRAMES = ("iframe", "frame", "embed", "object")


class Guard:
    """ASGI middleware that refuses what another site's page may have sent."""

    def __init__(self, app: ASGIApp, address: str, allowed: Iterable[str] = ()) -> None:
        """Guard an application.

        Args:
            app: The application.
            address: What it listens on. On all addresses, it is known by any address, but by no other name.
            allowed: More names that it is known by.
        """
        self._app = app
        self._any_address = address in _ALL_ADDRESSES
        self._names = {name.lower().rstrip(".") for name in (*_LOCAL, address, *allowed)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with the reason."""
        reason = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if reason is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason[:100]})
        else:
            await PlainTextResponse(f"Refused: {reason}\n", 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if len(headers.getlist("host")) != 1 or not self._is_known(host):
            return f"this server is not known as {host!r}. If it is, start it with `meds ui --allow-host NAME`."
        elsewhere = headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        if elsewhere and headers.get("sec-fetch-dest") in _FRAMES:
            return "a page of another site must not show this one inside it."
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS"):
            if "graphql" in scope["path"] and scope["query_string"]:
                return "GraphQL is not answered by GET. POST it as application/json."
            return None
        origin = headers.get("origin")
        if elsewhere or (origin is not None and urlsplit(origin).netloc.lower() != host):
            return "it comes from a page of another site."
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["type"] == "http" and origin is None and kind != "application/json":
            return "POST needs `Content-Type: application/json`."
        return None

    def _is_known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return name in self._names or (self._any_address and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
