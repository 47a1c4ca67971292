"""Renders the leaderboard of the current build."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.board import board_inputs, scores_of_release
from meds_pipeline.steps.lineage import READS, current_build, inputs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, _: str) -> Needs:
    """The step reads all outputs of the build: the page names the build, whose outputs decide what the page shows."""
    from meds_pipeline.reports.board.stage import publish, render_board

    build = current_build(ws)
    release = ws.store.require("benchmark", ALL)
    board = board_inputs(ws, build, release, scores_of_release(ws, release))
    settings = {
        "build": build.build_id,
        "origin": board.origin,
        "stale": build.stale_names(),
        "models": [asdict(card) for card in board.models],
        "titles": dict(board.titles),
        "unreleased": board.unreleased,
        "absent": [asdict(absence) for absence in board.absent],
        "private": list(board.private),
        "closed": ws.closed_tasks(release),
    }
    return Needs(
        inputs_of(build),
        settings,
        lambda draft: render_board(board, draft),
        publish=publish,
    )


STEP = Step(
    asset="leaderboard",
    version="6",
    group="publication",
    partitions="all",
    reads=READS,
    about="The leaderboard page: every model's scores with intervals, and what they rest on.",
    kinds=frozenset({"html"}),
    code=(
        *("reports/board", "steps/board.py", "scoring/stats", "scoring/base.py", "scoring/registry.py"),
        *("benchmark/access.py", "catalog/published.py", "catalog/published.yaml", "core/files.py", "core/parquet.py"),
    ),
    needs=_needs,
)
