"""The base of all metric families: an answer, its outcome, and counts that add up.

A family turns one answer into a short row of counts; the summed counts of a task give its figures. This works for
means, micro F1 and macro F1, so bootstrap resampling and leave-one-out influence are written once for all of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from meds_pipeline.scoring.registry import TaskSpec

    FloatArray = NDArray[np.float64]

PANDAS_MISSING = frozenset(
    [""]
    + ["#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"]
    + ["<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
)
"""Cells that pandas reads as missing values; upstream reads every submission with `pandas.read_csv`."""


class Outcome(StrEnum):
    """What became of an answer."""

    CORRECT = "correct"
    PARTLY = "partly"
    WRONG = "wrong"
    UNPARSED = "unparsed"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    ERROR = "error"


class Answer(NamedTuple):
    """A model's output for one item, with the item's references and input.

    `cut_off`: the output ended at the limit of new tokens and not by itself.
    """

    item_id: str
    task_id: str
    input: str
    references: tuple[str, ...]
    output: str | None
    subject: str | None = None
    cut_off: bool = False
    error: str | None = None

    @property
    def truth(self) -> str:
        """Upstream's gold answer: the first reference."""
        return self.references[0] if self.references else ""


class ItemScore(NamedTuple):
    """One answer under one scorer.

    Attributes:
        outcome: What became of the answer.
        counts: The family's additive counts.
        points: 0 to 1 for each metric; None if the metric is not a mean of items, or the item is not counted.
        why: A few words on how the answer was read and compared, without a quotation of the item.
    """

    outcome: Outcome
    counts: tuple[float, ...]
    points: tuple[float, ...] | None
    why: str = ""


class Family:
    """Base of all metric families: `score` per answer, `finish` per sum of counts.

    A family that uses `answer.input` sets `reads_input`; for other families, the input is not read from files.
    """

    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    main: ClassVar[str] = "accuracy"
    reads_input: ClassVar[bool] = False

    def __init__(self, spec: TaskSpec) -> None:
        """Keep the task's spec: language, labels, and how upstream's scripts treat the task."""
        self.spec = spec

    @property
    def comparable(self) -> tuple[bool, ...]:
        """For each metric, whether the figure may stand beside published ones on this machine."""
        return (True,) * len(self.metrics)

    @property
    def note(self) -> str:
        """Why a metric is not comparable; empty if all are comparable."""
        return ""

    def score(self, answer: Answer) -> ItemScore:
        """Measure one answer."""
        raise NotImplementedError

    def finish(self, sums: FloatArray) -> FloatArray:
        """Turn summed counts, shape (..., counts), into percent, shape (..., metrics); NaN where undefined.

        In this base class the counts are (items counted, points of metric 1, points of metric 2, ...) and the figures
        are means.
        """
        import numpy as np

        items = sums[..., :1]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(items > 0, 100.0 * sums[..., 1:] / items, np.nan))


def outcome_of(points: float, answer: Answer, unparsed: bool = False) -> Outcome:
    """The outcome of an answer that earned `points` (0 to 1); an error or an empty output comes before the points.

    An answer that was cut off keeps the outcome of its points if it could be read.
    """
    if answer.error is not None:
        return Outcome.ERROR
    if answer.output is None or not answer.output.strip():
        return Outcome.EMPTY
    if points >= 1.0:
        return Outcome.CORRECT
    if unparsed:
        return Outcome.TRUNCATED if answer.cut_off else Outcome.UNPARSED
    return Outcome.PARTLY if points > 0.0 else Outcome.WRONG


def counted(answer: Answer, *points: float, why: str = "", unparsed: bool = False) -> ItemScore:
    """The score of an item that enters the mean with these points; the last of them decides the outcome."""
    return ItemScore(outcome_of(points[-1], answer, unparsed), (1.0, *points), points, why)


def skipped(answer: Answer, metrics: int, why: str) -> ItemScore:
    """The score of an item that upstream leaves out of the mean."""
    return ItemScore(outcome_of(0.0, answer), (0.0,) * (metrics + 1), None, why)


def upstream_cell(text: str | None) -> str | None:
    """The text as upstream's scripts get it from pandas: None for a cell that pandas reads as missing."""
    return None if text is None or text in PANDAS_MISSING else text
