"""The report as text tables."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING, Any

from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats.averages import MAIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from meds_pipeline.scoring.report import Report
    from meds_pipeline.scoring.stats.ranking import Ranking

WIDTH = 120
_FLIPS_SHOWN = 5  # shown for each task


def _table(title: str, columns: Sequence[str], numbers: int) -> Table:
    """An empty table whose last `numbers` columns are right-aligned."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for i, column in enumerate(columns):
        right = i >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _cell(row: Mapping[str, Any] | None) -> str:
    """Value and interval; `*` marks figures that are not comparable with published ones."""
    if row is None or row["value"] is None:
        return "-"
    mark = "" if row["comparable"] else "*"
    bounds = "" if row["low"] is None else f" [{row['low']:.1f}, {row['high']:.1f}]"
    return f"{row['value']:.2f}{mark}{bounds}"


def _figures(report: Report, model: str, level: str, title: str) -> Table:
    """All figures of a level, of all scorers."""
    rows = [row for row in report.scores[model] if row["level"] == level and row["value"] is not None]
    found = {(row["scorer"], row["name"], row["metric"]): row for row in rows}
    known = load_registry().tasks
    names = list(dict.fromkeys((row["name"], row["metric"]) for row in rows))
    if level == "task":
        names.sort(key=lambda pair: (known[pair[0]].category if pair[0] in known else "~", _natural(pair[0])))
    else:
        # A category's rank (the mean of main metrics) is a row of its own only where its tasks have several metrics.
        single = {name for name, metric in names if (name, metric) in {(n, "accuracy") for n, _ in names}}
        names = sorted(pair for pair in names if not (pair[1] == MAIN and pair[0] in single))
    table = _table(title, ["category", "task", "metric", "items", *report.scorers], 1 + len(report.scorers))
    before = None
    for name, metric in names:
        cells = [found.get((scorer, name, metric)) for scorer in report.scorers]
        items = str(max(row["n"] for row in cells if row is not None))
        category = (known[name].category if name in known else "pooled by upstream") if level == "task" else name
        if before not in (None, category):
            table.add_section()
        label = "" if category == before else category
        before = category
        table.add_row(label, name if level == "task" else "", metric, items, *map(_cell, cells))
    return table


def _natural(name: str) -> tuple[str, int]:
    digits = name.lstrip("abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return name.removesuffix(digits), int(digits) if digits.isdigit() else 0


def _lines(report: Report, model: str) -> list[str]:
    """Outcomes, problems and notes."""
    submission = report.submissions[model]
    lines = [f"{len(submission.answers)} items scored of {submission.rows} rows."]
    for scorer, counts in report.outcomes(model).items():
        lines.append(f"Outcomes ({scorer}): " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
    for problem in submission.problems.rows():
        more = ", ..." if problem["count"] > len(problem["first"]) else ""
        lines.append(f"{problem['count']} {problem['meaning']}: {', '.join(problem['first'])}{more}.")
    notes = Counter(row["note"] for row in report.scores[model] if row["note"] and not row["comparable"])
    lines += [f"* not comparable: {note} ({count} figures)." for note, count in notes.items()]
    return lines + _remarks(report, model)


def _remarks(report: Report, model: str) -> list[str]:
    """Notes on averages; one line names all categories of which the file has no task."""
    tasks = {part.spec.category for part in report.parts[model]}
    rows = [row for row in report.scores[model] if row["note"] and row["comparable"] and row["level"] == "category"]
    lines, absent = [], list[str]()
    for row in rows:
        if row["value"] is None and row["name"] not in tasks:
            absent.append(row["name"])
        else:
            lines.append(f"{row['name']} ({row['scorer']} {row['metric']}): {row['note']}.")
    if absent:
        lines.append(f"Unranked, no answers at all: {', '.join(absent)}.")
    return lines


def _flips(report: Report, model: str) -> tuple[Table, list[str]]:
    rows = report.flips(model)
    by_category = Counter(row.category for row in rows)
    counts = ", ".join(f"{name} {count}" for name, count in sorted(by_category.items()))
    table = _table(f"{model}: items on which the scorers disagree", ["task", "item", "why", "official", "corrected"], 2)

    def shown(points: float | None, outcome: str) -> str:
        return outcome if points is None else f"{points:.2f} {outcome}"

    listed: Counter[str] = Counter()
    for row in sorted(rows, key=lambda row: (row.category, _natural(row.task_id))):
        listed[row.task_id] += 1
        if listed[row.task_id] <= _FLIPS_SHOWN:
            before, after = shown(row.official, row.before), shown(row.corrected, row.after)
            table.add_row(row.task_id, row.item_id[:12], row.why, before, after)
    hidden = any(count > _FLIPS_SHOWN for count in listed.values())
    more = f" The first {_FLIPS_SHOWN} of each task are listed; --format json has all." if hidden else ""
    return table, [f"{len(rows)} flips: {counts or 'none'}.{more}"]


def _chance(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def _comparisons(report: Report) -> tuple[Table, list[str]]:
    title = "Differences between models (paired by subject, corrected for all comparisons)"
    table = _table(title, ["scorer", "of", "metric", "models", "items", "difference", "p", "p corrected"], 4)
    for row in report.comparisons:
        if row.level != "task":
            pair = f"{row.first} - {row.second}"
            difference = f"{row.difference:+.2f} [{row.low:+.1f}, {row.high:+.1f}]"
            table.add_row(
                row.scorer, row.name, row.metric, pair, str(row.n), difference, _chance(row.p), _chance(row.adjusted)
            )
    return table, [_rank_line(ranking) for ranking in report.rankings]


def _rank_line(ranking: Ranking) -> str:
    groups = " > ".join(" = ".join(group) for group in ranking.groups) or "none"
    apart = "".join(f"; unranked: {model}, {reason}" for model, reason in ranking.unranked.items())
    return f"Ranking ({ranking.name}): {groups}{apart}"


def _coverage(report: Report) -> list[str]:
    """Which items the models have in common."""
    union, shared = sum(report.coverage.union.values()), sum(report.coverage.shared.values())
    lines = [f"Items: {union} in all, {shared} answered by every model."]
    for model, lacking in report.coverage.lacking.items():
        if lacking:
            tasks = ", ".join(f"{task} {count}" for task, count in lacking.items())
            lines.append(f"{model} lacks {sum(lacking.values())}: {tasks}.")
    return lines + [f"Warning: {warning}" for warning in report.warnings]


def render(report: Report, with_flips: bool) -> str:
    """All tables as plain text."""
    from rich.console import Console

    console = Console(file=StringIO(), width=WIDTH, color_system=None, highlight=False, markup=False)
    for model in report.submissions:
        console.print(_figures(report, model, "task", f"{model}: tasks (percent, 95 % interval)"))
        averages = _figures(report, model, "category", f"{model}: averages")
        if averages.row_count:
            console.print(averages)
        overall = [row for row in report.scores[model] if row["level"] == "overall" and row["value"] is not None]
        console.print(*(f"Overall ({row['scorer']}): {_cell(row)}" for row in overall), sep="\n")
        console.print("\n".join(_lines(report, model)), soft_wrap=True)
        if with_flips:
            table, lines = _flips(report, model)
            console.print(table)
            console.print("\n".join(lines), soft_wrap=True)
    if len(report.submissions) > 1:
        table, lines = _comparisons(report)
        console.print("\n".join(_coverage(report)), soft_wrap=True)
        console.print(table if report.comparisons else "Nothing could be compared.")
        console.print("\n".join(lines), soft_wrap=True)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    return "\n".join(line.rstrip() for line in text.splitlines())
