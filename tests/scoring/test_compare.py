"""Comparisons between models: luck is called luck, a real difference is found."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.compare import Comparison, compare, holm, tie_groups
from meds_pipeline.scoring.engine import measure
from meds_pipeline.scoring.registry import load_registry

if TYPE_CHECKING:
    from meds_pipeline.scoring.figures import TaskItems

TASKS = load_registry().tasks
REQUIRED = {"task57": "MCQA", "task125": "NER"}


def model(
    right: float, seed: int, size: int = 60, subjects: int | None = None, scorer: str = "corrected"
) -> list[TaskItems]:
    """A model that answers each item right with this probability."""
    rnd = random.Random(seed)  # noqa: S311 (test data)
    answers = []
    for task, truth, wrong in (("task125", "zinc.", "iron."), ("task57", "B", "C")):
        for i in range(size):
            subject = None if subjects is None else f"s{i % subjects}"
            output = truth if rnd.random() < right else wrong
            answers.append(Answer(f"{i:04d}", task, "", (truth,), output, subject))
    return measure(answers, (scorer,), TASKS, 1)


def by_name(rows: list[Comparison]) -> dict[tuple[str, str], Comparison]:
    return {(row.level, row.name): row for row in rows}


def test_a_real_difference_is_found_at_every_level() -> None:
    found = by_name(compare({"a": model(0.9, 1), "b": model(0.4, 2)}, REQUIRED))
    assert set(found) == {
        ("task", "task125"),
        ("task", "task57"),
        ("category", "NER"),
        ("category", "MCQA"),
        ("overall", "overall"),
    }
    for row in found.values():
        assert row.difference > 20
        assert row.adjusted < 0.01
        assert 0 < row.low < row.difference < row.high
    assert found["overall", "overall"].n == 120


def test_equal_models_are_tied_and_do_not_differ() -> None:
    rows = compare({"a": model(0.7, 1), "b": model(0.7, 1)}, REQUIRED)
    assert {(row.difference, row.p) for row in rows} == {(0.0, 1.0)}


def test_p_values_are_uniform_under_the_null() -> None:
    p = [
        by_name(compare({"a": model(0.6, s), "b": model(0.6, s + 500)}, REQUIRED, s, 199))["category", "MCQA"].p
        for s in range(60)
    ]
    assert sum(value < 0.1 for value in p) / 60 < 0.25
    assert 0.3 < sum(p) / 60 < 0.75


def test_intervals_are_wider_for_more_models() -> None:
    two = {"a": model(0.8, 1), "b": model(0.6, 2)}
    three = {**two, "c": model(0.7, 3)}
    widths = [
        by_name([r for r in compare(models, REQUIRED) if {r.first, r.second} == {"a", "b"}]) for models in (two, three)
    ]
    narrow, wide = (found["overall", "overall"] for found in widths)
    assert wide.difference == narrow.difference
    assert wide.high - wide.low > 1.1 * (narrow.high - narrow.low)


def test_official_averages_are_compared_as_upstream_prints_them() -> None:
    models = {name: model(right, seed, scorer="official") for name, right, seed in (("a", 0.9, 1), ("b", 0.4, 2))}
    found = by_name(compare(models, REQUIRED))
    assert set(found) == {("task", "task125"), ("task", "task57")}  # no average of which all tasks are there


def test_few_subjects_are_weak_evidence() -> None:
    free = by_name(compare({"a": model(0.8, 1), "b": model(0.5, 2)}, REQUIRED))["task", "task57"]
    few = by_name(compare({"a": model(0.8, 1, subjects=4), "b": model(0.5, 2, subjects=4)}, REQUIRED))["task", "task57"]
    assert few.difference == free.difference
    assert few.p >= 1 / 16 > free.p


def test_only_shared_items_are_compared() -> None:
    found = by_name(compare({"a": model(0.9, 1, size=60), "b": model(0.4, 2, size=30)}, REQUIRED))
    assert found["task", "task57"].n == 30


def test_categories_with_a_missing_task_are_not_compared() -> None:
    found = by_name(compare({"a": model(0.9, 1), "b": model(0.4, 2)}, {**REQUIRED, "task58": "MCQA"}))
    assert ("category", "MCQA") not in found
    assert ("category", "NER") in found
    assert ("overall", "overall") not in found


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([], []),
    ],
)
def test_holm(raw: list[float], adjusted: list[float]) -> None:
    assert holm(raw) == pytest.approx(adjusted)


def test_tie_groups() -> None:
    def row(first: str, second: str, p: float) -> Comparison:
        return Comparison("corrected", "overall", "overall", "main", first, second, 0.0, 0.0, 0.0, p, p, 1)

    rows = [row("a", "b", 0.4), row("a", "c", 0.01), row("b", "c", 0.2)]
    assert tie_groups({"a": 70.0, "b": 69.0, "c": 60.0}, rows) == [["a", "b"], ["c"]]
