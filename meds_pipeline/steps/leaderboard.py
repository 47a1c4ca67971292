"""Renders the leaderboard of the current build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.steps.lineage import current_build
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, _: str) -> Needs:
    from meds_pipeline.reports.stage import publish, render_leaderboard

    build = current_build(ws)
    scored = {name: output for name in sorted(ws.settings.models) if (output := ws.store.current("scores", name))}
    return Needs(
        {f"scores:{name}": output for name, output in scored.items()},
        {"build": build.build_id, "origin": ws.origin, "stale": build.stale_names()},
        lambda draft: render_leaderboard(ws, build, scored, draft),
        publish=publish,
    )


STEP = Step(
    asset="leaderboard",
    version="4",
    group="publication",
    partitions="all",
    reads=("scores",),
    about="The leaderboard page: every model's scores with intervals, and what they rest on.",
    kinds=frozenset({"html"}),
    code=("reports", "scoring", "core/parquet.py"),
    needs=_needs,
)
