"""Small pictures for the Dagster UI, as PNG bytes: a loss curve and a plot of scores with their intervals.

Matplotlib draws without a display and is loaded on the first call. The same figures give the same bytes on one machine
(fonts differ between machines, so pictures are metadata and no part of any output's digest).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from meds_pipeline.reports.board.cells import metric_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meds_pipeline.reports.board.model import ScoreRow

COLORS = ("#0b6b7a", "#d08a1d", "#7a5195", "#4f7d3a", "#b5473c", "#5a6675")
INK, QUIET, GRID = "#16202c", "#5a6675", "#e6ebf0"
SMOOTHING = 20
"""The bold line averages over at most this many points."""


def loss_curve_png(steps: Sequence[int], losses: Sequence[float]) -> bytes:
    """Draw training loss by optimizer step.

    Args:
        steps: Step numbers, rising.
        losses: Cross-entropy in nats a token, one a step.

    Returns:
        A PNG of about 20 kB; one without a line where there are no steps.

    Raises:
        ValueError: If there are not as many losses as steps.
    """
    if len(steps) != len(losses):
        raise ValueError(f"{len(steps)} steps and {len(losses)} losses")
    figure, axes = _canvas(6.4, 3.4)
    smooth = _running_mean(losses, max(1, min(SMOOTHING, len(losses) // 5)))
    axes.plot(steps, losses, color=COLORS[0], alpha=0.3, linewidth=1, marker="." if len(steps) < 2 else None)
    axes.plot(steps, smooth, color=COLORS[0], linewidth=2)
    if losses:
        axes.annotate(f"{smooth[-1]:.2f}", (steps[-1], smooth[-1]), (6, 0), textcoords="offset points", va="center")
    axes.set_ylim(bottom=0)
    axes.set_title("Training loss", loc="left", color=INK, fontsize=11, fontweight="bold")
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("nats a token")
    return _png(figure)


def score_plot_png(rows: Sequence[ScoreRow]) -> bytes:
    """Draw scores as points with their 95 % intervals, one line a task (or category) and metric, one color a model.

    Args:
        rows: Scores of one scorer; rows without a value are left out. Mixed levels are drawn in the order given.

    Returns:
        A PNG whose height grows with the number of lines.
    """
    valued = [row for row in rows if row.value is not None]
    lines = list(dict.fromkeys((row.name, row.metric) for row in valued))
    models = list(dict.fromkeys(row.model for row in valued))
    figure, axes = _canvas(7.2, 1.5 + 0.5 * max(1, len(lines)))
    gap = 0.6 / max(1, len(models))
    for number, model in enumerate(models):
        for row in valued:
            if row.model != model or row.value is None:
                continue
            height = lines.index((row.name, row.metric)) + (number - (len(models) - 1) / 2) * gap
            color = COLORS[number % len(COLORS)]
            if row.low is not None and row.high is not None:
                axes.plot(
                    (row.low, row.high), (height, height), color=color, alpha=0.4, linewidth=4, solid_capstyle="butt"
                )
            axes.plot(row.value, height, "o", color=color, markersize=5)
        axes.plot([], [], "o", color=COLORS[number % len(COLORS)], label=model)
    axes.set_yticks(range(len(lines)), [f"{name}  {metric_name(metric)}" for name, metric in lines], color=INK)
    axes.set_ylim(max(1, len(lines)) - 0.5, -0.5)
    axes.set_xlim(-1, 101)
    axes.set_xlabel("percent, with 95 % interval")
    if models:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=9)
    return _png(figure)


def _running_mean(values: Sequence[float], width: int) -> list[float]:
    """Average each value with its neighbors, up to half of `width` on either side."""
    half = width // 2
    windows = (values[max(0, place - half) : place + half + 1] for place in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure and its axes in the site's colors; a plain Figure, so no global state of pyplot is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=QUIET, length=0, labelsize=9)
    axes.xaxis.label.set_color(QUIET)
    axes.yaxis.label.set_color(QUIET)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
