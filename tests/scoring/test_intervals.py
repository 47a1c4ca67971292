"""Intervals: for few clusters and at the edges too they hold the truth as often as they say."""

from __future__ import annotations

import random

import numpy as np
import pytest

from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.engine import measure, score_rows
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats import bootstrap
from meds_pipeline.scoring.stats.intervals import Margins, effective, pooled_clusters, reach, together, unseen
from meds_pipeline.scoring.stats.intervals import interval as ends

TASKS = load_registry().tasks


def interval(outputs: dict[str, list[str]], name: str, seed: int = 0, replicates: int = 400) -> tuple[float, float]:
    """Interval of a task or category for answers to tasks whose truth is always B (or the entity zinc)."""
    truths = {"task57": "B", "task122": "B", "task125": "zinc."}
    answers = [
        Answer(f"{i:04d}", task, "", (truths[task],), said)
        for task in sorted(outputs)
        for i, said in enumerate(outputs[task])
    ]
    rows = score_rows(measure(answers, ("corrected",), TASKS, 1), seed, dict.fromkeys(outputs, "One"), replicates)
    row = next(row for row in rows if row["name"] == name)
    return row["low"], row["high"]


@pytest.mark.parametrize(
    ("size", "right"), [(5, 0.8), (5, 0.95), (10, 0.9), (10, 0.5), (20, 0.95), (20, 0.05), (30, 0.9), (100, 0.98)]
)
def test_small_samples_and_edges_are_covered(size: int, right: float) -> None:
    """Quantiles of replicates alone hold 80 % in 66 of 100 samples of five, and 95 % in 63 of 100 samples of twenty."""
    rnd = random.Random(size)  # noqa: S311 (test data)
    covered = 0
    for run in range(150):
        said = ["B" if rnd.random() < right else "C" for _ in range(size)]
        low, high = interval({"task57": said}, "task57", run, 200)
        covered += low - 1e-9 <= 100 * right <= high + 1e-9
    assert covered / 150 > 0.9


def test_an_average_of_tasks_that_do_not_vary_is_covered() -> None:
    rnd = random.Random(8)  # noqa: S311 (test data)
    covered = 0
    for run in range(150):
        said = {
            task: ["B" if rnd.random() < 0.9 else "C" for _ in range(size)]
            for task, size in (("task57", 6), ("task122", 12))
        }
        low, high = interval(said, "One", run, 200)
        covered += low <= 90 <= high
    assert covered / 150 > 0.9


@pytest.mark.parametrize("size", [2, 5, 20, 200])
def test_all_right_and_all_wrong_are_not_certain(size: int) -> None:
    share = 1 - 0.025 ** (1 / size)
    assert interval({"task57": ["B"] * size}, "task57") == pytest.approx((100 - 100 * share, 100))
    assert interval({"task57": ["C"] * size}, "task57") == pytest.approx((0, 100 * share))
    assert interval({"task125": ["zinc."] * size}, "task125") == pytest.approx((100 - 100 * share, 100))


def test_few_clusters_reach_further_than_many() -> None:
    drawn = np.linspace(40.0, 60.0, 1001)
    few, many = (ends(50.0, drawn, clusters, Margins()) for clusters in (5, 10_000))
    assert few is not None
    assert many == pytest.approx((40.5, 59.5), abs=0.01)
    assert few[0] < 40.1 < 59.9 < few[1]


def test_an_average_is_more_certain_than_its_parts() -> None:
    whole = interval({"task57": ["B"] * 10, "task122": ["B"] * 10}, "One")
    part = interval({"task57": ["B"] * 10}, "task57")
    assert part[0] < whole[0] < whole[1] == 100
    assert 100 - whole[0] == pytest.approx((100 - part[0]) / np.sqrt(2))


def test_items_without_subject_are_clusters_of_their_own_in_every_task() -> None:
    """Items of two tasks with equal ids are no cluster: right in one and wrong in the other would then never vary."""
    said = {"task57": ["B"] * 10 + ["C"] * 10, "task122": ["C"] * 10 + ["B"] * 10}
    low, high = interval(said, "One")
    assert high - low > 20


def test_weights_are_poisson() -> None:
    drawn = np.concatenate([chunk.ravel() for chunk in bootstrap.weights(4000, seed=3, replicates=100)])
    assert drawn.mean() == pytest.approx(1, abs=0.01)
    assert drawn.var() == pytest.approx(1, abs=0.02)
    assert (drawn == 0).mean() == pytest.approx(np.exp(-1), abs=0.005)


@pytest.mark.parametrize(
    ("clusters", "alpha", "student"),
    [(2, 0.05, 12.7062), (5, 0.05, 2.7764), (31, 0.05, 2.0423), (1001, 0.05, 1.9623), (5, 0.001, 8.6103)],
)
def test_ends_reach_as_far_as_students_t(clusters: int, alpha: float, student: float) -> None:
    """The bootstrap's standard error is too small by the root of (clusters - 1) / clusters."""
    assert reach(clusters, alpha) == pytest.approx(student * np.sqrt(clusters / (clusters - 1)), abs=1e-3)


def test_clusters_of_unequal_size_tell_less() -> None:
    assert effective(np.array([3.0, 3.0, 3.0])) == pytest.approx(3)
    assert effective(np.array([10.0, 1.0, 1.0])) < 1.5
    assert pooled_clusters([(1.0, 10.0), (1.0, 10.0)]) == pytest.approx(19)
    assert pooled_clusters([(1.0, 5.0), (0.0, 100.0)]) == pytest.approx(5)


def test_margins_add_up_in_squares() -> None:
    assert together([(0.5, Margins(6, 0)), (0.5, Margins(8, 2))]) == Margins(5, 1)
    assert unseen(100.0, 1.0) == Margins(97.5, 0.0)
