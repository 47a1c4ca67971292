"""Every number leads back to bytes: samples, items, scores and models end in raw text that the file really has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pipeline_home import run_steps

from meds_pipeline.core.errors import UnknownNameError
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.lineage.compact import columns
from meds_pipeline.lineage.node import Node
from meds_pipeline.lineage.trace import Tracer

FILLED = (
    *("build", "materialization", "corpus", "task", "raw_file", "instance", "instance_source", "instruction"),
    *("training_set", "sample", "sequence", "dose", "model", "benchmark_release", "item", "prediction"),
    *("item_score", "score", "comparison"),
)


@pytest.fixture
def con(built: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.home / "lineage.duckdb"), read_only=True) as connection:
        yield connection


def ids(con: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [str(row[0]) for row in con.execute(sql).fetchall()]


def records(node: Node) -> list[Node]:
    below = [found for child in node.children for found in records(child)]
    return [node, *below] if node.kind == "record" else below


def found_in_file(workspace: Workspace, record: Node) -> bool:
    """Whether the record's text is what its file has at its address; a spreadsheet row has no bytes of its own."""
    facts = record.facts
    path = workspace.raw / facts["distribution"] / facts["path"]
    if path.suffix == ".xlsx":
        return bool(json.loads(record.text or ""))
    data = path.read_bytes()[facts["start"] : facts["start"] + facts["length"]]
    return data.decode() == record.text


def test_every_column_has_a_comment(con: duckdb.DuckDBPyConnection) -> None:
    bare = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name) "
        "WHERE duckdb_columns.comment IS NULL"
    ).fetchall()
    assert bare == []


@pytest.mark.parametrize("table", FILLED)
def test_table_has_rows(con: duckdb.DuckDBPyConnection, table: str) -> None:
    assert con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] > 0


def test_every_instance_has_a_source(con: duckdb.DuckDBPyConnection) -> None:
    orphans = con.execute("SELECT count(*) FROM instance ANTI JOIN instance_source USING (fingerprint, instance_id)")
    assert orphans.fetchall()[0][0] == 0


def test_every_sample_was_consumed_or_packed(con: duckdb.DuckDBPyConnection) -> None:
    lost = con.execute("SELECT count(*) FROM sample ANTI JOIN sequence USING (sample_id)")
    assert lost.fetchall()[0][0] == 0


def test_samples_of_every_task_end_in_their_bytes(built: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    samples = ids(con, "SELECT min(sample_id) FROM sample GROUP BY task_id ORDER BY 1")
    con.close()
    with Tracer(built) as tracer:
        for sample in samples:
            node = tracer.trace("sample", sample)
            assert {"instruction", "instance", "sequence"} <= {child.kind for child in node.children}
            assert records(node)
            assert all(found_in_file(built, record) for record in records(node)), sample


def test_item_shows_answers_and_points_of_every_model(built: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    item = ids(con, "SELECT min(item_id) FROM item")[0]
    con.close()
    with Tracer(built) as tracer:
        node = tracer.trace("item", item[:14])
    answers = {child.name: child for child in node.children if child.kind == "prediction"}
    assert set(answers) == set(built.settings.models)
    assert all(answer.facts["points"] for answer in answers.values())
    assert all(found_in_file(built, record) for record in records(node))


def test_score_leads_to_model_items_and_files(built: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    score = ids(con, "SELECT score_id FROM score WHERE model = 'tiny' AND name = 'task123' AND scorer = 'official'")[0]
    con.close()
    with Tracer(built) as tracer:
        node = tracer.trace("score", score, items=2)
    model, *items = node.children
    assert model.kind == "model"
    assert [item.kind for item in items] == ["item", "item"]
    assert node.facts["further_items"] == node.facts["n"] - 2 > 0
    files = {child.facts["sha256"] for child in model.children if child.kind == "raw file"}
    assert {record.facts["sha256"] for record in records(node)} <= files


def test_category_and_overall_scores_can_be_traced(built: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    scores = ids(con, "SELECT score_id FROM score WHERE model = 'tiny' AND level <> 'task' ORDER BY 1")
    con.close()
    with Tracer(built) as tracer:
        assert all(records(tracer.trace("score", score, items=1)) for score in scores)


def test_unknown_and_ambiguous_ids_say_so(built: Workspace) -> None:
    with Tracer(built) as tracer:
        with pytest.raises(UnknownNameError, match="no sample has an id that starts with 'zz'"):
            tracer.trace("sample", "zz")
        with pytest.raises(UnknownNameError, match="more than one sample"):
            tracer.trace("sample", "")


def test_a_changed_raw_file_is_not_shown_as_what_it_was(
    twin_raw: Path, tmp_path: Path, opened: Callable[..., Workspace]
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(twin_raw / "bc5cdr_iob", raw / "bc5cdr_iob")
    workspace = opened("home", raw)
    run_steps(workspace, "raw_corpus", "instances", "verdicts", "benchmark", "lineage")
    item = _first(workspace, "SELECT min(item_id) FROM item")
    for path in (raw / "bc5cdr_iob").rglob("*.tsv"):
        path.touch()
    with Tracer(Workspace.look(workspace.home)) as tracer:
        texts = [record.text or "" for record in records(tracer.trace("item", item))]
    assert texts
    assert not any("has other bytes now" in text for text in texts)
    for path in (raw / "bc5cdr_iob").rglob("*.tsv"):
        path.write_bytes(b"Changed\tO\n\n" + path.read_bytes())
    with Tracer(workspace) as tracer:
        texts = [record.text or "" for record in records(tracer.trace("item", item))]
    assert texts
    assert all("has other bytes now" in text for text in texts)


def test_failed_corpus_keeps_its_last_good_output_named_stale(
    twin_raw: Path, tmp_path: Path, opened: Callable[..., Workspace]
) -> None:
    raw = tmp_path / "raw"
    for name in ("bc5cdr_iob", "meqsum"):
        shutil.copytree(twin_raw / name, raw / name)
    workspace = opened("home", raw)
    run_steps(workspace, "raw_corpus", "instances", "verdicts", "lineage")
    workspace.set_failure("raw_corpus", "meqsum", "planted: half of the rows are bad")
    run_steps(workspace, "lineage")
    with duckdb.connect(str(workspace.home / "lineage.duckdb"), read_only=True) as con:
        stale = dict(con.execute("SELECT partition, stale FROM build WHERE stale IS NOT NULL").fetchall())
        assert list(stale) == ["meqsum"]
        assert "planted" in stale["meqsum"]
        assert con.execute("SELECT count(*) FROM instance WHERE corpus = 'meqsum'").fetchall()[0][0] > 0


def test_compacting_again_gives_the_same_rows(built: Workspace, tmp_path: Path) -> None:
    from meds_pipeline.core.outputs import Draft
    from meds_pipeline.lineage.builds import first_seen
    from meds_pipeline.lineage.compact import compact
    from meds_pipeline.steps.lineage import current_build

    def contents(path: Path) -> dict[str, list[Any]]:
        with duckdb.connect(str(path), read_only=True) as con:
            return {table: con.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in columns()}

    draft = Draft(tmp_path, tmp_path)
    build = current_build(built)
    compact(build, first_seen(built.home, build.build_id), draft, built.settings.budget)
    assert contents(tmp_path / "lineage.duckdb") == contents(built.home / "lineage.duckdb")


def _first(workspace: Workspace, sql: str) -> str:
    with duckdb.connect(str(workspace.home / "lineage.duckdb"), read_only=True) as con:
        return ids(con, sql)[0]
