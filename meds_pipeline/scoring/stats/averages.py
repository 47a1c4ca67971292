"""Averages over tasks: upstream's averages as its scripts print them, and the corrected averages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats import bootstrap
from meds_pipeline.scoring.stats.figures import Figure, mean_figure, task_figures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from meds_pipeline.scoring.base import FloatArray
    from meds_pipeline.scoring.registry import Average
    from meds_pipeline.scoring.stats.figures import TaskCounts

    ByMetric = dict[str, dict[str, Figure]]
    """Figures by task and metric."""

MAIN = "main"
"""Name under which a category or the whole is ranked: the mean of the tasks' main metrics."""


def official_pools(parts: Sequence[TaskCounts], sums: Sequence[FloatArray]) -> list[Figure]:
    """CT and MRI: all items of their regions in one mean."""
    pools: dict[str, list[int]] = defaultdict(list)
    for i, part in enumerate(parts):
        if part.spec.pool:
            pools[part.spec.pool].append(i)
    out: list[Figure] = []
    for pool, members in sorted(pools.items()):
        out += task_figures(pool, [parts[i] for i in members], np.sum([sums[i] for i in members], axis=0))
    return out


def official_average(average: Average, tasks: ByMetric) -> Iterable[Figure]:
    """One printed average, in every metric of its tasks; nothing if no task has rows.

    It is comparable with published averages only if all published tasks have rows.
    """
    present = [task for task in average.tasks if task in tasks]
    absent = [task for task in average.tasks if task not in tasks]
    whole = not any(load_registry().tasks[task].released for task in absent)
    for metric in tasks[present[0]] if present else ():
        parts = [tasks[task][metric] for task in present]
        note = "upstream prints no average: mean of the tasks with rows" if average.ours else ""
        if absent and not average.ours:
            note = f"upstream counts {', '.join(absent)} (no rows) as {average.absent:g}"
            parts += [_constant(task, metric, average.absent, parts[0].replicates) for task in absent]
        figure = mean_figure(parts, "official", "category", average.name, metric, [note])
        yield replace(figure, comparable=figure.comparable and whole)


def _constant(name: str, metric: str, value: float, like: FloatArray | None) -> Figure:
    """The constant that upstream's script puts into a mean for a task without rows."""
    replicates = None if like is None else np.full_like(like, value)
    return Figure("official", "task", name, metric, value, replicates, 0, 0)


def _tasks_of_official() -> dict[str, set[str]]:
    """The tasks behind every pool and average."""
    found: dict[str, set[str]] = defaultdict(set)
    for task, spec in load_registry().tasks.items():
        if spec.pool:
            found[spec.pool].add(task)
    for average in load_registry().averages:
        found[average.name].update(average.tasks)
    return found


def _withheld(figure: Figure, absent: Sequence[str]) -> Figure:
    """The figure; without its value if tasks are absent that it has to count."""
    if not absent:
        return figure
    return replace(figure, value=None, replicates=None, note=f"not submitted: {', '.join(absent)}")


def corrected_averages(
    scorer: str, tasks: ByMetric, main: Mapping[str, str], required: Mapping[str, str]
) -> list[Figure]:
    """Categories as plain means of their tasks' main figures, overall as the mean of categories.

    Args:
        scorer: Name of the scorer.
        tasks: Figures by task and metric.
        main: Main metric by task.
        required: Category by task; a category is unranked if one of its tasks here is missing.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for task, category in sorted(required.items()):
        members[category].append(task)
    ranked: list[Figure] = []
    out: list[Figure] = []
    for category, names in sorted(members.items()):
        absent = [name for name in names if name not in tasks]
        if absent:
            note = f"unranked: no answers for {', '.join(absent)}"
            ranked.append(Figure(scorer, "category", category, MAIN, None, None, 0, 0, note=note))
            out.append(ranked[-1])
            continue
        ranked.append(mean_figure([tasks[t][main[t]] for t in names], scorer, "category", category, MAIN))
        out.append(ranked[-1])
        for metric in sorted(set.intersection(*(set(tasks[name]) for name in names))):
            out.append(mean_figure([tasks[name][metric] for name in names], scorer, "category", category, metric))
    unranked = [figure.name for figure in ranked if figure.value is None]
    overall = mean_figure(ranked, scorer, "overall", "overall", MAIN)
    if unranked:
        overall = replace(overall, note=f"unranked: {', '.join(unranked)}")
    return [*out, overall]


def figures(
    parts: Sequence[TaskCounts],
    seed: int,
    required: Mapping[str, str],
    replicates: int,
    not_submitted: Collection[str] = (),
) -> list[Figure]:
    """All figures of all scorers.

    Args:
        parts: Counts of every task and scorer.
        seed: Seed of the bootstrap.
        required: Category by task, for all tasks the corrected scorer needs.
        replicates: Bootstrap replicates.
        not_submitted: Tasks that were asked and that a model left out as a whole: no figure over them has a value.
    """
    number, clusters = bootstrap.clusters([part.clusters() for part in parts])
    groups = [(cluster, part.counts) for cluster, part in zip(clusters, parts, strict=True)]
    sums = bootstrap.resample(groups, number, seed, replicates)
    out: list[Figure] = []
    for scorer in dict.fromkeys(part.scorer for part in parts):
        mine = [i for i, part in enumerate(parts) if part.scorer == scorer]
        own = [parts[i] for i in mine]
        rows = [row for i in mine for row in task_figures(parts[i].spec.task_id, [parts[i]], sums[i])]
        tasks: ByMetric = defaultdict(dict)
        for row in rows:
            tasks[row.name][row.metric] = row
        out += rows
        if scorer == "official":
            pools = official_pools(own, [sums[i] for i in mine])
            means = [row for average in load_registry().averages for row in official_average(average, tasks)]
            over = _tasks_of_official()
            out += [_withheld(row, sorted(over[row.name].intersection(not_submitted))) for row in (*pools, *means)]
        else:
            main = {part.spec.task_id: part.family.main for part in own}
            out += corrected_averages(scorer, tasks, main, required)
    return out
