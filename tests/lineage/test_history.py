"""A home where a model stands on what is no longer current: its rows are kept beside those of the current build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from pipeline_home import SMALL, run_steps
from strange_corpus import write_corpus

from meds_pipeline.home.settings import merge
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.lineage.trace import Tracer
from meds_pipeline.steps import STEPS

PLAN = {"mixture": {"samples": None, "few_shot": 0}, "fine_tuning": {"max_steps": None, "batch": 1}}


def records(count: int) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "q": f"question {n}", "a": f"answer {n}", "split": "train" if n else "test"}
        for n in range(count)
    ]


def samples_of(workspace: Workspace) -> set[str]:
    file = workspace.store.require("training_set", "tiny").file("lineage/sample.parquet")
    return set(pq.read_table(file)["sample_id"].to_pylist())


@pytest.fixture(scope="module")
def trained_before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, set[str]]:
    """A home whose corpus grew after the training, with the samples of before."""
    folder = tmp_path_factory.mktemp("grown")

    def opened(count: int) -> Workspace:
        arguments = write_corpus(folder, records(count))
        raw = arguments.pop("raw")
        return Workspace.open(folder / "home", raw, merge(SMALL, {**arguments, "plans": {"tiny": PLAN, "again": PLAN}}))

    workspace = opened(6)
    run_steps(workspace)
    old = samples_of(workspace)
    later = opened(9)
    run_steps(later, *list(STEPS)[: list(STEPS).index("packed_training_set") + 1], "lineage")
    return later, old


@pytest.fixture
def con(trained_before: tuple[Workspace, set[str]]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(trained_before[0].home / "lineage.duckdb"), read_only=True) as connection:
        yield connection


JOINS = {
    "points of an item": "item_score JOIN item USING (item_id) JOIN instance USING (instance_id)",
    "records of an instance": "instance JOIN instance_source USING (instance_id)",
    "words of a sample": "sample JOIN instruction USING (instruction_id)",
    "samples of an instance": "sample JOIN instance USING (instance_id)",
}


@pytest.mark.parametrize("join", JOINS.values(), ids=list(JOINS))
def test_a_plain_join_counts_each_row_once(con: duckdb.DuckDBPyConnection, join: str) -> None:
    table = join.split()[0]
    joined, rows = con.execute(f"SELECT (SELECT count(*) FROM {join}), (SELECT count(*) FROM {table})").fetchall()[0]
    assert joined == rows > 0


def test_what_a_model_stands_on_is_kept_beside(
    trained_before: tuple[Workspace, set[str]], con: duckdb.DuckDBPyConnection
) -> None:
    workspace, old = trained_before
    ids = "SELECT count(DISTINCT sample_id), count(DISTINCT fingerprint) FROM {} WHERE plan = 'tiny'"
    assert con.execute(ids.format("sample")).fetchall() == [(len(samples_of(workspace)), 1)]
    assert con.execute(ids.format("history.sample")).fetchall() == [(len(old), 1)]
    assert con.execute(ids.format("with_history.sample")).fetchall() == [(len(old | samples_of(workspace)), 2)]


def test_only_the_rows_a_model_was_made_of_were_consumed(trained_before: tuple[Workspace, set[str]]) -> None:
    later, old = trained_before
    assert old < samples_of(later)
    with Tracer(later) as tracer:
        for sample in samples_of(later):
            places = [n.facts for n in tracer.trace("sample", sample).children if n.kind == "sequence"]
            places = [place for place in places if place["plan"] == "tiny"]
            consumed = [place["consumed_at_steps"] for place in places if place["consumed_at_steps"]]
            assert len(places) == (2 if sample in old else 1)
            assert len(consumed) == (1 if sample in old else 0), "packed again is not trained on again"
