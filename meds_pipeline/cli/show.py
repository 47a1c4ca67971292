"""What the command line prints: progress of a run, tables, trees. Reads, never writes."""

from __future__ import annotations

import io
import shutil
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from meds_pipeline.cli.options import completed
from meds_pipeline.core import parquet
from meds_pipeline.core.events import BAD, Event, RunSummary, Started, StepOutcome, Working
from meds_pipeline.core.printable import printable
from meds_pipeline.status.faults import bad_records
from meds_pipeline.steps.board import submission_problems
from meds_pipeline.steps.unreleased import unreleased

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from rich.console import RenderableType
    from rich.progress import TaskID

    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.steps.plan import Planned, Would

WIDE = 200
"""Columns of a table if there is no terminal."""
_STYLES = {"built": "green", "unchanged": "dim", "failed": "bold red", "refused": "bold red", "not run": "yellow"}


_WOULD: dict[Would, str] = {
    "unchanged": "unchanged",
    "build": "would build",
    "check": "would check",
    "wait": "may build",
    "fail": "would fail",
}


class RunView:
    """Shows a run while it goes on, on stderr: one line per output, and below them the progress of the current step."""

    def __init__(self, *, quiet: bool = False) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn())
        self._quiet = quiet
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> RunView:
        """Start the display."""
        self._progress.start()
        self._bar("starting")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the display."""
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self._quiet:
            return
        if isinstance(event, Started):
            self._bar(f"{event.asset} {event.partition}")
        elif isinstance(event, Working):
            self._bar(event.what, event.done, event.total)
        else:
            self._progress.console.print(self._line(event), highlight=False)

    def _bar(self, what: str, done: int = 0, total: int | None = None) -> None:
        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        self._progress.add_task(safe(what), completed=done, total=total)

    def _line(self, outcome: StepOutcome) -> str:
        rows = "" if outcome.rows is None else f"{outcome.rows:,} rows"
        style = _STYLES[outcome.state]
        name = safe(f"{outcome.asset:<20} {outcome.partition:<16}")
        text = f"[{style}]{outcome.state:<9}[/] {name} {rows:>14} {outcome.seconds:>7.1f} s"
        return f"{text}\n          {safe(completed(outcome.problem))}" if outcome.state in BAD else text


def safe(text: str) -> str:
    """Return text of corpora as markup that shows it and does nothing else."""
    return escape(printable(text))


def show_run(workspace: Workspace, summary: RunSummary, options: str) -> str:
    """Return the summary of a run: failures, scores, where the results are, and commands to try next.

    Args:
        workspace: The home the run was on.
        summary: What the run did.
        options: The options that name this home, for the commands to try.
    """
    counts = {state: sum(o.state == state for o in summary.outcomes) for state in _STYLES}
    head = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    lines = [f"{head} in {summary.seconds:.1f} s"]
    lines += [printable(f"  {o.state}: {o.asset} of {o.partition}: {o.problem}") for o in summary.bad]
    lines += [printable(summary.problem)] if summary.problem else []
    lines += [
        f"  bad records of {name}: {count:,}; read them with: meds corpora faults {name}{options}"
        for name, count in bad_records(workspace).items()
    ]
    lines += [
        f"  submission {name}: {'; '.join(f'{fact.label} {fact.value}' for fact in facts)}"
        for name in workspace.settings.models
        if (facts := submission_problems(workspace, name))
    ]
    if tasks := unreleased(workspace):
        lines.append(f"  {show_unreleased(tasks)}")
    rows = score_rows(workspace)
    if workspace.origin == "twin":
        lines.append("\nThese are synthetic twins: the figures say that the pipeline works, nothing about medicine.")
    if rows:
        lines.append(show_scores([row for row in rows if row["level"] != "category"]))
    for label, name in (("leaderboard", "leaderboard/index.html"), ("lineage", "lineage.duckdb")):
        path = workspace.home / name
        if path.exists():
            lines.append(f"{label:<12} {path}")
    shown = next((row["score_id"] for row in rows if row["level"] == "task"), None)
    lines.append("\nNext, try:")
    program = "meds" if shutil.which("meds") else sys.argv[0]
    if shown is not None:
        lines.append(f"  {program} trace score {shown[:12]}{options}   # from a figure back to the bytes")
    lines.append(f"  {program} ui{options}   # the same run in Dagster, with schedule and backfills")
    if (workspace.home / "leaderboard").exists():
        lines.append(f"  {program} leaderboard --open{options}   # the page above in a browser")
    return completed("\n".join(lines))


def show_unreleased(tasks: Sequence[str]) -> str:
    """Return the line that names tasks without an item."""
    named = f"{len(tasks)} tasks are" if len(tasks) > 1 else "1 task is"
    return f"{named} in no release: {', '.join(tasks)}. To score them, freeze another: `meds bench freeze NAME`"


def show_plan(found: Sequence[Planned]) -> str:
    """Return what a run would do: one line per output with the reasons below it, and the counts."""
    lines = []
    for one in found:
        lines.append(f"{_WOULD[one.would]:<14} {one.asset:<20} {one.partition}")
        lines += [f"{'':<14}   because: {reason}" for reason in one.because]
    counts = {would: sum(one.would == would for one in found) for would in _WOULD}
    lines.append("\n" + ", ".join(f"{count} {_WOULD[would]}" for would, count in counts.items() if count))
    return printable("\n".join(lines))


def score_rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the scores of all models whose scores were not refused, tasks first, corrected before official.

    Raises:
        StoreError: Stored scores are damaged.
    """
    current = (workspace.store.current("scores", name) for name in workspace.settings.models)
    found = [output for output in current if output is not None and workspace.refusal(output) is None]
    files = [workspace.store.check(output).file("lineage/score.parquet") for output in found]
    if not files:
        return []
    with parquet.connect(threads=1, memory_limit="1GB", temporary=workspace.home) as con:
        parquet.view_of(con, "score", files)
        cursor = con.execute(
            "SELECT * FROM score ORDER BY scorer, list_position(['task', 'category', 'overall'], level), "
            "name, metric, list_position(?, model)",
            [list(workspace.settings.models)],
        )
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def show_scores(rows: Sequence[dict[str, Any]]) -> str:
    """Return a table of scores: one line per figure, one column per model."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("scorer", "of", "metric"):
        table.add_column(column)
    for model in models:
        table.add_column(model, justify="right")
    cells: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for row in rows:
        cells.setdefault((row["scorer"], row["name"], row["metric"]), {})[row["model"]] = row
    for figure, by_model in cells.items():
        table.add_row(*figure, *(_figure(by_model.get(model)) for model in models))
    return as_text(table) + _notes(rows)


def show_score_list(rows: Sequence[dict[str, Any]]) -> str:
    """Return scores with their ids, a line each; the id, which `meds trace` takes, is whole in any terminal."""
    lines = [["id", "scorer", "of", "metric", "model", "score"]]
    for row in rows:
        named = (row["score_id"][:12], row["scorer"], row["name"], row["metric"], row["model"])
        lines.append([*map(printable, named), _figure(row)])
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    text = (" ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join(text) + "\n" + _notes(rows)


def _figure(row: dict[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return "-"
    spread = "" if row["low"] is None else f" ({row['low']:.1f}-{row['high']:.1f})"
    return f"{row['value']:.1f}{'' if row['comparable'] else '*'}{spread}"


def _notes(rows: Sequence[dict[str, Any]]) -> str:
    marked = (row["note"] for row in rows if row["value"] is not None and not row["comparable"] and row["note"])
    notes = dict.fromkeys(note for text in marked for note in text.split("; "))
    return f"* not comparable with published figures: {'; '.join(notes)}\n" if notes else ""


def show_facts(facts: dict[str, Any]) -> str:
    """Return facts as lines."""
    width = max(map(len, facts))
    return printable("\n".join(f"{name:<{width}}  {value}" for name, value in facts.items()))


def columns_at_hand() -> int:
    """Return the width of the terminal, or `WIDE` if there is none."""
    terminal = Console()
    return terminal.width if terminal.is_terminal else WIDE


def as_text(renderable: RenderableType) -> str:
    """Render for the terminal, in color; without a terminal render without color and without cutting lines."""
    terminal = Console()
    if terminal.is_terminal:
        with terminal.capture() as captured:
            terminal.print(renderable, highlight=False)
        return captured.get()
    plain = Console(file=io.StringIO(), width=WIDE, color_system=None)
    with plain.capture() as captured:
        plain.print(renderable, highlight=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
