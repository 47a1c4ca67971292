"""The endpoint adapter against a real HTTP server on this machine."""

from __future__ import annotations

import gzip
import json
import logging
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_server import Server, completion, endless

from meds_pipeline.core.errors import CatalogError, ModelError
from meds_pipeline.home.settings import load_settings
from meds_pipeline.instructions.prompts import render
from meds_pipeline.models import endpoint
from meds_pipeline.models.base import LoadContext, Prompt, load_model, prompt_digest
from meds_pipeline.models.spec import ModelSpec

PROMPTS = [Prompt(f"i{n}", "task1", "Say the number.", (("one", "1"), ("two", "2")), f"number {n}") for n in range(20)]
SECRET = ("wards", "notes")
KEY = "MEDS_TEST_ENDPOINT_KEY"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(endpoint, "FIRST_WAIT", 0.01)
    running = Server()
    yield running
    running.close()


def ask(
    server: Server, prompts: list[Prompt] = PROMPTS[:1], *, credentialed: tuple[str, ...] = (), **options: Any
) -> list[Any]:
    spec = ModelSpec(kind="endpoint", **{"url": server.url, "remote_name": "remote", "batch": 4, **options})
    return list(load_model(spec, LoadContext(name="served", credentialed=credentialed)).generate(prompts))


def test_answers_come_in_order_though_the_server_is_asked_at_once(server: Server) -> None:
    usual = server.reply

    def slow_for_some(number: int, body: Any) -> tuple[int, dict[str, str], Any]:
        time.sleep(0.05 if number % 3 else 0.0)
        return usual(number, body)

    server.reply = slow_for_some
    answers = ask(server, PROMPTS)
    assert [(a.item_id, a.output) for a in answers] == [(f"i{n}", str(n)) for n in range(20)]
    assert 1 < server.most_at_once <= 4


def test_the_request_is_a_greedy_chat_completion_of_the_rendered_prompt(server: Server) -> None:
    (answer,) = ask(server, max_new_tokens=7)
    ((path, _, body),) = server.requests
    messages = render(PROMPTS[0].definition, PROMPTS[0].shots, PROMPTS[0].query)
    assert path == "/v1/chat/completions"
    assert body == {"model": "remote", "messages": messages, "temperature": 0, "max_tokens": 7}
    assert (answer.shots, answer.truncated, answer.prompt_digest) == (2, False, prompt_digest(messages))


def test_with_a_context_shots_are_dropped_and_said_so(server: Server) -> None:
    (answer,) = ask(server, context=50, max_new_tokens=10)
    assert (answer.shots, answer.truncated) == (0, True)
    assert server.requests[0][2]["messages"][0]["content"] == "Say the number."


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_can_go_better_is_tried_again(server: Server, status: int) -> None:
    usual = server.reply
    server.reply = lambda number, body: (status, {}, {}) if number < 3 else usual(number, body)
    assert ask(server)[0].output == "0"
    assert len(server.requests) == 3


def test_after_an_error_nothing_more_is_sent(server: Server) -> None:
    server.reply = lambda _, body: (404 if "number 0" in str(body) else 503, {"Retry-After": "1"}, {})
    began = time.monotonic()
    with pytest.raises(ModelError, match="the server answered 404"):
        ask(server, PROMPTS, retries=60)
    assert time.monotonic() - began < 10
    sent = len(server.requests)
    time.sleep(1.5)
    assert len(server.requests) == sent


def test_the_server_says_how_long_to_wait(server: Server) -> None:
    usual = server.reply
    server.reply = lambda number, body: (429, {"Retry-After": "1"}, {}) if number < 2 else usual(number, body)
    began = time.monotonic()
    ask(server)
    assert time.monotonic() - began >= 1


def test_after_all_tries_the_call_fails_and_names_the_item(server: Server) -> None:
    server.reply = lambda *_: (503, {}, {})
    with pytest.raises(ModelError, match=r"record i0: the server answered 503 after 3 tries"):
        ask(server, retries=2)
    assert len(server.requests) == 3


def test_an_answer_that_takes_too_long_is_asked_for_again(server: Server) -> None:
    usual = server.reply

    def slow_once(number: int, body: Any) -> tuple[int, dict[str, str], Any]:
        time.sleep(0.5 if number == 1 else 0)
        return usual(number, body)

    server.reply = slow_once
    assert ask(server, timeout=0.2)[0].output == "0"


def test_a_server_that_is_not_there_is_an_error_with_a_next_step(server: Server) -> None:
    server.close()
    with pytest.raises(ModelError, match=r"no answer \(ConnectError\) after 2 tries. Next: Check server"):
        ask(server, retries=1)


def test_a_prompt_the_server_refuses_is_an_error_of_its_item_only(server: Server) -> None:
    usual = server.reply
    server.reply = lambda number, body: (
        (400, {}, {}) if "number 1\n" in str(body["messages"][-1]["content"]) else usual(number, body)
    )
    answers = ask(server, PROMPTS[:3])
    assert [a.output for a in answers] == ["0", None, "2"]
    assert answers[1].error == "the server answered 400"
    assert len(server.requests) == 3, "it is not tried again"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_fails_at_once(server: Server, status: int) -> None:
    server.reply = lambda *_: (status, {}, {})
    with pytest.raises(ModelError, match=str(status)):
        ask(server, PROMPTS, batch=1)
    assert len(server.requests) <= 3, "the rest is not sent"


@pytest.mark.parametrize("reply", [{}, {"choices": []}, {"choices": [{"message": {"content": ["x"]}}]}, b"<html>"])
def test_what_is_no_chat_completion_is_an_error(server: Server, reply: Any) -> None:
    server.reply = lambda *_: (200, {}, reply)
    with pytest.raises(ModelError):
        ask(server, retries=0)


@pytest.mark.parametrize(("reason", "cut_off"), [("stop", False), ("length", True), (None, False)])
def test_an_answer_that_hit_the_limit_of_tokens_is_marked(server: Server, reason: str | None, cut_off: bool) -> None:
    server.reply = lambda *_: (
        200, {}, {"choices": [{"message": {"content": "half a sen"}, "finish_reason": reason}]}
    )  # fmt: skip
    (answer,) = ask(server)
    assert (answer.output, answer.cut_off, answer.truncated) == ("half a sen", cut_off, False)


def test_an_empty_answer_is_an_empty_answer(server: Server) -> None:
    server.reply = lambda *_: completion(None)
    assert ask(server)[0].output == ""


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(KEY, "s3cret")
    caplog.set_level(logging.DEBUG)
    usual = server.reply
    server.reply = lambda number, body: (503, {}, {}) if number < 2 else usual(number, body)
    ask(server, api_key_variable=KEY)
    assert server.requests[0][1]["Authorization"] == "Bearer s3cret"
    server.reply = lambda *_: (401, {}, {})
    with pytest.raises(ModelError) as error:
        ask(server, api_key_variable=KEY)
    assert "s3cret" not in str(error.value) + caplog.text
    assert "number 0" not in caplog.text, "prompts are not logged"


def test_a_missing_key_names_the_variable(server: Server) -> None:
    with pytest.raises(ModelError, match=KEY):
        ask(server, api_key_variable=KEY)


def test_redirects_are_not_followed(server: Server) -> None:
    elsewhere = Server()
    server.reply = lambda *_: (307, {"Location": elsewhere.url + "/chat/completions"}, {})
    with pytest.raises(ModelError, match="307"):
        ask(server)
    assert not elsewhere.requests
    elsewhere.close()


@pytest.mark.parametrize("url", ["https://api.example.com/v1", "http://10.0.0.5/v1", "http://localhost.example.com/v1"])
def test_credentialed_text_does_not_leave_this_machine(server: Server, url: str) -> None:
    with pytest.raises(ModelError) as error:
        ask(server, credentialed=SECRET, url=url)
    host = url.split("/")[2]
    for said in ("model served", f"host {host} is not this machine", "wards, notes", f"`trusted_hosts: [{host}]`"):
        assert said in str(error.value)


def test_the_owner_of_the_data_can_allow_a_host() -> None:
    spec = ModelSpec(kind="endpoint", url="http://gpu7.ward/v1", trusted_hosts=("GPU7.ward",))
    assert load_model(spec, LoadContext(credentialed=SECRET))


def test_credentialed_text_goes_past_the_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server()
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "" if "no" in name.lower() else proxy.url)
    assert ask(server, credentialed=SECRET)[0].output == "0"
    assert not proxy.requests
    ask(server)
    assert proxy.requests, "open text goes by the proxy, as everything else on this machine"
    proxy.close()


HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = HEAD + b"Content-Type: application/json\r\n\r\n"


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 ", HEAD + b"X-A: ", BODY], ids=["status", "header", "body"])
def test_a_server_that_sends_a_byte_at_a_time_has_one_deadline_for_all(start: bytes) -> None:
    began = time.monotonic()
    with endless(start, b"a", pause=0.02) as url, pytest.raises(ModelError, match="i0: no whole answer within 0.3 s"):
        spec = ModelSpec(kind="endpoint", url=url, timeout=0.3, retries=0)
        list(load_model(spec, LoadContext()).generate(PROMPTS[:1]))
    assert time.monotonic() - began < 3


def test_an_endless_answer_is_an_error_of_its_item() -> None:
    with endless(BODY, b" " * 65536) as url:
        (answer,) = load_model(ModelSpec(kind="endpoint", url=url, retries=0), LoadContext()).generate(PROMPTS[:1])
    assert (answer.output, answer.error) == (None, "the answer is over 8 MiB")


def test_an_endless_header_is_an_error() -> None:
    with endless(HEAD, b"X-A: " + b"a" * 1000 + b"\r\n") as url, pytest.raises(ModelError, match="no answer"):
        list(load_model(ModelSpec(kind="endpoint", url=url, retries=0), LoadContext()).generate(PROMPTS[:1]))


def test_json_without_end_or_sense_is_an_error_that_names_the_item(server: Server) -> None:
    for reply in (b"[" * 100_000, b"\xff", b""):
        server.reply = lambda *_, reply=reply: (200, {}, reply)  # type: ignore[misc]
        with pytest.raises(ModelError, match="i0: the answer is not JSON after 1 tries"):
            ask(server, retries=0)


def test_a_packed_answer_is_not_unpacked(server: Server) -> None:
    server.reply = lambda *_: (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 10_000_000))
    with pytest.raises(ModelError, match="not JSON"):
        ask(server, retries=0)


def test_a_key_that_no_header_can_hold_is_not_repeated(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "s3c\nret")
    with pytest.raises(ModelError, match="no HTTP header") as error:
        ask(server, api_key_variable=KEY)
    assert "s3c" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://user:s3cret@host/v1", "no user, password or query"),
        ("https://host/v1?api_key=s3cret", "no user, password or query"),
        ("https://host/v1#s3cret", "no user, password or query"),
        ("https://user:s3cret/x@host/v1", "address of an http or https server"),
        ("file:///etc/s3cret", "address of an http or https server"),
        ("http://[s3cret", "address of an http or https server"),
    ],
)
def test_settings_refuse_an_address_that_holds_more_than_one(tmp_path: Path, url: str, why: str) -> None:
    (tmp_path / "models.yaml").write_text(f"served:\n  kind: endpoint\n  url: {json.dumps(url)}\n")
    with pytest.raises(CatalogError, match=why) as error:
        load_settings(tmp_path)
    assert "models.yaml:3" in str(error.value)
    assert "s3cret" not in "".join(traceback.format_exception(error.value))
