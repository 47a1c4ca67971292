"""The tasks of the bench and how each is measured: published facts, and upstream's special rules from `tasks.yaml`.

Tasks outside the bench (our own `x_...` tasks) get a spec from their metric name through `spec_for`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds_pipeline.catalog.published import published_tasks
from meds_pipeline.core.errors import ScoringError, UnknownNameError, Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TASKS_FILE = Path(__file__).with_name("tasks.yaml")
LABELLED_AS = {"accuracy_true_false": "task117", "accuracy_yes_no_firstchar": "task123"}
"""By metric, the task whose labels are used for a task that has none: the name of the metric implies the closed set."""
LANGUAGES = ("en", "zh", "ja", "fr", "ru", "es")
LANGUAGE_NAMES = {
    "english": "en",
    "chinese": "zh",
    "japanese": "ja",
    "french": "fr",
    "russian": "ru",
    "spanish": "es",
}


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """How one task is measured; the top of `tasks.yaml` explains upstream's special rules.

    Attributes:
        task_id: The task's name, such as `task57`.
        category: The benchmark category it counts in; empty for none.
        metric: Name of upstream's metric, such as `accuracy_choice`.
        language: Two letters: the language of the answers.
        released: False for ids that upstream names but never published.
        pool: Name of the pooled figure that upstream prints instead of a figure of the task.
        missing: `skip` or `zero`: what upstream's overlap scripts do with a prediction that is not text.
        trim: Whether upstream strips texts and skips blank ones first.
        lead_in: Words upstream deletes from the gold answer.
        fields: Whether upstream deletes quotes and line breaks.
        labels: The closed set of answers; empty where answers are free.
        spellings: Other words for a label, by label.
    """

    task_id: str
    category: str
    metric: str
    language: str = "en"
    released: bool = True
    pool: str | None = None
    missing: str = "zero"
    trim: bool = False
    lead_in: str = ""
    fields: bool = False
    labels: tuple[str, ...] = ()
    spellings: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Average:
    """One category average as upstream prints it, or ours where upstream prints none.

    Attributes:
        name: Category name; parts of a category that upstream averages separately have their own names.
        tasks: The tasks of the mean.
        absent: Percent that upstream's script counts for a task without rows.
        ours: True if upstream prints no such average; tasks without rows are then left out.
    """

    name: str
    tasks: tuple[str, ...]
    absent: float = 0.0
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """All tasks of the bench, and the averages over them."""

    tasks: Mapping[str, TaskSpec] = field(default_factory=dict)
    averages: tuple[Average, ...] = ()

    def released(self) -> dict[str, str]:
        """Category by id of the 53 tasks that upstream published."""
        return {name: spec.category for name, spec in self.tasks.items() if spec.released}


def _build(kind: type[Any], row: dict[str, Any], place: str) -> Any:
    """Make a dataclass from a YAML mapping; an unknown or missing key is an error that names its place."""
    known = {f.name for f in fields(kind)}
    if wrong := sorted(set(row) - known):
        raise ScoringError(
            f"unknown key {wrong[0]!r}",
            Where(file=str(TASKS_FILE), record=place),
            f"Use one of: {', '.join(sorted(known))}.",
        )
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    try:
        return kind(**lists)
    except TypeError as error:
        raise ScoringError(str(error), Where(file=str(TASKS_FILE), record=place), "Add the missing key.") from error


@cache
def load_registry() -> Registry:
    """Read the published tasks of the bench and `tasks.yaml` once.

    Raises:
        ScoringError: A key or task of `tasks.yaml` is unknown, or a key is missing.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(TASKS_FILE.read_text("utf-8"), Loader=loader)  # noqa: S506 (a safe loader either way)
    known = {
        task_id: {
            "task_id": task_id,
            "category": task.bench_category,
            "metric": task.metric,
            "language": task.output_language,
            "released": task.released,
            "labels": task.labels,
        }
        for task_id, task in published_tasks().items()
        if task.bench_category is not None
    }
    if wrong := sorted(set(data["tasks"]) - set(known)):
        place = Where(task=wrong[0], file=str(TASKS_FILE))
        raise ScoringError("the bench has no such task", place, "Name a task with a bench_category in published.yaml.")
    tasks = {name: _build(TaskSpec, {**facts, **data["tasks"].get(name, {})}, name) for name, facts in known.items()}
    averages = tuple(_build(Average, row, row.get("name", "averages")) for row in data["averages"])
    return Registry(tasks, averages)


def bench_category(task_id: str, category: str, metric: str) -> str:
    """MedS-Bench's name for the category a task counts in, from the task category of MedS-Ins and the metric."""
    known = load_registry().tasks.get(task_id)
    if known is not None:
        return known.category
    if metric in ("accuracy_choice", "accuracy_yes_no_firstchar"):
        return "MCQA"
    return {"Named Entity Recognition": "NER", "Natural Language Inference": "NLI"}.get(category, category)


def language_code(name: str) -> str:
    """Two letters for a language that is given by code or English name; of several the first, `en` if unknown."""
    first = name.replace(",", ";").split(";")[0].strip().lower()
    return first if first in LANGUAGES else LANGUAGE_NAMES.get(first, "en")


def spec_for(
    task_id: str,
    metrics: Mapping[str, str] | None = None,
    categories: Mapping[str, str] | None = None,
    languages: Mapping[str, str] | None = None,
    labels: Mapping[str, tuple[str, ...]] | None = None,
) -> TaskSpec:
    """The spec of a task: from the file, or made from the metric name that the caller gives.

    The arguments after `task_id` are for tasks that the file does not have.

    Args:
        task_id: The task.
        metrics: Metric name by task id.
        categories: Category by task id.
        languages: Language of the answers (code or English name) by task id.
        labels: Closed answer set by task id.

    Raises:
        UnknownNameError: Neither the file nor `metrics` knows the task.
    """
    known = load_registry().tasks
    if task_id in known:
        return known[task_id]
    if not metrics or task_id not in metrics:
        close = get_close_matches(task_id, known, n=3)
        hint = f"Did you mean {', '.join(close)}? Otherwise give" if close else "Give"
        raise UnknownNameError(
            "no metric is known for this task", Where(task=task_id), f"{hint} its metric name in `metrics`."
        )
    given = tuple((labels or {}).get(task_id, ()))
    like = known.get(LABELLED_AS.get(metrics[task_id], ""))
    return TaskSpec(
        task_id,
        (categories or {}).get(task_id, ""),
        metrics[task_id],
        language_code((languages or {}).get(task_id, "en")),
        labels=given or (like.labels if like else ()),
        spellings=like.spellings if like and not given else {},
    )
