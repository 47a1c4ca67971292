"""Scoring: MedS-Bench's official numbers exactly, the right numbers beside them, each with an error bar.

`score` measures a table of answers; `run_score` is what `meds score FILE...` prints. Names are loaded when they are
first used: the child processes that help with large files need neither Arrow nor tables.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meds_pipeline.scoring.engine import score
    from meds_pipeline.scoring.families import METRICS, SCORERS, VERSIONS
    from meds_pipeline.scoring.report import Report, run_score, score_files
    from meds_pipeline.scoring.table import ANSWERS, ITEMS, SCORES, Scored, answers_table

__all__ = [
    "ANSWERS",
    "ITEMS",
    "METRICS",
    "SCORERS",
    "SCORES",
    "VERSIONS",
    "Report",
    "Scored",
    "answers_table",
    "run_score",
    "score",
    "score_files",
]

_HOMES = {
    "engine": ("score",),
    "families": ("METRICS", "SCORERS", "VERSIONS"),
    "report": ("Report", "run_score", "score_files"),
    "table": ("ANSWERS", "ITEMS", "SCORES", "Scored", "answers_table"),
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
