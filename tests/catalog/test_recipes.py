"""The short form of a recipe is one SELECT, and does what the SELECT does."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from meds_pipeline.catalog.recipes import recipe_sql

VIEW = "SELECT 7 AS source, 's' AS subject, 'train' AS split, 'why' AS explanation, 'q' AS question, 3 AS n"


def run(recipe: Any, view: str = VIEW) -> list[dict[str, Any]]:
    sql = recipe_sql(recipe)
    assert isinstance(sql, str)
    with duckdb.connect() as con:
        con.execute(f"CREATE VIEW asked AS {view}")
        found = con.sql(sql)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


SHORT = {"from": "asked", "input": "question", "outputs": "n + 1"}


@pytest.mark.parametrize(
    ("recipe", "row"),
    [
        (SHORT, {"source": 7, "subject": "s", "split": "train", "input": "q", "outputs": 4}),
        (
            {**SHORT, "split": "'test'", "record_key": "upper(question)", "explanation": "explanation"},
            {"source": 7, "subject": "s", "split": "test", "record_key": "Q", "explanation": "why"}
            | {"input": "q", "outputs": 4},
        ),
        ({"select": "SELECT n AS outputs FROM asked"}, {"outputs": 3}),
        ("SELECT n AS outputs FROM asked", {"outputs": 3}),
    ],
)
def test_columns_pass_through_unless_said(recipe: Any, row: dict[str, Any]) -> None:
    assert run(recipe) == [row]


def test_where_leaves_rows_out() -> None:
    assert len(run({**SHORT, "where": "n > 3 OR n = 3"})) == 1
    assert run({**SHORT, "where": "n > 3 OR n < 3"}) == []


def test_every_column_may_be_an_expression() -> None:
    said = {"source": "1", "subject": "2", "record_key": "3", "split": "4"}
    assert run({**SHORT, **said}, "SELECT 'q' AS question, 0 AS n") == [
        {"source": 1, "subject": 2, "record_key": 3, "split": 4, "input": "q", "outputs": 1}
    ]


@pytest.mark.parametrize("fragment", ["n FROM asked --", "n, (SELECT 1", "n) FROM secret; SELECT (1"])
def test_an_expression_cannot_end_the_select_it_stands_in(fragment: str) -> None:
    with pytest.raises(duckdb.Error):
        run({**SHORT, "outputs": fragment})


@pytest.mark.parametrize(
    ("recipe", "place"),
    [
        ({"from": "asked", "outputs": "n"}, ("input",)),
        ({**SHORT, "from": "a; b"}, ("from",)),
        ({**SHORT, "outptus": "n"}, ("outptus",)),
        ({**SHORT, "input": "  "}, ("input",)),
    ],
)
def test_what_is_wrong_is_said_of_its_key(recipe: Any, place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        recipe_sql(recipe)
    assert [error["loc"] for error in caught.value.errors()] == [place]
