"""The parts of a page: figures and their cells, with rows and columns in order, and their names."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meds_pipeline.reports.board.model import ModelCard, ScoreRow, TaskCard
    from meds_pipeline.reports.board.ranking import Rank
    from meds_pipeline.scoring.stats.compare import Comparison

METRICS = {
    "accuracy": "accuracy",
    "bleu1": "BLEU-1",
    "rougeL": "ROUGE-L",
    "rouge_l": "ROUGE-L",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "main": "main metric",
    "f1": "F1",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "precision": "precision",
    "recall": "recall",
}


def slug(name: str) -> str:
    """Return a file name or anchor for any text: a plain text is unchanged, others get a hash that keeps them apart."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    if plain == name:
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def metric_name(metric: str) -> str:
    """Return the field's spelling of a metric, or the name itself with blanks."""
    return METRICS.get(metric, metric.replace("_", " "))


@dataclass(frozen=True, slots=True)
class FigureKey:
    """The figure that a column of the ranking table or a row of the task table shows."""

    scorer: str
    level: str
    name: str
    metric: str

    @property
    def label(self) -> str:
        """Metric in words."""
        return metric_name(self.metric)

    @classmethod
    def of(cls, row: ScoreRow | Comparison) -> FigureKey:
        """The figure that a score or comparison is about."""
        return cls(row.scorer, row.level, row.name, row.metric)


@dataclass(frozen=True, slots=True)
class Cell:
    """One score with its rank; `best` marks the first tie group, if another model is behind it.

    `gap` says why there is no rank: the release or the model's answers lack tasks of the average.
    """

    score: ScoreRow
    rank: Rank | None
    best: bool
    gap: str = ""

    @property
    def anchor(self) -> str:
        """Id of the place where the score's trace command stands."""
        return f"score-{slug(self.score.score_id)}"

    @property
    def page(self) -> str:
        """Page with the anchor, from the site's root: the task's page for a task's score, else the model's page."""
        score = self.score
        return f"tasks/{slug(score.name)}.html" if score.level == "task" else f"models/{slug(score.model)}.html"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model's cells in the order of the columns; None for a score that the model does not have."""

    model: ModelCard
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class RankingTable:
    """Models by categories, for one scorer; `gaps` says for each column why no model is ranked on it."""

    scorer: str
    columns: tuple[FigureKey, ...]
    gaps: tuple[str, ...]
    rows: tuple[ModelRow, ...]


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task and metric with a cell for every model; `lead` marks the first metric of a task."""

    task: TaskCard
    figure: FigureKey
    cells: tuple[Cell | None, ...]
    lead: bool


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """The tasks of one category."""

    category: str
    rows: tuple[TaskRow, ...]
