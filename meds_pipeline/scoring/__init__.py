"""Scoring: MedS-Bench's official numbers exactly, the right numbers beside them, each with an error bar.

`score` measures a table of answers; `run_score` is what `meds score FILE...` prints.
"""

from __future__ import annotations

from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.families import SCORERS, VERSIONS
from meds_pipeline.scoring.report import Report, run_score, score_files
from meds_pipeline.scoring.table import ANSWERS, ITEMS, SCORES, Scored, answers_table

__all__ = [
    "ANSWERS",
    "ITEMS",
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
