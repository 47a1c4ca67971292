"""A model behind an OpenAI-compatible server (vLLM, SGLang, llama.cpp, a vendor): chat completions over HTTP.

The server renders messages and counts tokens, so it refuses a prompt over its context. If `context` is set, prompts are
fitted here instead, by an estimate of three characters per token, which is on the safe side for English.

A fault that may pass (429, 5xx, no connection, no answer in time) is retried and then fails the whole call: the step
can be run again, and a passing fault does not become a prediction. A lasting refusal (400, 413, 422) and an answer over
`MOST_BYTES` are errors of their item. Wrong keys and unknown models (401, 403, 404) fail the call at once.

Credentialed text is sent only to this machine or to a host in `trusted_hosts`, and never through a proxy.
Redirects are not followed: they would carry key and text elsewhere. Neither prompts nor answers are logged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import math
import os
import ssl
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from meds_pipeline.core import events
from meds_pipeline.core.errors import ModelError, Where
from meds_pipeline.instructions.prompts import Fitted, fit, render
from meds_pipeline.models.base import Generation, LoadContext, Model, Prompt, prompt_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meds_pipeline.instructions.prompts import Message
    from meds_pipeline.models.spec import ModelSpec

logger = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 3
TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
REFUSED = frozenset({400, 413, 422})
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between tries: doubled each time, unless the server says how long
MOST_BYTES = 8 << 20
"""Most bytes of one response's body; the HTTP library limits its header."""


class _RefusedError(Exception):
    """The server does not take this one prompt, or its answer to it cannot be taken."""


class _Reply(NamedTuple):
    """One response; the body of a refusal is not read."""

    status: int
    retry_after: str
    body: bytes


class EndpointModel:
    """A client of one model on one server."""

    def __init__(self, spec: ModelSpec, context: LoadContext) -> None:
        self._spec = spec
        self._url = f"{str(spec.url).rstrip('/')}/chat/completions"
        self._local_only = bool(context.credentialed)
        host = urlsplit(self._url).hostname or ""
        if self._local_only and not (is_this_machine(host) or host in spec.trusted_hosts):
            raise self._error(
                f"model {context.name}: its host {host} is not this machine, and the items hold credentialed text of "
                f"{', '.join(context.credentialed)}, which must not leave it",
                next_step=f"Serve the model here; or, where the data's owner allows the host, write `trusted_hosts: "
                f"[{host}]` under {context.name} in <home>/models.yaml.",
            )
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if (variable := spec.api_key_variable) is not None:
            key = os.environ.get(variable, "").strip()
            if not key.isascii() or not key.isprintable():
                raise self._error(
                    "the key holds what no HTTP header can", next_step=f"Correct the variable {variable}."
                )
            if not key:
                raise self._error("there is no key", next_step=f"Set the variable {variable}.")
            self._headers["Authorization"] = f"Bearer {key}"
        self._tls = ssl.create_default_context()
        self._over = threading.Event()

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[Generation]:
        """Answer every prompt, several at once; results come in the given order.

        Raises:
            ModelError: The server cannot be reached, or answers something that is no chat completion.
        """
        self._over.clear()
        ahead: deque[Future[Generation]] = deque()
        pool = ThreadPoolExecutor(self._spec.batch)
        try:
            for done, prompt in enumerate(prompts):
                ahead.append(pool.submit(self._answer, prompt))
                if len(ahead) > 2 * self._spec.batch:
                    yield ahead.popleft().result()
                    events.report("asking the endpoint", done - len(ahead) + 1, len(prompts))
            while ahead:
                yield ahead.popleft().result()
                events.report("asking the endpoint", len(prompts) - len(ahead), len(prompts))
        finally:  # after an error, or when the caller stops reading, nothing more is sent
            self._over.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _answer(self, prompt: Prompt) -> Generation:
        try:
            fitted = self._fit(prompt)
            text, cut_off = self._complete(fitted.messages, prompt.item_id)
        except _RefusedError as error:
            return Generation(prompt.item_id, None, error=str(error))
        digest = prompt_digest(fitted.messages)
        return Generation(prompt.item_id, text, fitted.shots, fitted.truncated, digest, cut_off=cut_off)

    def _fit(self, prompt: Prompt) -> Fitted:
        if self._spec.context is None:
            return Fitted(render(prompt.definition, prompt.shots, prompt.query), len(prompt.shots), truncated=False)
        limit = self._spec.context - self._spec.max_new_tokens
        return fit(prompt.definition, prompt.shots, prompt.query, limit=limit, count=estimate)

    def _complete(self, messages: list[Message], item_id: str) -> tuple[str, bool]:
        """Text of the server's answer to one prompt, and whether it was cut off at the limit of tokens."""
        body = {"messages": messages, "temperature": 0, "max_tokens": self._spec.max_new_tokens}
        if self._spec.remote_name is not None:
            body["model"] = self._spec.remote_name
        reply = self._post(json.dumps(body).encode(), item_id)
        try:
            choice = reply["choices"][0]
            text = choice["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise self._error("the answer is not a chat completion", item_id) from error
        if not isinstance(text, str | None):
            raise self._error("the answer is not text", item_id)
        return (text or "").strip(), choice.get("finish_reason") == "length"

    def _post(self, body: bytes, item_id: str) -> Any:
        """Send one request, with retries, and return the JSON that came back."""
        for attempt in range(self._spec.retries + 1):
            wait = FIRST_WAIT * 2**attempt
            try:
                reply = asyncio.run(self._send(body))
                if 200 <= reply.status < 300:
                    return json.loads(reply.body)
            except TimeoutError:
                fault = f"no whole answer within {self._spec.timeout:g} s"
            except (ValueError, RecursionError):
                fault = "the answer is not JSON"
            except (httpx.HTTPError, OSError) as error:
                fault = f"no answer ({type(error).__name__})"
            else:
                fault = f"the server answered {reply.status}"
                if reply.status in REFUSED:
                    raise _RefusedError(fault)
                if reply.status not in TRY_AGAIN:
                    raise self._error(fault, item_id)
                wait = float(reply.retry_after) if reply.retry_after.isdecimal() else wait
            if attempt < self._spec.retries:
                logger.info("%s: item %s: %s; trying again.", self._url, item_id, fault)
                if self._over.wait(min(wait, LONGEST_WAIT)):
                    break
        raise self._error(f"{fault} after {self._spec.retries + 1} tries", item_id)

    async def _send(self, body: bytes) -> _Reply:
        """Send one request and read the response, within one deadline for all of it."""
        async with (
            asyncio.timeout(self._spec.timeout),
            httpx.AsyncClient(timeout=None, trust_env=not self._local_only, verify=self._tls) as client,  # noqa: S113
            client.stream("POST", self._url, content=body, headers=self._headers) as response,
        ):
            received = bytearray()
            if response.is_success:
                async for part in response.aiter_raw():  # raw bytes: compressed data could grow without limit
                    received += part
                    if len(received) > MOST_BYTES:
                        raise _RefusedError(f"the answer is over {MOST_BYTES >> 20} MiB")
            return _Reply(response.status_code, response.headers.get("Retry-After", ""), bytes(received))

    def _error(
        self, problem: str, item_id: str | None = None, next_step: str = "Check server, model name and key; run again."
    ) -> ModelError:
        return ModelError(f"{problem}.", Where(file=self._url, record=item_id), next_step)


def estimate(messages: Sequence[Message]) -> int:
    """Tokens of messages, estimated from their characters."""
    return sum(math.ceil(len(message["content"]) / CHARACTERS_PER_TOKEN) + 4 for message in messages)


def is_this_machine(host: str) -> bool:
    """Whether a host is the loopback interface, by its name or address; names are not resolved."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(spec: ModelSpec, context: LoadContext) -> Model:
    """Return a client; nothing is sent before the first prompt."""
    return EndpointModel(spec, context)
