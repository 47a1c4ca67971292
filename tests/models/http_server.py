"""A real HTTP server on this machine that answers as a model would, or worse."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def completion(text: str | None) -> tuple[int, dict[str, str], Any]:
    return 200, {}, {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


class Server:
    """Answers by `reply`, a function of the request's number and body, and keeps what it was sent."""

    def __init__(self) -> None:
        self.reply: Callable[[int, Any], tuple[int, dict[str, str], Any]] = lambda _, body: completion(
            re.findall(r"number (\d+)", body["messages"][-1]["content"])[-1]
        )
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.most_at_once = self._now = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.serve(self)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length", 0))) or "null")
        with self._lock:
            self.requests.append((handler.path, dict(handler.headers), body))
            number = len(self.requests)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        status, headers, reply = self.reply(number, body)
        with self._lock:
            self._now -= 1
        payload = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        with suppress(BrokenPipeError):  # the client may have given up
            handler.wfile.write(payload)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def endless(start: bytes, part: bytes, pause: float = 0.0) -> Iterator[str]:
    """Serve a response that begins with `start` and goes on with `part` for ever; yields the address."""
    stopped = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client may have given up
            connection.recv(1 << 16)
            connection.sendall(start)
            while not stopped.is_set():
                connection.sendall(part)
                time.sleep(pause)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):  # closed at the end
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        stopped.set()
