"""From recipe rows to instances: ids, splits, sources, what is turned away, and which errors name whom."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from strange_corpus import write_corpus

from meds_pipeline.core.digests import row_id
from meds_pipeline.core.errors import RecipeError
from meds_pipeline.steps.run import run_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from meds_pipeline.home.workspace import Workspace

RECORDS = [
    {"id": "a", "q": "What is aspirin?", "a": "a drug", "more": ["x", "y"]},
    {"id": "b", "q": "What is aspirin?", "a": "a drug", "more": []},
    {"id": "c", "q": "  ", "a": "nothing asked", "more": None},
    {"id": "d", "q": "No answer", "a": None, "more": ["", "z"]},
    {"id": "e", "q": "What is asthma?", "a": "a disease", "more": ["one", None]},
]
PLAIN = "SELECT source, q AS input, a AS outputs, id AS subject, id AS record_key FROM lines"


@pytest.fixture
def made(opened: Callable[..., Workspace], tmp_path: Path) -> Callable[..., Workspace]:
    """Build the instances of a corpus of one JSON-lines file and one recipe."""

    def build(recipe: str, records: list[dict[str, Any]] = RECORDS, **overrides: Any) -> Workspace:
        workspace = opened(**write_corpus(tmp_path, records, recipe), **overrides)
        run_step(workspace, "raw_corpus", "strange")
        run_step(workspace, "instances", "strange")
        return workspace

    return build


def rows_of(workspace: Workspace, name: str = "instances.parquet") -> list[dict[str, Any]]:
    output = workspace.store.require("instances", "strange")
    rows: list[dict[str, Any]] = pq.read_table(output.file(name)).to_pylist()
    return rows


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_ids_are_the_hashes_python_computes(made: Callable[..., Workspace]) -> None:
    for row in rows_of(made(PLAIN)):
        content = row_id("x_lines", row["input"], ",".join(md5(output) for output in row["outputs"]))
        assert row["content_id"] == content
        assert row["instance_id"] == row_id(content, row["split"], str(row["k"]))


def test_identical_rows_stay_separate_instances(made: Callable[..., Workspace]) -> None:
    rows = rows_of(made(PLAIN + " WHERE q = 'What is aspirin?'"))
    assert len({row["content_id"] for row in rows}) == 1
    assert len({row["instance_id"] for row in rows}) == len(rows) == 2


def test_identical_rows_of_one_record_are_numbered_by_their_keys(made: Callable[..., Workspace]) -> None:
    recipe = (
        "SELECT source, q AS input, a AS outputs, 'train' AS split, md5(i::VARCHAR) AS record_key "
        "FROM lines, unnest(range(50)) AS u(i) WHERE id = 'a'"
    )
    rows = sorted(rows_of(made(recipe)), key=lambda row: int(row["k"]))
    assert [row["record_key"] for row in rows] == sorted(md5(str(i)) for i in range(50))


def test_empty_rows_are_listed_with_their_reason_never_dropped(made: Callable[..., Workspace]) -> None:
    workspace = made(PLAIN)
    assert [row["record_key"] for row in rows_of(workspace)] == ["a", "b", "e"]
    rejected = {row["record_key"]: row["reason"] for row in rows_of(workspace, "rejected.parquet")}
    assert rejected == {"c": "input is empty", "d": "an output is empty"}
    manifest = workspace.store.require("instances", "strange").manifest
    assert (manifest.rows["instances"], manifest.rows["rejected"]) == (3, 2)


def test_a_missing_list_of_outputs_is_listed_too(made: Callable[..., Workspace]) -> None:
    workspace = made("SELECT source, id AS input, more AS outputs, id AS record_key FROM lines")
    assert {row["record_key"]: row["outputs"] for row in rows_of(workspace)} == {"a": ["x", "y"], "e": ["one"]}
    rejected = {row["record_key"]: row["reason"] for row in rows_of(workspace, "rejected.parquet")}
    assert rejected == dict.fromkeys("bcd", "an output is empty")


def test_rows_without_a_split_are_split_by_subject_for_good(made: Callable[..., Workspace]) -> None:
    def splits(count: int) -> dict[str, str]:
        records = [{"id": f"{i // 2}", "q": f"question {i}", "a": "answer", "more": []} for i in range(count)]
        rows = rows_of(made(PLAIN, records))
        by_subject: dict[str, set[str]] = {}
        for row in rows:
            by_subject.setdefault(row["subject"], set()).add(row["split"])
        assert all(len(found) == 1 for found in by_subject.values())
        return {subject: found.pop() for subject, found in by_subject.items()}

    few, many = splits(400), splits(2000)
    assert few.items() <= many.items()
    assert set(many.values()) == {"train", "test"}
    assert 60 <= sum(split == "test" for split in many.values()) <= 140


def test_another_seed_splits_differently(made: Callable[..., Workspace], opened: Callable[..., Workspace]) -> None:
    records = [{"id": str(i), "q": f"question {i}", "a": "answer", "more": []} for i in range(200)]
    first = {row["subject"] for row in rows_of(made(PLAIN, records)) if row["split"] == "test"}
    other = {row["subject"] for row in rows_of(made(PLAIN, records, seed=1)) if row["split"] == "test"}
    assert first != other


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        ("SELECT source, q AS input, a AS outputs, 'Dev' AS split FROM lines", "split 'Dev' is not train"),
        ("SELECT source + 1000::UBIGINT AS source, q AS input, a AS outputs FROM lines", "source is missing or is not"),
        ("SELECT NULL::UBIGINT AS source, q AS input, a AS outputs FROM lines", "source is missing"),
        ("SELECT []::UBIGINT[] AS source, q AS input, a AS outputs FROM lines", "source is missing"),
        ("SELECT NULL::UBIGINT[] AS source, q AS input, a AS outputs FROM lines", "source is missing"),
        (
            "SELECT [l.source, r.source] AS source, l.q AS input, l.a AS outputs "
            "FROM lines AS l LEFT JOIN lines AS r ON r.id = l.id || 'x'",
            "source is missing",
        ),
        ("SELECT source, random()::VARCHAR AS input, a AS outputs FROM lines", "recipe refused"),
    ],
)
def test_errors_name_corpus_and_task(made: Callable[..., Workspace], recipe: str, problem: str) -> None:
    with pytest.raises(RecipeError, match=rf"^corpus strange, task x_lines: .*{problem}.* Next: "):
        made(recipe)


def test_sources_lead_to_the_records(made: Callable[..., Workspace]) -> None:
    recipe = (
        "SELECT list(source ORDER BY id) AS source, q AS input, list(a ORDER BY id) AS outputs, 'train' AS split "
        "FROM lines WHERE a IS NOT NULL GROUP BY q"
    )
    workspace = made(recipe)
    output = workspace.store.require("instances", "strange")
    raw = (workspace.raw / "strange_lines" / "lines.jsonl").read_bytes()
    ids: dict[str, list[str]] = {}
    sources = pq.read_table(output.file("lineage/instance_source.parquet")).to_pylist()
    for row in sorted(sources, key=lambda row: row["ordinal"]):
        record = json.loads(raw[row["start"] : row["start"] + row["length"]])
        ids.setdefault(row["instance_id"], []).append(record["id"])
    assert sorted(ids.values()) == [["a", "b"], ["e"]]


@pytest.mark.parametrize("name", ["record_address", "lineage", "answer", "complete", "duckdb_tables", "select", "temp"])
def test_an_entry_or_a_view_may_have_any_name(opened: Callable[..., Workspace], tmp_path: Path, name: str) -> None:
    given = write_corpus(tmp_path, RECORDS, f"SELECT source, q AS input, a AS outputs FROM \"{name}\" WHERE id < 'c'")
    path = tmp_path / "strange_catalog/strange.yaml"
    text = path.read_text()
    view = text.replace("    recipes:", f"    views: {{{name}: SELECT * FROM lines}}\n    recipes:")
    for home, changed in (("entry", text.replace("      lines:", f"      {name}:")), ("view", view)):
        assert changed != text
        path.write_text(changed)
        workspace = opened(home, **given)
        run_step(workspace, "raw_corpus", "strange")
        assert run_step(workspace, "instances", "strange").output.manifest.rows["instances"] == 2


def test_a_failed_attempt_leaves_no_staged_copies(made: Callable[..., Workspace], tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        made("SELECT nosuch FROM lines")
    left = [path for path in (tmp_path / "home" / "scratch" / "instances").rglob("*") if path.is_file()]
    assert left == []


def test_a_home_may_be_called_anything(opened: Callable[..., Workspace], twin_raw: Path) -> None:
    workspace = opened("it's [1] * home; --", raw=twin_raw)
    run_step(workspace, "raw_corpus", "meqsum")
    assert run_step(workspace, "instances", "meqsum").output.manifest.rows["instances"] > 0
