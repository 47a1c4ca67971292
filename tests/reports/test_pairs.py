"""Paired tests for the board: right for a case worked out by hand, and only of the figures that are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from meds_pipeline.reports.stage import gather

from meds_pipeline.core import parquet
from meds_pipeline.core.outputs import Manifest, Output
from meds_pipeline.lineage.builds import current_build
from meds_pipeline.reports import ScoreRow, write_leaderboard
from meds_pipeline.reports.pairs import paired_tests
from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.table import answers_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.reports import LeaderboardData

ITEMS = 5
ANSWERS = {"all-right": "B", "right-too": "B", "wrong": "C"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Three models on five choice questions: two answer all of them right, one none."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE item AS SELECT 'i' || n AS item_id, 'task57' AS task_id, 'question' AS input, "
            "['B'] AS \"references\", 'c' AS corpus, NULL::VARCHAR AS subject, 'accuracy_choice' AS metric, "
            "'MCQA' AS category, []::VARCHAR[] AS labels FROM range(?) AS r(n)",
            [ITEMS],
        )
        connection.execute(
            "CREATE TABLE prediction (model VARCHAR, item_id VARCHAR, output VARCHAR, cut_off BOOLEAN, error VARCHAR)"
        )
        for model, output in ANSWERS.items():
            connection.execute(
                "INSERT INTO prediction SELECT ?, item_id, ?, false, NULL FROM item ORDER BY item_id", [model, output]
            )
        yield connection


def scored() -> dict[str, Output]:
    manifest = Manifest(
        asset="scores", partition="", fingerprint="", version="", inputs={}, settings={"seed": 0}, rows={}, facts={},
        files={}, digest="", started_at=datetime(2026, 1, 1, tzinfo=UTC), seconds=0.0,
    )  # fmt: skip
    return {model: Output(Path(), manifest) for model in ANSWERS}


def figures() -> list[ScoreRow]:
    rows = []
    for model, output in ANSWERS.items():
        answers = [
            {"item_id": f"i{n}", "task_id": "task57", "references": ["B"], "output": output} for n in range(ITEMS)
        ]
        result = score(answers_table(answers), ("corrected",), required={"task57"})
        rows += [ScoreRow(model=model, score_id=model, **row) for row in result.scores.to_pylist()]
    return rows


def test_p_is_right_for_a_case_worked_out_by_hand(con: duckdb.DuckDBPyConnection) -> None:
    """Five swaps give a difference of 100 points only where all or none are made: p = 2/32.

    Holm: the two smallest of three p values become 3 * 2/32, and the second no less than the first.
    """
    found = {(t.first, t.second): t for t in paired_tests(con, scored(), figures()) if t.level == "task"}
    assert {pair: test.difference for pair, test in found.items()} == {
        ("all-right", "right-too"): 0.0,
        ("all-right", "wrong"): 100.0,
        ("right-too", "wrong"): 100.0,
    }
    assert found["all-right", "right-too"].adjusted == 1.0
    for first in ("all-right", "right-too"):
        test = found[first, "wrong"]
        assert test.p == pytest.approx(2 / 32, abs=0.01)
        assert test.adjusted == pytest.approx(3 * 2 / 32, abs=0.03)
        assert test.n == ITEMS
        assert not test.apart  # five items are too few, however clear they look
    assert {t.level for t in paired_tests(con, scored(), figures())} == {"task", "category", "overall"}


def test_tests_that_do_not_fit_the_scores_are_left_out(
    con: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture
) -> None:
    older = [replace(row, value=90.0) if row.model == "wrong" else row for row in figures()]
    found = paired_tests(con, scored(), older)
    assert {(test.first, test.second) for test in found} == {("all-right", "right-too")}
    assert "6 paired tests left out" in caplog.text


def test_one_model_is_compared_with_nobody(con: duckdb.DuckDBPyConnection) -> None:
    alone = {"wrong": scored()["wrong"]}
    assert paired_tests(con, alone, figures()) == ()


def gathered(built: Workspace, tmp_path: Path) -> LeaderboardData:
    outputs = {name: built.store.require("scores", name) for name in sorted(built.settings.models)}
    with parquet.connect(threads=1, memory_limit="1GB", temporary=tmp_path) as connection:
        return gather(connection, built, current_build(built), outputs)


def test_a_run_has_tests_of_all_its_models_and_outcomes_of_all_its_answers(built: Workspace, tmp_path: Path) -> None:
    data = gathered(built, tmp_path)
    values = {(s.scorer, s.level, s.name, s.metric, s.model): s.value for s in data.scores}
    for pair in data.pairs:
        cell = (pair.scorer, pair.level, pair.name, pair.metric)
        first, second = values[*cell, pair.first], values[*cell, pair.second]
        assert first is not None
        assert second is not None
        assert pair.difference == pytest.approx(first - second, abs=1e-6)
    overall = [pair for pair in data.pairs if pair.level == "overall"]
    assert len(overall) == len(data.models) * (len(data.models) - 1) // 2
    assert {pair.name for pair in data.pairs if pair.level == "task"} == {task.task for task in data.tasks}
    for scorer in ("official", "corrected"):
        counted = sum(count.items for count in data.outcomes if count.scorer == scorer)
        assert counted == len(data.models) * data.release.items


def test_gathering_twice_gives_the_same_site(built: Workspace, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_leaderboard(gathered(built, tmp_path / "scratch"), tmp_path / name)
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.html")}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
