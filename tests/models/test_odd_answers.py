"""Answers no format was made for: from a real server, through predictions and scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from http_server import Server, completion
from pipeline_home import run_steps
from strange_corpus import write_corpus

from meds_pipeline.home.workspace import Workspace
from meds_pipeline.models.stage import LONGEST_ANSWER
from meds_pipeline.steps.run import run_step

ODD = ["half \ud83d of a pair", "a whole \U0001f600 pair", "nul \0 within", "x" * (LONGEST_ANSWER + 1), "plain"]
STORED = ["half \ufffd of a pair", ODD[1], ODD[2], None, "plain"]


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    running.reply = lambda number, _: completion(ODD[number - 1])
    yield running
    running.close()


def test_each_odd_answer_is_stored_or_is_an_error_of_its_item_alone(
    server: Server, tmp_path: Path, opened: Callable[..., Workspace]
) -> None:
    records = [{"id": str(n), "q": f"why {n}", "a": "plain", "split": "test", "more": []} for n in range(len(ODD))]
    arguments = write_corpus(tmp_path, records)
    (tmp_path / "home").mkdir()
    served = {"kind": "endpoint", "url": server.url, "batch": 1}
    (tmp_path / "home" / "models.yaml").write_text(json.dumps({"served": served}))
    workspace = opened(**arguments)
    run_steps(workspace, "raw_corpus", "instances", "verdicts", "benchmark")
    output = run_step(workspace, "predictions", "served").output
    rows: list[dict[str, Any]] = pq.read_table(output.file("lineage/prediction.parquet")).to_pylist()
    assert sorted(map(str, STORED)) == sorted(str(row["output"]) for row in rows)
    (refused,) = [row for row in rows if row["output"] is None]
    assert refused["error"] == "the answer is longer than 200,000 characters"
    assert (output.manifest.rows["mended"], output.manifest.rows["rejected"]) == (1, 1)
    assert run_step(workspace, "scores", "served").output.manifest.rows
