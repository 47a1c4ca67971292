"""What a leaderboard shows, as plain data: the caller reads it from the store, the site only renders it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from meds_pipeline.core.errors import ScoringError, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meds_pipeline.core.outputs import Access
    from meds_pipeline.scoring.stats.compare import Comparison

Origin = Literal["real", "twin"]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One figure, as the scorer gives it, for one model.

    Attributes:
        model: Name of the model.
        scorer: `official` or `corrected`.
        level: `task`, `category` or `overall`.
        name: Task, category, or `overall`.
        metric: For example `accuracy`, `bleu1`, `rougeL`, `f1`.
        value: Percent; None if no item counts.
        low: Lower end of the 95 % interval, percent.
        high: Upper end.
        n: Items it rests on.
        comparable: Whether it may stand beside published figures.
        note: Why not, or another remark.
        score_id: What `meds trace score` takes.
    """

    model: str
    scorer: str
    level: str
    name: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    comparable: bool
    note: str
    score_id: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One line on how something was made: a label and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """How a model was made.

    Attributes:
        name: Name in scores.
        kind: A word or two: `tuned`, `untuned`, `baseline`, `endpoint`, `submission`.
        about: One sentence.
        plan: Training plan; None if nothing was trained.
        training_set: Digest of the training set; None if nothing was trained.
        weights: Digest of the weights; None if the weights are not in this home.
        facts: Further facts: base, parameters, tokens, steps, seconds.
    """

    name: str
    kind: str
    about: str = ""
    plan: str | None = None
    training_set: str | None = None
    weights: str | None = None
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskCard:
    """A task of the benchmark: its name, what it asks for, and how many items of the release belong to it.

    A pooled figure has a card too: `pools` names the tasks whose items it puts together.
    """

    task: str
    title: str
    category: str
    corpus: str
    definition: str
    items: int
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryCard:
    """The tasks behind the average of a category, or of everything.

    Attributes:
        scorer: Scorer of the figure.
        name: Category, or `overall`.
        tasks: Its tasks in the release.
        about: How many of the published tasks the release has.
        gap: Why no model is ranked on the figure: required published tasks that the release lacks; empty if models are
            ranked.
    """

    scorer: str
    name: str
    tasks: tuple[str, ...]
    about: str
    gap: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseCard:
    """The frozen benchmark release the scores stand on; `flagged` counts items whose source has changed since."""

    name: str
    digest: str
    items: int
    flagged: int = 0


@dataclass(frozen=True, slots=True)
class StaleCorpus:
    """A corpus that kept an earlier output: its newest attempt failed or was blocked, or its files are gone."""

    corpus: str
    reason: str


@dataclass(frozen=True, slots=True)
class Absence:
    """Something the page does not show, and why: a model without scores, a refused submission, an unreleased task."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Points:
    """The result of an answer under one scorer and metric.

    Attributes:
        scorer: `official` or `corrected`.
        metric: For example `accuracy`.
        outcome: correct, partly, wrong, unparsed, truncated, empty or error; the same for all metrics of a scorer.
        value: 0 to 1; None if the item is not counted or the metric is not a mean of items.
        influence: By how many percent points the task's figure would fall without the item.
    """

    scorer: str
    metric: str
    outcome: str
    value: float | None
    influence: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """A model's output for an item and its result by each scorer; `withheld` says why the page hides the output."""

    model: str
    output: str
    points: tuple[Points, ...]
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """An example item: what the models saw, what was asked for, what they wrote.

    `flag` says what happened to its source since the release was frozen (changed, retracted); empty if nothing did.
    `access` is the access class of its text; credentialed text must not be here.
    """

    item_id: str
    task: str
    prompt: str
    references: tuple[str, ...]
    answers: tuple[AnswerCard, ...]
    flag: str = ""
    access: Access = "open"


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many answers of a model to a task have an outcome, for one scorer.

    `idle` counts right answers that add nothing to the figure: F1 counts names, and these items have no names.
    """

    model: str
    scorer: str
    task: str
    outcome: str
    items: int
    idle: int = 0


@dataclass(frozen=True, slots=True)
class LeaderboardData:
    """Everything on the site.

    Attributes:
        build_id: The build the scores belong to.
        origin: `twin` puts a banner on every page.
        release: What was measured on.
        models: All models that have scores.
        tasks: The tasks of the release, in the order to show them.
        scores: One row a model, scorer, level, name and metric.
        examples: Items to show on the tasks' pages.
        comparisons: Comparisons of every two models; if one is missing, disjoint intervals decide who is ahead.
        outcomes: Counts of the answers' outcomes; outcomes that did not occur may be left out.
        stale: Corpora for which an earlier output is used.
        categories: The tasks behind the averages; an average without a card counts as complete.
        absent: Things that the page does not show, and why.
        withheld: Number of items by corpus whose text is credentialed, so that the page does not hold it.

    Raises:
        ScoringError: If a score or comparison names an unknown model or task, two scores claim one cell, or there is
            credentialed text.
    """

    build_id: str
    origin: Origin
    release: ReleaseCard
    models: tuple[ModelCard, ...]
    tasks: tuple[TaskCard, ...]
    scores: tuple[ScoreRow, ...]
    examples: tuple[Example, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    outcomes: tuple[OutcomeCount, ...] = ()
    stale: tuple[StaleCorpus, ...] = ()
    categories: tuple[CategoryCard, ...] = ()
    absent: tuple[Absence, ...] = ()
    withheld: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse data that the page would show wrongly or not at all."""
        models, tasks = {model.name for model in self.models}, {task.task for task in self.tasks}
        cells = set()
        for row in self.scores:
            cell = (row.model, row.scorer, row.level, row.name, row.metric)
            if row.model not in models:
                raise _refused(row, f"model {row.model} has a score and no card.")
            if row.level == "task" and row.name not in tasks:
                raise _refused(row, "it has a score and no card.")
            if cell in cells:
                raise _refused(row, f"two {row.scorer} {row.metric} scores of model {row.model}.")
            cells.add(cell)
        for item in self.examples:
            told = item.prompt or any(item.references) or any(answer.output for answer in item.answers)
            if item.access == "credentialed" and told:
                where = Where(task=item.task, record=item.item_id)
                raise ScoringError("its text is credentialed.", where, "give the page credentialed items without text.")
        for compared in self.comparisons:
            if unknown := {compared.first, compared.second} - models:
                raise _refused(compared, f"model {min(unknown)} was compared and has no card.")


def _refused(row: ScoreRow | Comparison, problem: str) -> ScoringError:
    return ScoringError(problem, Where(task=row.name), "give the leaderboard one score a cell, and cards for all.")
