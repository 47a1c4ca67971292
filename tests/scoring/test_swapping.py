"""p values against an enumeration that is written anew here: never below the exact one."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest

from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.engine import measure
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats.compare import Comparison, compare

TASKS = load_registry().tasks
LABELS = TASKS["task106"].labels
Cells = Sequence[tuple[int, ...]]
"""For each cluster the counts of one model."""


def mean(sums: Sequence[int]) -> float:
    """(items, right)."""
    return 100 * sums[1] / sums[0]


def micro(sums: Sequence[int]) -> float:
    """(hits, extra, missed)."""
    hits, extra, missed = sums
    return 200 * hits / (2 * hits + extra + missed) if hits + extra + missed else 0.0


def macro(sums: Sequence[int]) -> float:
    """(hits, extra, missed) of each label; those that occur nowhere are left out."""
    cells = [sums[i : i + 3] for i in range(0, len(sums), 3)]
    figures = [micro(cell) for cell in cells if any(cell)]
    return sum(figures) / len(figures)


def exact(first: Cells, second: Cells, figure: Callable[[Sequence[int]], float]) -> float:
    """The share of all ways to swap clusters that reach the observed difference."""

    def difference(swapped: Sequence[bool]) -> float:
        sides = [(b, a) if swap else (a, b) for swap, a, b in zip(swapped, first, second, strict=True)]
        ours, theirs = ([sum(column) for column in zip(*side, strict=True)] for side in zip(*sides, strict=True))
        return abs(figure(ours) - figure(theirs))

    ways = list(itertools.product((False, True), repeat=len(first)))
    observed = difference(ways[0])
    return sum(difference(way) >= observed - 1e-5 for way in ways) / len(ways)


def compared(task: str, truths: Sequence[str], outputs: Sequence[Sequence[str]], subjects: Sequence[str]) -> Comparison:
    models = {
        name: measure(
            [
                Answer(f"{i:04d}", task, "", (truth,), output, subject)
                for i, (truth, output, subject) in enumerate(zip(truths, said, subjects, strict=True))
            ],
            ("corrected",),
            TASKS,
            1,
        )
        for name, said in zip("ab", outputs, strict=True)
    }
    (row,) = [row for row in compare(models, {}) if row.level == "task"]
    return row


def by_subject(subjects: Sequence[str], counts: Cells) -> list[tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for subject, cells in zip(subjects, counts, strict=True):
        before = found.get(subject, (0,) * len(cells))
        found[subject] = tuple(a + b for a, b in zip(before, cells, strict=True))
    return list(found.values())


class Case(NamedTuple):
    """Two models' answers to some items of a task."""

    task: str
    truths: list[str]
    outputs: list[list[str]]
    counts: list[list[tuple[int, ...]]]
    figure: Callable[[Sequence[int]], float]


def choices(rnd: random.Random, size: int) -> Case:
    outputs = [["B" if rnd.random() < right else "C" for _ in range(size)] for right in (0.9, 0.3)]
    return Case("task57", ["B"] * size, outputs, [[(1, int(o == "B")) for o in said] for said in outputs], mean)


def tally(gold: Sequence[str], said: Sequence[str]) -> tuple[int, int, int]:
    return len({*gold} & {*said}), len({*said} - {*gold}), len({*gold} - {*said})


def entities(rnd: random.Random, size: int) -> Case:
    golds = [[f"gene{i}x{j}" for j in range(rnd.choice([1, 1, 2, 6]))] for i in range(size)]
    said = [
        [
            [name for name in gold if rnd.random() < right] + [f"junk{i}x{j}" for j in range(rnd.choice(junk))]
            for i, gold in enumerate(golds)
        ]
        for right, junk in ((0.9, [0, 0, 1]), (0.2, [0, 1, 10]))
    ]
    counts = [[tally(g, s) for g, s in zip(golds, model, strict=True)] for model in said]
    texts = [[", ".join(found) or "none" for found in model] for model in said]
    return Case("task125", [", ".join(gold) + "." for gold in golds], texts, [[*c] for c in counts], micro)


def labels(rnd: random.Random, size: int) -> Case:
    golds = [rnd.sample(LABELS, rnd.choice([1, 2])) for _ in range(size)]
    said = [[gold if rnd.random() < right else rnd.sample(LABELS, 1) for gold in golds] for right in (0.95, 0.2)]

    def cells(gold: Sequence[str], found: Sequence[str]) -> tuple[int, ...]:
        each = [tally([name] if name in gold else [], [name] if name in found else []) for name in LABELS]
        return tuple(count for cell in each for count in cell)

    counts = [[cells(g, s) for g, s in zip(golds, model, strict=True)] for model in said]
    texts = [[", ".join(found) for found in model] for model in said]
    return Case("task106", [", ".join(gold) for gold in golds], texts, counts, macro)


@pytest.mark.parametrize("kind", [choices, entities, labels])
@pytest.mark.parametrize("seed", range(8))
def test_few_subjects_are_enumerated(kind: Callable[[random.Random, int], Case], seed: int) -> None:
    rnd = random.Random(seed)  # noqa: S311 (test data)
    size = rnd.randint(2, 12)
    case = kind(rnd, size)
    subjects = [f"s{rnd.randint(0, size)}" for _ in range(size)]
    row = compared(case.task, case.truths, case.outputs, subjects)
    first, second = (by_subject(subjects, cells) for cells in case.counts)
    ours, theirs = ([sum(column) for column in zip(*side, strict=True)] for side in (first, second))
    assert row.difference == pytest.approx(case.figure(ours) - case.figure(theirs))
    assert row.p == pytest.approx(exact(first, second, case.figure))


@pytest.mark.parametrize("kind", [choices, entities])
def test_more_subjects_are_sampled(kind: Callable[[random.Random, int], Case]) -> None:
    case = kind(random.Random(3), 15)  # noqa: S311 (test data)
    turned = [i % 4 == 0 for i in range(15)]  # so that chance may well reach the difference
    mixed = [[case.outputs[turn ^ side][i] for i, turn in enumerate(turned)] for side in (0, 1)]
    counts = [[case.counts[turn ^ side][i] for i, turn in enumerate(turned)] for side in (0, 1)]
    row = compared(case.task, case.truths, mixed, [f"s{i}" for i in range(15)])
    expected = exact(counts[0], counts[1], case.figure)
    assert 0.02 < expected < 0.9
    assert row.p == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 4999))


@pytest.mark.parametrize("size", [14, 17, 20])
def test_what_random_choices_do_not_reach_is_enumerated(size: int) -> None:
    """All right against all wrong: exactly two of all choices reach that."""
    row = compared("task57", ["B"] * size, [["B"] * size, ["C"] * size], [f"s{i}" for i in range(size)])
    assert row.p == 2.0 ** (1 - size)


def test_all_choices_are_taken_where_several_reach_the_difference() -> None:
    """Nineteen subjects for the first model, one for the second: turning any one of them comes to the same."""
    outputs = [["C"] + ["B"] * 19, ["B"] + ["C"] * 19]
    row = compared("task57", ["B"] * 20, outputs, [f"s{i}" for i in range(20)])
    assert row.p == 21 / 2**19


@pytest.mark.parametrize("size", [21, 30, 50, 90])
def test_the_bound_for_means_is_a_bound_and_no_loose_one(size: int) -> None:
    row = compared("task57", ["B"] * size, [["B"] * size, ["C"] * size], [f"s{i}" for i in range(size)])
    assert 2.0 ** (1 - size) <= row.p < math.exp(-size / 2)


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_for_means_holds_for_subjects_of_any_size(seed: int) -> None:
    rnd = random.Random(seed)  # noqa: S311 (test data)
    subjects = [f"s{k}" for k in range(22) for _ in range(rnd.choice([1, 1, 2, 3]))]
    outputs = [["B" if rnd.random() < right else "C" for _ in subjects] for right in (0.99, 0.01)]
    row = compared("task57", ["B"] * len(subjects), outputs, subjects)
    sides = (by_subject(subjects, [(1, int(o == "B")) for o in said]) for said in outputs)
    weights = [a[1] - b[1] for a, b in zip(*sides, strict=True)]
    sums = np.zeros(1)
    for weight in weights:
        sums = np.concatenate([sums + weight, sums - weight])
    assert row.p < 1 / 5000
    assert row.p >= (np.abs(sums) >= sum(weights)).mean()


def test_no_bound_stands_in_for_what_is_no_mean() -> None:
    """One gold entity an item, the second model names ten wrong ones: the normal tail is far below the exact p."""
    size = 16
    golds = [f"gene{i}." for i in range(size)]
    junk = [", ".join(f"junk{i}x{j}" for j in range(10)) for i in range(size)]
    row = compared("task125", golds, [golds, junk], [f"s{i}" for i in range(size)])
    assert row.p == pytest.approx(2.0 ** (1 - size))


def test_many_subjects_get_as_many_rounds_as_comparisons_ask_for() -> None:
    size = 40
    golds = [f"gene{i}." for i in range(size)]
    junk = [f"junk{i}, other{i}" for i in range(size)]
    answers = [
        [Answer(f"{i:04d}", "task125", "", (golds[i],), said) for i, said in enumerate(model)]
        for model in (golds, junk)
    ]
    good, bad = (measure(rows, ("corrected",), TASKS, 1) for rows in answers)
    models = {f"m{i}": bad for i in range(15)} | {"best": good}
    rows = [row for row in compare(models, {}, rounds=99) if "best" in (row.first, row.second)]
    assert {row.p for row in rows} == {1 / 12_001}  # 120 pairs, a hundred rounds each
    assert max(row.adjusted for row in rows) < 0.05
