"""From the leaderboard's data to what each page lays out: cells with ranks, rows and columns in order, links."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.reports.ranking import Standing, index_pairs, standings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meds_pipeline.reports.model import LeaderboardData, ModelCard, PairedTest, ScoreRow, TaskCard

SCORERS = ("official", "corrected")
METRICS = {
    "accuracy": "accuracy",
    "bleu1": "BLEU-1",
    "rougeL": "ROUGE-L",
    "rouge_l": "ROUGE-L",
    "f1": "F1",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "precision": "precision",
    "recall": "recall",
}


def slug(name: str) -> str:
    """Return a file name or anchor for any text: itself where it is plain, else with a hash that keeps names apart."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    if plain == name:
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def metric_name(metric: str) -> str:
    """Return the field's spelling of a metric, or the name itself with blanks."""
    return METRICS.get(metric, metric.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Figure:
    """What a column of the standings or a row of the tasks is about."""

    scorer: str
    level: str
    name: str
    metric: str

    @property
    def label(self) -> str:
        """Metric in words."""
        return metric_name(self.metric)


@dataclass(frozen=True, slots=True)
class Cell:
    """One score with its rank; `best` marks the leading tie group where somebody is behind it."""

    score: ScoreRow
    standing: Standing | None
    best: bool

    @property
    def anchor(self) -> str:
        """Id of the place where the score's trace command stands."""
        return f"score-{slug(self.score.score_id)}"

    @property
    def page(self) -> str:
        """Page of that place, from the site's root: the task's for a task's score, else the model's."""
        score = self.score
        return f"tasks/{slug(score.name)}.html" if score.level == "task" else f"models/{slug(score.model)}.html"


@dataclass(frozen=True, slots=True)
class Row:
    """One model's cells in the order of the columns; None where it has no such score."""

    model: ModelCard
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Standings:
    """Models by categories, for one scorer."""

    scorer: str
    columns: tuple[Figure, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task and metric with a cell for every model; `lead` on the first metric of a task."""

    task: TaskCard
    figure: Figure
    cells: tuple[Cell | None, ...]
    lead: bool


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """The tasks of one category."""

    category: str
    rows: tuple[TaskRow, ...]


class Board:
    """Looks up cells; every page is laid out from it."""

    def __init__(self, data: LeaderboardData) -> None:
        self.data = data
        self.scorers = _scorers(data.scores)
        margins = index_pairs(data.pairs)
        figures: dict[Figure, list[ScoreRow]] = {}
        for row in data.scores:
            figures.setdefault(Figure(row.scorer, row.level, row.name, row.metric), []).append(row)
        self.figures = tuple(figures)
        self._cells: dict[tuple[Figure, str], Cell] = {}
        for figure, rows in figures.items():
            ranks = standings(rows, margins)
            contested = any(standing.rank > 1 for standing in ranks.values())
            for row in rows:
                standing = ranks.get(row.model)
                best = contested and standing is not None and standing.rank == 1
                self._cells[figure, row.model] = Cell(row, standing, best)
        self.models = self._ordered_models()

    def cell(self, figure: Figure, model: ModelCard) -> Cell | None:
        """The score of a model, or None."""
        return self._cells.get((figure, model.name))

    def standings(self, scorer: str) -> Standings:
        """Models by overall and categories; where the scorer gave neither, by tasks."""
        wide = [f for f in self.figures if f.scorer == scorer and f.level in ("overall", "category")]
        shown = wide or [f for f in self.figures if f.scorer == scorer]
        categories = list(dict.fromkeys(task.category for task in self.data.tasks))

        def place(figure: Figure) -> tuple[int, int]:
            known = figure.name in categories
            return (0 if figure.level == "overall" else 1, categories.index(figure.name) if known else len(categories))

        columns = tuple(sorted(shown, key=place))
        rows = tuple(Row(model, tuple(self.cell(column, model) for column in columns)) for model in self.models)
        return Standings(scorer, columns, rows)

    def tasks(self, scorer: str) -> tuple[TaskGroup, ...]:
        """Tasks and metrics by models, grouped by category in the order of the tasks."""
        groups: dict[str, list[TaskRow]] = {}
        for task in self.data.tasks:
            for number, figure in enumerate(self.task_figures(task, scorer)):
                cells = tuple(self.cell(figure, model) for model in self.models)
                groups.setdefault(task.category, []).append(TaskRow(task, figure, cells, lead=number == 0))
        return tuple(TaskGroup(category, tuple(rows)) for category, rows in groups.items())

    def task_figures(self, task: TaskCard, scorer: str) -> list[Figure]:
        """The metrics of a task in the scorer's order."""
        return [f for f in self.figures if f.scorer == scorer and f.level == "task" and f.name == task.task]

    def model_cells(self, model: ModelCard, scorer: str) -> list[Cell]:
        """All scores of a model: overall, categories, tasks."""
        order = {"overall": 0, "category": 1, "task": 2}
        cells = [cell for (f, name), cell in self._cells.items() if name == model.name and f.scorer == scorer]
        return sorted(cells, key=lambda cell: order.get(cell.score.level, 3))

    def task_pairs(self, task: TaskCard) -> list[PairedTest]:
        """The paired tests on a task."""
        return [pair for pair in self.data.pairs if pair.level == "task" and pair.name == task.task]

    def notes(self) -> list[str]:
        """Why figures are marked as not comparable, each reason once."""
        return _reasons(self.data.scores)

    def figure_notes(self, figure: Figure) -> list[str]:
        """The same for one figure."""
        cells = (self.cell(figure, model) for model in self.models)
        return _reasons(cell.score for cell in cells if cell)

    def _ordered_models(self) -> tuple[ModelCard, ...]:
        """Best first: by mean rank on the first scorer's widest level that has scores, then by name."""
        levels = {f.level for f in self.figures}
        widest = next((level for level in ("overall", "category", "task") if level in levels), "")

        def key(model: ModelCard) -> tuple[float, float, str]:
            cells = [
                cell
                for figure in self.figures
                if figure.level == widest and figure.scorer == self.scorers[0]
                if (cell := self.cell(figure, model)) and cell.standing
            ]
            if not cells:
                return (float("inf"), 0.0, model.name)
            ranks = sum(cell.standing.rank for cell in cells if cell.standing) / len(cells)
            values = sum(cell.score.value or 0.0 for cell in cells) / len(cells)
            return (ranks, -values, model.name)

        return tuple(sorted(self.data.models, key=key))


def _reasons(rows: Iterable[ScoreRow]) -> list[str]:
    return list(dict.fromkeys(row.note for row in rows if not row.comparable and row.note))


def _scorers(rows: Iterable[ScoreRow]) -> tuple[str, ...]:
    present = {row.scorer for row in rows}
    known = [scorer for scorer in SCORERS if scorer in present]
    return (*known, *sorted(present - set(known)))
