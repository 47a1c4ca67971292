"""Paired comparisons of models: they tell whether a difference is more than chance.

p values come from approximate randomization by subject (`swapping.py`) and are corrected for the number of comparisons
of a scorer and level by Holm's method. Intervals of differences come from the paired bootstrap and are widened for the
same number (Bonferroni). A figure that either model does not have (no item counts) is not compared.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats.averages import MAIN
from meds_pipeline.scoring.stats.differences import Difference, model_pairs, summed
from meds_pipeline.scoring.stats.swapping import Swapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meds_pipeline.scoring.stats.differences import ModelPair
    from meds_pipeline.scoring.stats.figures import TaskCounts

ROUNDS, MOST_ROUNDS = 4999, 99_999
SIGNIFICANT = 0.05
_ROUNDS_A_COMPARISON = 100
"""Rounds per comparison of a level, if the first ones do not decide: Holm's p value can then reach 0.01."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the items both answered, in percent points of the main metric.

    Attributes:
        scorer: Name of the scorer.
        level: task, category or overall.
        name: Name of the task or category, or `overall`.
        metric: The metric compared.
        first: Model with the name that sorts first.
        second: The other model.
        difference: First minus second.
        low: Lower end of its 95 % interval, widened for all comparisons of the scorer and level.
        high: Upper end.
        p: Two-sided p value.
        adjusted: p after Holm's correction over all comparisons of the scorer and level.
        n: Items compared.
    """

    scorer: str
    level: str
    name: str
    metric: str
    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    adjusted: float
    n: int

    @property
    def apart(self) -> bool:
        """Whether the difference is more than chance; otherwise the models are tied."""
        return self.adjusted < SIGNIFICANT

    def turned(self) -> Comparison:
        """The same comparison the other way round."""
        return replace(
            self, first=self.second, second=self.first, difference=-self.difference, low=-self.high, high=-self.low
        )

    def row(self) -> dict[str, Any]:
        """As a plain dict."""
        return asdict(self)


class _Group(NamedTuple):
    """A figure that is compared: a weighted sum over tasks, as the weight of each task."""

    level: str
    name: str
    metric: str
    weights: Mapping[str, float]


class _Found(NamedTuple):
    """A comparison before the correction for several comparisons."""

    names: tuple[str, str]
    group: _Group
    difference: Difference
    p: float


def _groups(
    scorer: str, main: Mapping[str, str], tasks: tuple[set[str], set[str]], required: Mapping[str, str], *, whole: bool
) -> list[_Group]:
    """The figures to compare: every shared task, and every average (overall too) whose tasks both models have.

    Args:
        scorer: Name of the scorer.
        main: Main metric of each task with shared items.
        tasks: The tasks each model has.
        required: Category by task, for all tasks the corrected scorer needs.
        whole: Whether the official scorer needs them too.
    """
    groups = [_Group("task", task, metric, {task: 1.0}) for task, metric in main.items()]
    if scorer == "official":
        for average in load_registry().averages:
            there, theirs = ([task for task in average.tasks if task in have] for have in tasks)
            if whole and any(task in required and task not in there for task in average.tasks):
                continue
            # A task that both lack enters both averages as the same constant.
            if there and there == theirs and all(task in main for task in there):
                of = len(there) if average.ours else len(average.tasks)
                groups.append(_Group("category", average.name, main[there[0]], dict.fromkeys(there, 1 / of)))
        return groups
    members: dict[str, list[str]] = {}
    for task, category in sorted(required.items()):
        members.setdefault(category, []).append(task)
    complete = {name: names for name, names in sorted(members.items()) if all(task in main for task in names)}
    means = [(name, dict.fromkeys(names, 1 / len(names))) for name, names in complete.items()]
    groups += [_Group("category", name, MAIN, weights) for name, weights in means]
    if means and len(complete) == len(members):
        overall = {task: weight / len(means) for _, weights in means for task, weight in weights.items()}
        groups.append(_Group("overall", "overall", MAIN, overall))
    return groups


def _compare_pair(
    pair: ModelPair,
    scorer: str,
    tasks: tuple[set[str], set[str]],
    required: Mapping[str, str],
    seed: int,
    rounds: int,
    pairs: int,
    *,
    whole: bool,
) -> Iterator[_Found]:
    """All comparisons of two models; `pairs` is the number of pairs."""
    groups = _groups(scorer, {task: one.family.main for task, one in pair.counts.items()}, tasks, required, whole=whole)
    for group in groups:
        weights = list(group.weights.values())
        difference = summed([pair.differences[task] for task in group.weights], weights)
        if math.isnan(difference.observed):
            continue
        level = sum(other.level == group.level for other in groups)
        enough = max(rounds, min(MOST_ROUNDS, _ROUNDS_A_COMPARISON * pairs * level))
        swapping = Swapping([pair.counts[task] for task in group.weights], weights)
        p = swapping.p_value(difference.observed, difference.swapped, seed, enough)
        yield _Found(pair.models, group, difference, p)


def compare(
    models: Mapping[str, Sequence[TaskCounts]],
    required: Mapping[str, str],
    seed: int = 0,
    rounds: int = ROUNDS,
    *,
    whole: bool = False,
) -> list[Comparison]:
    """Compare every pair of models, for each scorer, by task, category and overall.

    Args:
        models: Counts of every scorer and task, by model.
        required: Category by task, for the tasks that enter categories; a category in which either model lacks a
            task is not compared.
        seed: Seed of the rounds.
        rounds: Number of rounds.
        whole: Whether the official averages, too, are compared only if neither model lacks a task of `required`. If
            false, a task that both lack enters as the constant that upstream counts.
    """
    out: list[Comparison] = []
    for scorer in dict.fromkeys(part.scorer for parts in models.values() for part in parts):
        mine = {name: [part for part in parts if part.scorer == scorer] for name, parts in models.items()}
        tasks = {name: {part.spec.task_id for part in parts} for name, parts in mine.items()}
        found: list[_Found] = []
        for pair in (pairs := model_pairs(mine, seed, rounds)):
            first, second = pair.models
            both = tasks[first], tasks[second]
            found += _compare_pair(pair, scorer, both, required, seed, rounds, len(pairs), whole=whole)
        for level in ("task", "category", "overall"):
            ours = [one for one in found if one.group.level == level]
            adjusted = holm([one.p for one in ours])
            out += [_corrected(scorer, one, holms, len(ours)) for one, holms in zip(ours, adjusted, strict=True)]
    return out


def _corrected(scorer: str, found: _Found, adjusted: float, number: int) -> Comparison:
    """A comparison corrected for the number of comparisons."""
    difference, group = found.difference, found.group
    low, high = difference.interval(SIGNIFICANT / number)
    return Comparison(
        scorer,
        group.level,
        group.name,
        group.metric,
        *found.names,
        difference=difference.observed,
        low=low,
        high=high,
        p=found.p,
        adjusted=adjusted,
        n=difference.n,
    )


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = highest
    return adjusted
