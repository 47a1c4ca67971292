"""Upstream's pooled entity F1 (NamedEntityRecognition.py), with its cut last characters and its misspelt sentinel."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from meds_pipeline.scoring.base import Answer, Family, ItemScore, Outcome, outcome_of, upstream_cell

if TYPE_CHECKING:
    from meds_pipeline.scoring.base import FloatArray

SENTINEL = "there is no related enetity"  # codespell:ignore enetity (upstream's spelling)


def upstream_entities(text: str) -> set[str]:
    """Upstream's entity set: full stops are dropped, then the last character is always cut; split at ", "."""
    cleaned = text.replace(".", "").strip().lower()
    return set() if cleaned == SENTINEL else set(cleaned[:-1].split(", "))


def f1_percent(hits: FloatArray, extra: FloatArray, missed: FloatArray) -> FloatArray:
    """2tp / (2tp + fp + fn) in percent; 0 if neither truth nor prediction has an entity."""
    import numpy as np

    total = 2 * hits + extra + missed
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, 200.0 * hits / total, 0.0))


def entity_score(answer: Answer, said: set[str], truth: set[str]) -> ItemScore:
    """Counts (items, tp, fp, fn) of one answer."""
    hits, extra, missed = len(said & truth), len(said - truth), len(truth - said)
    total = 2 * hits + extra + missed
    own = 2 * hits / total if total else 1.0
    return ItemScore(
        outcome_of(own, answer), (1.0, hits, extra, missed), None, f"{hits} found, {extra} extra, {missed} missed"
    )


class Entities(Family):
    """Micro F1 over the entity sets of all items; items whose prediction is a missing cell are left out."""

    metrics: ClassVar[tuple[str, ...]] = ("f1",)
    main: ClassVar[str] = "f1"

    def score(self, answer: Answer) -> ItemScore:
        """Count found, extra and missed entities."""
        output = upstream_cell(answer.output)
        if output is None:
            outcome = Outcome.ERROR if answer.error is not None else Outcome.EMPTY
            return ItemScore(outcome, (0.0, 0.0, 0.0, 0.0), None, "no prediction: not counted")
        truth = upstream_cell(answer.truth)  # upstream crashes on a missing truth: here it has no entities
        return entity_score(answer, upstream_entities(output), set() if truth is None else upstream_entities(truth))

    def finish(self, sums: FloatArray) -> FloatArray:
        """Micro F1 from summed counts (items, tp, fp, fn)."""
        import numpy as np

        f1 = f1_percent(sums[..., 1], sums[..., 2], sums[..., 3])
        return np.where(sums[..., 0] > 0, f1, np.nan)[..., np.newaxis]
