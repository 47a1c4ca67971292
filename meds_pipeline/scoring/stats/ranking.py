"""Rankings: models from best to worst, ties of models that do not differ significantly, and why a model is unranked.

Figures are ranked only if they are about the same items. A model is unranked in a category if it lacks items that
another model of the call answers, or lacks a task. It keeps its figures and its comparisons, which are about shared
items; but its rank would depend on which items it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from meds_pipeline.scoring.stats.averages import MAIN
from meds_pipeline.scoring.stats.compare import SIGNIFICANT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from meds_pipeline.scoring.stats.compare import Comparison
    from meds_pipeline.scoring.submission.joining import Coverage

_UNRANKED = "unranked: "


class Ranking(NamedTuple):
    """One category, or the whole, by the corrected scorer.

    Attributes:
        level: category or overall.
        name: Name of the category, or `overall`.
        groups: Tie groups, best first.
        unranked: Why a model has no rank, by unranked model.
    """

    level: str
    name: str
    groups: list[list[str]]
    unranked: dict[str, str]


def rankings(
    scores: Mapping[str, Sequence[Mapping[str, Any]]],
    comparisons: Sequence[Comparison],
    coverage: Coverage,
    required: Mapping[str, str],
) -> list[Ranking]:
    """Rank models in every category for which any model has a figure, and overall.

    Args:
        scores: Figures after schema `SCORES`, by model.
        comparisons: Comparisons of all pairs of models.
        coverage: Which model lacks which items.
        required: Category by task, for all tasks the corrected scorer needs.
    """
    found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for model, rows in scores.items():
        for row in rows:
            if row["scorer"] == "corrected" and row["level"] != "task" and row["metric"] == MAIN:
                found.setdefault((row["level"], row["name"]), {})[model] = row
    out = []
    for (level, name), figures in found.items():
        if all(row["value"] is None for row in figures.values()):
            continue
        tasks = [task for task, category in required.items() if level == "overall" or category == name]
        reasons = {model: _reason(model, row, tasks, coverage) for model, row in figures.items()}
        values = {model: row["value"] for model, row in figures.items() if not reasons[model]}
        mine = [c for c in comparisons if (c.scorer, c.level, c.name) == ("corrected", level, name)]
        unranked = {model: reason for model, reason in reasons.items() if reason}
        out.append(Ranking(level, name, tie_groups(values, mine), unranked))
    return out


def _reason(model: str, row: Mapping[str, Any], tasks: Sequence[str], coverage: Coverage) -> str:
    """Why a model is not ranked; empty if it is ranked."""
    if row["value"] is None:
        return str(row["note"]).removeprefix(_UNRANKED)
    lacking = {task: count for task, count in coverage.lacking[model].items() if task in tasks}
    if not lacking:
        return ""
    there = sum(coverage.union[task] for task in lacking)
    return f"lacks {sum(lacking.values())} of {there} items that others answer ({', '.join(lacking)})"


def tie_groups(values: Mapping[str, float], comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Models from best to worst; a model that is not significantly behind the best of a group is tied with it.

    Args:
        values: Figure by model.
        comparisons: Comparisons of one scorer, level and name.
    """
    ahead = {
        (row.first, row.second) if row.difference > 0 else (row.second, row.first)
        for row in comparisons
        if row.adjusted < SIGNIFICANT
    }
    return grouped(values, lambda best, other: (best, other) in ahead)


def grouped(values: Mapping[str, float], apart: Callable[[str, str], bool]) -> list[list[str]]:
    """Models from best to worst; a model that `apart` does not separate from the best of a group joins the group.

    Args:
        values: Figure by model.
        apart: Whether the better of two models is ahead by more than chance.
    """
    groups: list[list[str]] = []
    for model in sorted(values, key=lambda name: (-values[name], name)):
        if groups and not apart(groups[-1][0], model):
            groups[-1].append(model)
        else:
            groups.append([model])
    return groups
