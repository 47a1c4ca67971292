"""Turns the leaderboard's data into the parts of each page: cells with ranks, rows and columns in order, links."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from meds_pipeline.reports.board.cells import Cell, FigureKey, ModelRow, RankingTable, TaskGroup, TaskRow
from meds_pipeline.reports.board.duels import Duel, duel
from meds_pipeline.reports.board.ranking import TieGroup, ranked_groups
from meds_pipeline.reports.board.tallies import Tally, tallies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meds_pipeline.reports.board.model import CategoryCard, LeaderboardData, ModelCard, ScoreRow, TaskCard
    from meds_pipeline.scoring.stats.compare import Comparison

SCORERS = ("corrected", "official")
"""Scorers in the order of the page; the page opens with the first one."""
RANKED = ("main", "accuracy", "f1", "rougeL")
"""Metrics by which a scorer with main figures ranks: the first of these that a task or category has."""


class Board:
    """Looks up cells; every page is laid out from it."""

    def __init__(self, data: LeaderboardData) -> None:
        self.data = data
        self.scorers = _scorers(data.scores)
        self.with_outcomes = {count.task for count in data.outcomes}
        figures: dict[FigureKey, list[ScoreRow]] = {}
        for row in data.scores:
            figures.setdefault(FigureKey.of(row), []).append(row)
        self.figures = tuple(figures)
        self._cards = {(card.scorer, card.name): card for card in data.categories}
        self._answered = {(row.scorer, row.model, row.name) for row in data.scores if row.level == "task"}
        self._compared: dict[FigureKey, list[Comparison]] = {}
        self._between: dict[tuple[str, frozenset[str]], list[Comparison]] = {}
        for compared in data.comparisons:
            figure, models = FigureKey.of(compared), frozenset((compared.first, compared.second))
            if not any(self._gap(figure, model) for model in models):
                self._compared.setdefault(figure, []).append(compared)
                self._between.setdefault((compared.scorer, models), []).append(compared)
        self._main = {figure.scorer for figure in figures if figure.metric == "main"}
        self._groups: dict[FigureKey, tuple[TieGroup, ...]] = {}
        self._cells: dict[tuple[FigureKey, str], Cell] = {}
        for figure, rows in figures.items():
            gaps = {row.model: self._gap(figure, row.model) for row in rows}
            ranked = (row for row in rows if not gaps[row.model])
            groups = self._groups[figure] = ranked_groups(ranked, self._compared.get(figure, []))
            ranks = {model: group.rank for group in groups for model in group.models}
            for row in rows:
                rank = ranks.get(row.model)
                best = len(groups) > 1 and rank is not None and rank.place == 1
                self._cells[figure, row.model] = Cell(row, rank, best, gaps[row.model])
        self.models = self._ordered_models()

    def cell(self, figure: FigureKey, model: ModelCard) -> Cell | None:
        """The score of a model, or None."""
        return self._cells.get((figure, model.name))

    @property
    def missing(self) -> int:
        """Number of remarks on missing, withheld or old data."""
        data = self.data
        return len(data.absent) + len(data.withheld) + len(data.stale) + bool(data.release.flagged)

    def card(self, figure: FigureKey) -> CategoryCard | None:
        """The card of an average; None for a task, and for an average without a card."""
        return None if figure.level == "task" else self._cards.get((figure.scorer, figure.name))

    def gaps(self, scorer: str) -> list[CategoryCard]:
        """Averages of a scorer on which no model is ranked."""
        shown = dict.fromkeys(figure.name for figure in self.figures if figure.scorer == scorer)
        return [card for name in shown if (card := self._cards.get((scorer, name))) and card.gap]

    def _gap(self, figure: FigureKey, model: str) -> str:
        """Why a model is not ranked on an average; empty if it is ranked."""
        card = self.card(figure)
        if card is None or card.gap:
            return card.gap if card else ""
        there = sum((figure.scorer, model, task) in self._answered for task in card.tasks)
        if there == len(card.tasks):
            return ""
        return f"{there} of {len(card.tasks)} tasks submitted" if there else "not submitted"

    def ranking_table(self, scorer: str) -> RankingTable:
        """Models by overall figure and categories; by tasks, if the scorer has neither."""
        wide = [f for f in self.figures if f.scorer == scorer and f.level in ("overall", "category")]
        shown = self._ranked(wide or [f for f in self.figures if f.scorer == scorer])
        categories = list(dict.fromkeys(task.category for task in self.data.tasks))

        def place(figure: FigureKey) -> tuple[int, int]:
            known = figure.name in categories
            return (0 if figure.level == "overall" else 1, categories.index(figure.name) if known else len(categories))

        columns = tuple(sorted(shown, key=place))
        rows = tuple(ModelRow(model, tuple(self.cell(column, model) for column in columns)) for model in self.models)
        gaps = tuple(card.gap if (card := self.card(column)) else "" for column in columns)
        return RankingTable(scorer, columns, gaps, rows)

    def tasks(self, scorer: str) -> tuple[TaskGroup, ...]:
        """Tasks with their ranking metrics, a cell per model, grouped by category in the order of the tasks."""
        groups: dict[str, list[TaskRow]] = {}
        for task in self.data.tasks:
            for number, figure in enumerate(self._ranked(self.task_figures(task, scorer))):
                cells = tuple(self.cell(figure, model) for model in self.models)
                groups.setdefault(task.category, []).append(TaskRow(task, figure, cells, lead=number == 0))
        return tuple(TaskGroup(category, tuple(rows)) for category, rows in groups.items())

    def task_figures(self, task: TaskCard, scorer: str) -> list[FigureKey]:
        """The metrics of a task in the scorer's order."""
        return [f for f in self.figures if f.scorer == scorer and f.level == "task" and f.name == task.task]

    def model_cells(self, model: ModelCard, scorer: str, *, task_level: bool, ranked: bool = True) -> list[Cell]:
        """The scores of a model on tasks, in the order of the tasks, or overall and on categories.

        Args:
            model: The model.
            scorer: The scorer.
            task_level: True for the scores on tasks, false for overall and categories.
            ranked: True for the figures by which models are ranked, false for the others.
        """
        order = {task.task: number for number, task in enumerate(self.data.tasks)}
        figures = [f for f in self.figures if f.scorer == scorer and (f.level == "task") == task_level]
        kept = set(self._ranked(figures))
        figures = [figure for figure in figures if (figure in kept) == ranked]
        figures.sort(key=lambda f: order[f.name] if task_level else f.level != "overall")
        return [cell for figure in figures if (cell := self.cell(figure, model))]

    def tie_groups(self, figure: FigureKey) -> tuple[TieGroup, ...]:
        """Tie groups of a figure, best first."""
        return self._groups[figure]

    def rankings(self, scorer: str) -> list[tuple[FigureKey, tuple[TieGroup, ...]]]:
        """Tie groups of overall and of each category on which models were compared."""
        columns = self.ranking_table(scorer).columns
        return [(f, self._groups[f]) for f in columns if self._compared.get(f) and f.level != "task"]

    def comparisons(self, figure: FigureKey) -> list[Comparison]:
        """The comparisons of a figure, the better model first; equal models and rows are in the order of the board."""
        place = {model.name: number for number, model in enumerate(self.models)}

        def turned(row: Comparison) -> Comparison:
            behind = row.difference < 0 or (row.difference == 0 and place[row.first] > place[row.second])
            return row.turned() if behind else row

        found = [turned(row) for row in self._compared.get(figure, [])]
        return sorted(found, key=lambda row: sorted((place[row.first], place[row.second])))

    def compared(self, task: TaskCard) -> bool:
        """Whether any two models were compared on a task."""
        return any(key.level == "task" and key.name == task.task for key in self._compared)

    def duels(self, scorer: str) -> list[Duel]:
        """The duels of every two models that were compared; the model that is higher on the board is first."""
        return self._duels(scorer, combinations(self.models, 2))

    def duels_of(self, model: ModelCard, scorer: str) -> list[Duel]:
        """The duels of a model with each other model."""
        return self._duels(scorer, ((model, other) for other in self.models if other != model))

    def _duels(self, scorer: str, pairs: Iterable[tuple[ModelCard, ModelCard]]) -> list[Duel]:
        return [
            duel(found, first.name, second.name)
            for first, second in pairs
            if (found := self._between.get((scorer, frozenset((first.name, second.name)))))
        ]

    def compared_at(self, scorer: str, level: str) -> int:
        """The number of comparisons for which the p values of a scorer and level are corrected."""
        return sum((row.scorer, row.level) == (scorer, level) for row in self.data.comparisons)

    def outcomes(self, scorer: str, model: str | None = None, task: str | None = None) -> dict[str, Tally]:
        """Outcomes of answers: by model (only of `task`, if given), or by task for one model."""
        mine = [c for c in self.data.outcomes if c.scorer == scorer and model in (None, c.model)]
        if model is not None:
            return tallies(mine, lambda count: count.task)
        found = tallies((c for c in mine if task in (None, c.task)), lambda count: count.model)
        return {card.name: found[card.name] for card in self.models if card.name in found}

    def _ranked(self, figures: list[FigureKey]) -> list[FigureKey]:
        """The ranking figure of each task or category, if the scorer has main figures; else all figures."""
        shown: dict[tuple[str, str, str], FigureKey] = {}
        for figure in sorted(figures, key=lambda f: RANKED.index(f.metric) if f.metric in RANKED else len(RANKED)):
            shown.setdefault((figure.scorer, figure.level, figure.name), figure)
        kept = set(shown.values())
        return [figure for figure in figures if figure in kept or figure.scorer not in self._main]

    def notes(self, scorer: str) -> list[str]:
        """Why ranked figures of a scorer are marked as not comparable, each reason once."""
        cells = (cell for (figure, _), cell in self._cells.items() if figure.scorer == scorer)
        return _reasons(cell.score for cell in cells if not cell.gap)

    def figure_notes(self, figure: FigureKey) -> list[str]:
        """Why the cells of a figure are marked as not comparable, each reason once."""
        cells = (self.cell(figure, model) for model in self.models)
        return _reasons(cell.score for cell in cells if cell)

    def _ordered_models(self) -> tuple[ModelCard, ...]:
        """Models, best first: by mean rank on the widest level that a scorer has, then by value, then by name."""
        by_breadth = [(level, scorer) for level in ("overall", "category", "task") for scorer in self.scorers]
        kinds = {(figure.level, figure.scorer) for figure in self.figures if self._groups[figure]}
        chosen = next((kind for kind in by_breadth if kind in kinds), None)
        figures = self._ranked([figure for figure in self.figures if (figure.level, figure.scorer) == chosen])

        def key(model: ModelCard) -> tuple[float, float, str]:
            cells = [cell for figure in figures if (cell := self.cell(figure, model)) and cell.rank]
            if not cells:
                return (float("inf"), 0.0, model.name)
            ranks = sum(cell.rank.place for cell in cells if cell.rank) / len(cells)
            values = sum(cell.score.value or 0.0 for cell in cells) / len(cells)
            return (ranks, -values, model.name)

        return tuple(sorted(self.data.models, key=key))


def _reasons(rows: Iterable[ScoreRow]) -> list[str]:
    return list(dict.fromkeys(row.note for row in rows if not row.comparable and row.note))


def _scorers(rows: Iterable[ScoreRow]) -> tuple[str, ...]:
    present = {row.scorer for row in rows}
    known = [scorer for scorer in SCORERS if scorer in present]
    return (*known, *sorted(present - set(known)))
