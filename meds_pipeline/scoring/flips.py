"""Items on which the two scorers disagree, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meds_pipeline.scoring.base import ItemScore
    from meds_pipeline.scoring.stats.figures import TaskItems


SLIGHT = 0.1
"""Difference in points that case and punctuation alone can make, as they do for BLEU-1 of most texts."""


class Flip(NamedTuple):
    """One item that the scorers judge differently.

    Attributes:
        task_id: Its task.
        category: Its category.
        item_id: The item.
        metric: The metric compared: accuracy, f1, or bleu1 (ROUGE differs by definition and is left out).
        official: Points under `official`; None if upstream does not count the item or the metric is an F1.
        corrected: Points under `corrected`; None if the metric is an F1.
        before: Outcome under `official`.
        after: Outcome under `corrected`.
        why: How each scorer read the answer.
    """

    task_id: str
    category: str
    item_id: str
    metric: str
    official: float | None
    corrected: float | None
    before: str
    after: str
    why: str


def _own(score: ItemScore) -> float | None:
    return None if score.points is None else score.points[0]


def _differ(first: ItemScore, second: ItemScore) -> bool:
    """Whether the first metric's points differ by more than `SLIGHT`, or, for F1, any count."""
    if first.points is None and second.points is None:
        return first.counts != second.counts
    a, b = _own(first), _own(second)
    return a is None or b is None or abs(a - b) > SLIGHT


def flips(parts: Sequence[TaskItems]) -> Iterator[Flip]:
    """Items that `official` and `corrected` judge differently, by task and item."""
    corrected = {part.spec.task_id: part for part in parts if part.scorer == "corrected"}
    for part in parts:
        if part.scorer != "official" or part.spec.task_id not in corrected:
            continue
        others = corrected[part.spec.task_id].items
        metric = part.family.metrics[0] if len(part.family.metrics) < 3 else part.family.main
        for answer, before, after in zip(part.answers, part.items, others, strict=True):
            if _differ(before, after):
                yield Flip(
                    part.spec.task_id,
                    part.spec.category,
                    answer.item_id,
                    metric,
                    _own(before),
                    _own(after),
                    before.outcome.value,
                    after.outcome.value,
                    f"official: {before.why}; corrected: {after.why}",
                )
