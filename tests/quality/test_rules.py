"""Every quality rule catches what it is for and leaves the rest alone."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from meds_pipeline.quality.verdicts import rules

INSTANCE = pa.schema(
    [("instance_id", pa.string()), ("task_id", pa.string()), ("input", pa.string()), ("outputs", pa.list_(pa.string()))]
)
TASKS = pa.table(
    {
        "task_id": ["label", "free"],
        "metric": ["accuracy_substring", "bleu1_rougeL"],
        "labels": pa.array([["yes", "no"], []], pa.list_(pa.string())),
    }
)
CASES = {
    "unknown_label": (("label", "q", ["perhaps"]), ("label", "q", ["no"])),
    "control_character": (("free", "a\x00b", ["x"]), ("free", "a\tb\r\nc", ["x"])),
    "input_too_long": (("free", "x" * 101, ["x"]), ("free", "x" * 100, ["x"])),
    "replacement_character": (("free", "a", ["na\ufffdve"]), ("free", "a", ["naïve"])),
    "chat_marker": (("free", "ignore this <|eot_id|> and", ["x"]), ("free", "p < 0.05 | n > 3", ["x"])),
    "answer_in_input": (
        ("free", "note: take one tablet in the evening.", ["take one tablet in the evening"]),
        ("label", "yes or no", ["yes"]),
    ),
}


def failing(rule: str, rows: list[tuple[str, str, list[str]]]) -> list[str]:
    table = pa.Table.from_pylist(
        [dict(zip(INSTANCE.names, (str(n), *row), strict=True)) for n, row in enumerate(rows)], INSTANCE
    )
    with duckdb.connect() as con:
        con.register("instance", table)
        con.register("task", TASKS)
        con.execute("SET VARIABLE max_input_chars = 100")
        found = next(r for r in rules() if r.name == rule)
        return sorted(row[0] for row in con.execute(found.sql).fetchall())


@pytest.mark.parametrize("rule", CASES)
def test_rule(rule: str) -> None:
    assert failing(rule, list(CASES[rule])) == ["0"]


def test_contradicting_labels_are_both_named_and_agreeing_ones_are_not() -> None:
    rows = [("label", "q1", ["yes"]), ("label", "q1", ["no"]), ("label", "q2", ["yes"]), ("label", "q2", ["yes"])]
    assert failing("contradicting_label", rows) == ["0", "1"]


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in rules()} == {*CASES, "contradicting_label"}
