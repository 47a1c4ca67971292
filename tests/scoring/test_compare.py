"""Comparisons between models: luck is called luck, a real difference is found."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.engine import measure, score_rows
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats.compare import Comparison, compare, holm

if TYPE_CHECKING:
    from meds_pipeline.scoring.stats.figures import TaskItems

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


@pytest.mark.parametrize("size", [60, 50])
def test_company_changes_no_difference_and_no_p_value(size: int) -> None:
    """Models with the same items are taken together, others two by two: either way the numbers are those of two."""
    two = {"a": model(0.8, 1), "b": model(0.6, 2)}
    alone = by_name(compare(two, REQUIRED, seed=3))
    mine = compare({**two, "c": model(0.7, 3, size=size)}, REQUIRED, seed=3)
    together = by_name([row for row in mine if (row.first, row.second) == ("a", "b")])
    assert {key: (row.difference, row.n) for key, row in alone.items()} == {
        key: (row.difference, row.n) for key, row in together.items()
    }
    assert {key: row.p for key, row in alone.items() if row.p > 0.001} == {
        key: row.p for key, row in together.items() if row.p > 0.001
    }


def test_official_averages_are_compared_as_upstream_prints_them() -> None:
    """Tasks that both models lack do not keep an average from being compared: five were never published."""
    models = {name: model(right, seed, scorer="official") for name, right, seed in (("a", 0.9, 1), ("b", 0.4, 2))}
    found = by_name(compare(models, REQUIRED))
    assert set(found) == {("task", "task125"), ("task", "task57"), ("category", "MCQA"), ("category", "NER")}
    values = {
        name: {row["name"]: row["value"] for row in score_rows(parts) if row["level"] == "category"}
        for name, parts in models.items()
    }
    for average in ("MCQA", "NER"):
        assert found["category", average].difference == pytest.approx(values["a"][average] - values["b"][average])


def test_official_averages_over_different_tasks_are_not_compared() -> None:
    first, second = (model(right, seed, scorer="official") for right, seed in ((0.9, 1), (0.4, 2)))
    found = by_name(compare({"a": first, "b": [p for p in second if p.spec.task_id == "task57"]}, REQUIRED))
    assert set(found) == {("task", "task57"), ("category", "MCQA")}
    more = measure([Answer("i", "task58", "", ("B",), "B")], ("official",), TASKS, 1)
    for models in ({"a": first, "b": [*second, *more]}, {"a": [*first, *more], "b": second}):
        assert ("category", "MCQA") not in by_name(compare(models, REQUIRED))


def test_few_subjects_are_weak_evidence() -> None:
    free = by_name(compare({"a": model(0.8, 1), "b": model(0.5, 2)}, REQUIRED))["task", "task57"]
    few = by_name(compare({"a": model(0.8, 1, subjects=4), "b": model(0.5, 2, subjects=4)}, REQUIRED))["task", "task57"]
    assert few.difference == free.difference
    assert few.p >= 1 / 16 > free.p


def test_fractions_of_points_do_not_make_two_subjects_evidence() -> None:
    """Rounds sum rounded counts: the unswapped round has to count as reaching the difference all the same."""
    texts = ("the dose was halved after a week", "the dose was doubled")
    models = {
        name: measure(
            [Answer(f"{i:03d}", "task114", "", (texts[0],), output, f"s{i % 2}") for i in range(93)],
            ("corrected",), TASKS, 1,
        )
        for name, output in (("a", texts[1]), ("b", "nothing of it"))
    }  # fmt: skip
    (row,) = [row for row in compare(models, {}) if row.level == "task"]
    assert row.difference > 10
    assert row.p == pytest.approx(0.5, abs=0.05)


def test_what_a_model_has_no_figure_for_is_not_compared() -> None:
    answers = [Answer(f"{i:03d}", "task125", "", ("zinc.",), "zinc.") for i in range(9)]
    empty = [answer._replace(output="") for answer in answers]
    models = {name: measure(rows, ("official",), TASKS, 1) for name, rows in (("a", answers), ("b", empty))}
    assert compare(models, {"task125": "NER"}) == []


def test_real_differences_outlast_the_correction_for_many_models() -> None:
    models = {f"m{i}": model(0.98 if i else 0.1, i, size=100) for i in range(9)}
    first = [row for row in compare(models, REQUIRED, rounds=99) if row.level == "task" and row.first == "m0"]
    assert len(first) == 16
    assert all(row.adjusted < 0.02 for row in first)
    assert all(row.adjusted < 0.001 for row in first if row.name == "task57")  # a mean, hence bounded


def test_intervals_stay_among_possible_differences() -> None:
    rows = compare({"a": model(0.9, 1, size=3), "b": model(0.1, 2, size=3)}, REQUIRED)
    assert all(-100 <= row.low <= row.high <= 100 for row in rows)


def test_a_difference_that_does_not_vary_is_not_certain() -> None:
    """Five of five against none: p is 1/16, so no difference may be among what is possible."""
    found = by_name(compare({"a": model(1.0, 1, size=5), "b": model(0.0, 2, size=5)}, REQUIRED))
    row = found["task", "task57"]
    assert (row.difference, row.p) == (100.0, 2 / 2**5)
    assert row.low < 0 < row.high == 100.0
    more = by_name(compare({"a": model(1.0, 1, size=40), "b": model(0.0, 2, size=40)}, REQUIRED))["task", "task57"]
    assert 70 < more.low < 90


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
