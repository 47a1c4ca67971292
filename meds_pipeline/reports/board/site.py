"""The leaderboard as a static site: `index.html`, one page per task, one page per model.

It works from a folder (`file://`) and every page holds its own style. Pages run no script and load nothing from
elsewhere; their content security policy forbids it. All text of models and corpora is escaped.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from meds_pipeline.core.files import write_atomic
from meds_pipeline.reports.board.cells import metric_name, slug
from meds_pipeline.reports.board.tallies import OUTCOMES
from meds_pipeline.reports.board.views import Board

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

    from meds_pipeline.reports.board.model import LeaderboardData

SCORER_HINTS = {
    "corrected": "The same metrics with the slips of the official scripts repaired: use these to choose a model.",
    "official": (
        "Computed as the scripts of MedS-Bench do, slips included: use these beside published numbers, task by task. "
        "Gold answers themselves do not reach 100 everywhere."
    ),
}


def write_leaderboard(data: LeaderboardData, out: Path) -> None:
    """Write the site below `out`; the same data gives the same bytes.

    Args:
        data: What to show; checked when it was made.
        out: Folder of the site, made if it does not exist. `index.html` is written last, so it never links to a missing
            page. Other files of earlier sites stay.
    """
    board = Board(data)
    titles = {task.task: task.title for task in data.tasks}
    for task in data.tasks:
        examples = [example for example in data.examples if example.task == task.task]
        page = _render("task.html.j2", board, root="../", task=task, examples=examples)
        write_atomic(out / "tasks" / f"{slug(task.task)}.html", page)
    for model in data.models:
        page = _render("model.html.j2", board, root="../", model=model, titles=titles, scorer_hints=SCORER_HINTS)
        write_atomic(out / "models" / f"{slug(model.name)}.html", page)
    write_atomic(out / "index.html", _render("index.html.j2", board, root="", scorer_hints=SCORER_HINTS))


def _render(template: str, board: Board, **values: object) -> bytes:
    return _environment().get_template(template).render(board=board, data=board.data, **values).encode()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("meds_pipeline.reports.board"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "chance": _chance,
        "metric": metric_name,
        "percent": _percent,
        "along": _along,
        "points": _points,
        "range": _range,
        "signed": _signed,
        "slug": slug,
    }
    environment.globals["OUTCOMES"] = OUTCOMES
    return environment


def _percent(value: float | None) -> str:
    """Show percent with one decimal place, as published tables do; with two if one place would show 0."""
    return "–" if value is None else _minus(f"{value:.{_decimals(value)}f}")


def _decimals(value: float) -> int:
    return 2 if 0.005 <= abs(value) < 0.05 else 1


def _range(low: float, high: float) -> str:
    """Show an interval; a negative one with "to" between its ends, because a dash would look like a minus."""
    between = " to " if low < 0 else "–"
    return f"{_percent(low)}{between}{_percent(high)}"


def _signed(value: float) -> str:
    return _minus(f"{value:+.{_decimals(value)}f}")


def _minus(number: str) -> str:
    """Use a true minus sign, and no sign before a zero."""
    zero = not number.strip("+-0.")
    return number.lstrip("+-") if zero else number.replace("-", "−")


def _chance(p: float) -> str:
    """Show a p value to three places."""
    return "<0.001" if p < 0.001 else f"{p:.3f}".rstrip("0").rstrip(".")


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _along(value: float) -> str:
    """Return the place of a figure on a bar from 0 to 100."""
    return f"{min(max(value, 0.0), 100.0):.2f}"
