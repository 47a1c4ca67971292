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
        value: Percent; None where there is none (no item counted).
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
    """How a model came about.

    Attributes:
        name: Name in scores.
        kind: A word or two: `tuned`, `untuned`, `baseline`, `endpoint`, `submission`.
        about: One sentence.
        plan: Training plan; None where nothing was trained.
        training_set: Digest of the training set; None where nothing was trained.
        weights: Digest of the weights; None where there are none at hand.
        facts: Whatever else is worth showing: base, parameters, tokens, steps, seconds.
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
    """A task of the benchmark: its name, what it asks for, and how many items of the release are its.

    `pools` names the tasks of which it is no more than the items of all together.
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
    """What the figure of a category, or of everything, is an average of.

    Attributes:
        scorer: Whose figure.
        name: Category, or `overall`.
        tasks: Its tasks in the release.
        about: How many of the published tasks these are.
        gap: Why nobody is ranked on it: published tasks that the figure cannot do without; empty where models are.
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
    """What could stand on the page and does not: a model without scores, a refused submission, a task in no release."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Points:
    """What one scorer gave an answer.

    Attributes:
        scorer: `official` or `corrected`.
        metric: For example `accuracy`.
        outcome: correct, partly, wrong, unparsed, truncated, empty or error; the same for all metrics of a scorer.
        value: 0 to 1; None where the item is not counted or the metric is no mean of items.
        influence: By how many percent points the task's figure would fall were the item left out.
    """

    scorer: str
    metric: str
    outcome: str
    value: float | None
    influence: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """A model's output for an item and what each scorer made of it; `withheld` says why the page lacks the output."""

    model: str
    output: str
    points: tuple[Points, ...]
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """An item worth looking at: what the models saw, what was asked for, what they wrote.

    `flag` says what happened to its source since the release was frozen (changed, retracted); empty for nothing.
    `access` is the access class of its text; that of credentialed ones must not be here.
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
    """How many answers of a model to a task ended in an outcome, for one scorer.

    `idle` counts those that add nothing to the figure though they are right: F1 counts names, and there were none.
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
        comparisons: Of every two models; where one is missing, disjoint intervals decide who is ahead.
        outcomes: What became of the answers; outcomes that did not occur may be left out.
        stale: Corpora that stand on an earlier output.
        categories: What the averages are made of; one without a card is taken for complete.
        absent: What could stand here and does not.
        withheld: Items whose text is credentialed, so that the page does not hold it, by corpus.

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
        """Refuse what the page would show wrongly or not at all."""
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
