"""Credentialed text and an endpoint that is not trusted, with a real server in its place."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from http_server import Server
from pipeline_home import run_steps
from strange_corpus import TASK, write_corpus

from meds_pipeline.core.errors import CatalogError, ModelError
from meds_pipeline.home.settings import load_settings
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps.run import run_step

CANARY = "Jane Canary, ward 7"
RECORDS = [
    {"id": str(n), "q": f"{n} {CANARY} and so on", "a": f"a{n}", "split": "train" if n % 3 else "test", "more": []}
    for n in range(18)
]
DRAWS_ON_IT = f"""
corpus: plain
title: Plain
about: Open lines whose worked cases are those of the other corpus
source: here
licence: none
access: open
tasks:
  x_plain:
    name: plain
    category: Question Answering
    metric: bleu1_rougeL
    use: both
    definition: Answer.
    shots_from: {TASK}
distributions:
  plain:
    files:
      lines: {{path: lines.jsonl, reader: jsonl, columns: {{q: VARCHAR, a: VARCHAR}}}}
    recipes:
      x_plain: SELECT source, q AS input, a AS outputs, 'test' AS split FROM lines
"""


@pytest.fixture
def untrusted() -> Iterator[Server]:
    """A server under an address that is not known for this machine's: 127.1 is 127.0.0.1 for the resolver alone."""
    server = Server()
    server.url = server.url.replace("127.0.0.1", "127.1")
    yield server
    server.close()


@pytest.fixture
def home(tmp_path: Path, untrusted: Server, opened: Callable[..., Workspace]) -> Callable[[], Workspace]:
    """Open the home of a credentialed corpus, with a model behind the server."""
    arguments = write_corpus(tmp_path, RECORDS)
    declare(tmp_path, "credentialed")
    (tmp_path / "home").mkdir()
    serve(tmp_path, untrusted)
    return lambda: opened(**arguments, benchmark={"items_per_task": 4})


def declare(root: Path, access: str) -> None:
    path = root / "strange_catalog" / "strange.yaml"
    path.write_text(re.sub(r"access: \w+", f"access: {access}", path.read_text()))


def serve(root: Path, server: Server, **more: object) -> None:
    served = {"kind": "endpoint", "url": server.url, "retries": 0, **more}
    (root / "home" / "models.yaml").write_text(json.dumps({"served": served}))


def refused(workspace: Workspace) -> str:
    with pytest.raises(ModelError) as error:
        run_step(workspace, "predictions", "served")
    return str(error.value)


def test_credentialed_text_stays_though_the_corpus_folder_is_gone(
    home: Callable[[], Workspace], untrusted: Server, tmp_path: Path
) -> None:
    run_steps(home(), "raw_corpus", "instances", "verdicts", "benchmark")
    first = refused(home())
    shutil.move(tmp_path / "strange_raw" / "strange_lines", tmp_path / "elsewhere")
    assert refused(home()) == first
    for said in ("model served", "host 127.1", "text of strange", "`trusted_hosts: [127.1]` under served in <home>"):
        assert said in first
    assert not untrusted.requests


def test_a_host_that_a_file_trusts_is_sent_it_past_the_proxy(
    home: Callable[[], Workspace], untrusted: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    serve(tmp_path, untrusted, trusted_hosts=["127.1"])
    untrusted.reply = lambda *_: (200, {}, {"choices": [{"message": {"content": "yes"}}]})
    workspace = home()
    run_steps(workspace, "raw_corpus", "instances", "verdicts", "benchmark")
    output = run_step(workspace, "predictions", "served").output
    assert CANARY in str(untrusted.requests)
    assert output.access == "credentialed"
    assert {path.stat().st_mode & 0o077 for path in output.path.rglob("*")} == {0}


@pytest.mark.parametrize("frozen_as", ["open", "credentialed"])
def test_the_class_then_and_the_class_now_count_both(
    home: Callable[[], Workspace], untrusted: Server, tmp_path: Path, frozen_as: str
) -> None:
    declare(tmp_path, frozen_as)
    run_steps(home(), "raw_corpus", "instances", "verdicts", "benchmark")
    declare(tmp_path, "credentialed" if frozen_as == "open" else "open")
    refused(home())
    assert not untrusted.requests


def test_worked_cases_count_as_the_question_does(
    home: Callable[[], Workspace], untrusted: Server, tmp_path: Path
) -> None:
    (tmp_path / "strange_catalog" / "plain.yaml").write_text(DRAWS_ON_IT)
    strange = tmp_path / "strange_catalog" / "strange.yaml"
    strange.write_text(strange.read_text().replace("use: both", "use: train"))
    (tmp_path / "strange_raw" / "plain").mkdir()
    (tmp_path / "strange_raw" / "plain" / "lines.jsonl").write_text('{"q": "open", "a": "text"}\n')
    run_steps(home(), "raw_corpus", "instances", "verdicts", "benchmark")
    assert "text of plain" in refused(home())
    assert not untrusted.requests


def test_trust_is_taken_from_files_alone(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"served\.trusted_hosts: trust is taken from the home's files"):
        load_settings(tmp_path, {"models": {"served": {"trusted_hosts": ["a.example"]}}})
