"""Planted duplicates, split conflicts and contamination are found, named, and kept out of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pipeline_home import SMALL, run_steps
from strange_corpus import NAME, TASK, write_corpus

from meds_pipeline.home.settings import merge
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.run import run_step

WORDS = "the patient took drug{n} for {n} days and then felt much better than before although the pain came back twice"
PLANTED: dict[str, dict[str, str]] = {
    "twin": {"q": WORDS.format(n=1)},
    "twin again": {"q": WORDS.format(n=1)},
    "near": {"q": WORDS.format(n=2) + " and went away on its own in the end as such pain often does with time"},
    "near too": {"q": WORDS.format(n=2) + " and went away on its own in the end as such pain often does with luck"},
    "same subject": {"q": "something else about a patient who is also held out", "subject": "p1"},
    "same text": {"q": "  HELD out\nquestion number 2 "},
    "near an item": {"q": WORDS.format(n=3) + " and it was never seen again by anyone in the ward or at home since"},
    "item near it": {
        "q": WORDS.format(n=3) + " and it was never seen again by anyone in the ward or at home",
        "split": "test",
    },
    "harmless": {"q": "an innocent training question"},
    "harmless too": {"q": "another innocent training question, of which there is only one"},
}
HELD_OUT = {f"item {n}": {"q": f"held out question number {n}", "split": "test", "subject": f"p{n}"} for n in range(6)}
LEFT_OUT = {"same subject", "same text", "near an item"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("planted")
    records = [
        {"id": name, "a": f"answer of {name.split()[0]}", "split": "train", "subject": None, "more": [], **given}
        for name, given in (PLANTED | HELD_OUT).items()
    ]
    arguments = write_corpus(root, records)
    raw = arguments.pop("raw")
    settings = merge(SMALL, {**arguments, "benchmark": {"items_per_task": 100}})
    workspace = Workspace.open(root / "home", raw, settings)
    run_steps(workspace, *list(STEPS)[: list(STEPS).index("training_set") + 1])
    return workspace


@pytest.fixture
def con(home: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """A view a table over the current outputs, with `named` to tell instances by their record's key."""
    with duckdb.connect() as connection:
        for table, asset, partition in (
            *(("duplicate", "duplicates", "all"), ("contamination", "contamination", "all")),
            *(("item", "benchmark", "all"), ("sample", "training_set", "tiny"), ("instance", "instances", NAME)),
        ):
            file = home.store.require(asset, partition).file(f"lineage/{table}.parquet")
            connection.execute(f"CREATE VIEW {table} AS FROM read_parquet('{file}')")
        conflicts = home.store.require("split_proof", "all").file("split_conflicts.parquet")
        connection.execute(f"CREATE VIEW split_conflict AS FROM read_parquet('{conflicts}')")
        connection.execute("CREATE MACRO named(id) AS (SELECT record_key FROM instance WHERE instance_id = id)")
        yield connection


def test_exact_and_near_duplicates_are_told_apart(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("SELECT named(instance_id), named(kept_instance_id), kind, similarity FROM duplicate").fetchall()
    found = {frozenset(row[:2]): row[2:] for row in rows}
    assert set(found) == {frozenset({"twin", "twin again"}), frozenset({"near", "near too"})}
    assert found[frozenset({"twin", "twin again"})] == ("exact", 1.0)
    kind, similarity = found[frozenset({"near", "near too"})]
    assert kind == "near"
    assert 0.8 <= similarity < 1


def test_split_conflicts_name_the_rule(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("SELECT named(instance_id), rule FROM split_conflict ORDER BY 1").fetchall()
    assert found == [("same subject", "subject"), ("same text", "text")]


def test_contamination_names_item_and_rule(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT named(c.instance_id), named(i.instance_id), rule, similarity FROM contamination AS c "
        "JOIN item AS i USING (item_id) WHERE rule <> 'near' OR named(c.instance_id) = 'near an item' ORDER BY 1"
    ).fetchall()
    assert [row[:3] for row in found] == [
        ("near an item", "item near it", "near"),
        ("same subject", "item 1", "subject"),
        ("same text", "item 2", "text"),
    ]
    assert 0.8 <= found[0][3] < 1


def test_nothing_left_out_is_trained_on_not_even_as_an_example(home: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    used = con.execute(
        "SELECT DISTINCT named(id) "
        "FROM (SELECT instance_id AS id FROM sample UNION SELECT unnest(shot_instance_ids) FROM sample)"
    ).fetchall()
    names = {name for (name,) in used}
    assert {"harmless", "harmless too"} <= names
    assert not names & (LEFT_OUT | set(HELD_OUT) | {"item near it"})
    assert len(names & {"twin", "twin again"}) == len(names & {"near", "near too"}) == 1
    facts = home.store.require("training_set", "tiny").manifest.facts
    assert facts["dropped"] == {"contaminated": 3, "duplicate": 2}


def test_near_duplicates_may_be_kept(home: Workspace) -> None:
    plan = home.settings.plan("tiny")
    kept = plan.model_copy(update={"mixture": plan.mixture.model_copy(update={"drop_near": False})})
    settings = home.settings.model_copy(update={"plans": {"kept": kept}})
    workspace = Workspace(home.home, home.raw, home.origin, settings, home.catalog, home.store)
    facts = run_step(workspace, "training_set", "kept").output.manifest.facts
    assert facts["dropped"] == {"contaminated": 3, "duplicate": 1}


def test_held_out_subjects_outside_the_release_are_conflicts_too(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    records: list[dict[str, Any]] = [
        {"id": f"t{n}", "q": f"held out {n}", "a": "x", "split": "test", "subject": f"p{n}", "more": []}
        for n in range(5)
    ]
    records += [
        {"id": f"r{n}", "q": f"training {n}", "a": "x", "split": "train", "subject": f"p{n}", "more": []}
        for n in range(9)
    ]
    workspace = opened(**write_corpus(tmp_path, records), benchmark={"items_per_task": 1})
    run_steps(workspace, *list(STEPS)[: list(STEPS).index("training_set") + 1])
    assert workspace.store.require("benchmark", "all").manifest.facts["items"] == {TASK: 1}
    assert workspace.store.require("split_proof", "all").manifest.rows == {"conflicts": 5}
    dropped = workspace.store.require("training_set", "tiny").manifest.facts["dropped"]
    assert dropped == {"contaminated": 1, "split conflict": 4}
