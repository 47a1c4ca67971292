"""Pictures for the UI: PNGs that are small, the same twice, drawn without a display, and loaded only when asked for."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from leaderboard_sample import score_rows

from meds_pipeline.reports.pictures import loss_curve_png, score_plot_png

STEPS = list(range(1, 101))
LOSSES = [8.0 / step**0.5 for step in STEPS]


def pixels(png: bytes) -> tuple[int, int, int]:
    """Return width, height and the number of distinct colors."""
    from matplotlib.image import imread

    image = imread(io.BytesIO(png), format="png")
    height, width, _ = image.shape
    return width, height, len({tuple(color) for color in image.reshape(-1, image.shape[2])[::7]})


def test_loss_curve_is_a_small_png_that_follows_the_losses() -> None:
    png = loss_curve_png(STEPS, LOSSES)
    assert png.startswith(b"\x89PNG")
    assert len(png) < 80_000
    assert png == loss_curve_png(STEPS, LOSSES)
    assert png != loss_curve_png(STEPS, [loss / 2 for loss in LOSSES])
    assert pixels(png)[2] > 10


@pytest.mark.parametrize("size", [0, 1, 2])
def test_few_steps_can_be_drawn(size: int) -> None:
    assert loss_curve_png(STEPS[:size], LOSSES[:size]).startswith(b"\x89PNG")


def test_losses_without_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="2 steps and 1 losses"):
        loss_curve_png([1, 2], [0.5])


def test_score_plot_grows_with_its_lines() -> None:
    rows = [row for row in score_rows() if row.scorer == "official" and row.level == "task"]
    one = pixels(score_plot_png([row for row in rows if row.name == "task123"]))
    all_tasks = pixels(score_plot_png(rows))
    assert one[0] == all_tasks[0]
    assert all_tasks[1] > one[1]
    assert score_plot_png([]).startswith(b"\x89PNG")


def test_importing_the_reports_loads_neither_matplotlib_nor_jinja() -> None:
    code = "import sys, meds_pipeline.reports.pictures; print(sorted({'matplotlib', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
