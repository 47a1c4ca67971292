"""The three tables of scoring: answers in, item rows and scores out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.base import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from meds_pipeline.scoring.registry import TaskSpec

ANSWERS = pa.schema(
    [
        ("item_id", pa.string()),
        ("task_id", pa.string()),
        ("input", pa.string()),
        ("references", pa.list_(pa.string())),
        ("output", pa.string()),
        ("subject", pa.string()),
        ("cut_off", pa.bool_()),
        ("error", pa.string()),
    ]
)
"""A model's answers; element 0 of `references` is upstream's truth, `subject` is what intervals cluster by, and
`cut_off` marks outputs that ended at the limit of new tokens."""

ITEMS = pa.schema(
    [
        ("item_id", pa.string()),
        ("task_id", pa.string()),
        ("scorer", pa.string()),
        ("metric", pa.string()),
        ("points", pa.float64()),
        ("outcome", pa.string()),
        ("influence", pa.float64()),
        ("why", pa.string()),
        ("subject", pa.string()),
        ("counts", pa.list_(pa.float64())),
    ]
)
"""One row per item, scorer and metric. `points` is 0 to 1; null if the metric is no mean of items (F1) or the item is
not counted. `influence` is the task's figure with the item minus the figure without it, in percent points. `counts` is
what the item adds to the sums from which the figures of its task are computed; it is the same for all metrics of a
scorer. Its first number is 1 if the item counts. The next are the points of each metric; for F1 true positives, false
positives and false negatives; for macro F1 these three for each label."""

SCORES = pa.schema(
    [
        ("scorer", pa.string()),
        ("level", pa.string()),
        ("name", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
        ("comparable", pa.bool_()),
        ("note", pa.string()),
    ]
)
"""One row per figure, in percent, with its 95 % interval; `level` is task, category or overall."""

REQUIRED = ("item_id", "task_id", "references", "output")


@dataclass(frozen=True, slots=True)
class Scored:
    """The result of scoring.

    Attributes:
        items: After schema `ITEMS`.
        scores: After schema `SCORES`.
        specs: How each task was measured, closed label sets included.
    """

    items: pa.Table
    scores: pa.Table
    specs: Mapping[str, TaskSpec]

    def value(self, scorer: str, name: str, metric: str) -> float | None:
        """The figure for a task, category or `overall`; None where there is none."""
        for row in self.scores.to_pylist():
            if (row["scorer"], row["name"], row["metric"]) == (scorer, name, metric):
                return None if row["value"] is None else float(row["value"])
        return None


def answers_table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Answers from plain dicts; columns left out are null (`cut_off`: false)."""
    blank: dict[str, Any] = dict.fromkeys(ANSWERS.names) | {"input": "", "cut_off": False}
    return pa.Table.from_pylist([blank | row for row in rows], schema=ANSWERS)


def read_answers(table: pa.Table) -> list[Answer]:
    """The rows of an answers table, ordered by task and item so that nothing depends on the order given.

    Raises:
        ScoringError: A required column is missing.
    """
    if missing := [name for name in REQUIRED if name not in table.column_names]:
        raise ScoringError(
            f"the answers have no column {missing[0]!r}", next_step=f"Give the columns {', '.join(ANSWERS.names)}."
        )
    size = table.num_rows

    def column(name: str, default: Any) -> list[Any]:
        values = table.column(name).to_pylist() if name in table.column_names else [default] * size
        return [default if value is None else value for value in values]

    references = [tuple(text for text in refs if text is not None) for refs in column("references", ())]
    return sorted(
        map(
            Answer,
            column("item_id", ""),
            column("task_id", ""),
            column("input", ""),
            references,
            column("output", None),
            column("subject", None),
            column("cut_off", False),
            column("error", None),
        ),
        key=lambda a: (a.task_id, a.item_id, a.truth, a.output or "", a.input),
    )
