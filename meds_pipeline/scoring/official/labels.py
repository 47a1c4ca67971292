"""Upstream's multilabel macro precision, recall and F1 (TextClassification.py): class names searched as substrings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from meds_pipeline.scoring.base import Answer, Family, ItemScore, outcome_of, upstream_cell

if TYPE_CHECKING:
    from collections.abc import Collection

    from meds_pipeline.scoring.base import FloatArray


def label_score(answer: Answer, labels: Collection[str], said: set[str], truth: set[str], why: str = "") -> ItemScore:
    """Counts of one answer: (items, then tp, fp, fn for each label in turn)."""
    counts = [1.0]
    for label in labels:
        counts += [label in said and label in truth, label in said and label not in truth, label in truth - said]
    both, either = len(said & truth), len(said | truth)
    own = both / either if either else 1.0
    text = why or f"{both} labels found, {len(said - truth)} extra, {len(truth - said)} missed"
    return ItemScore(outcome_of(own, answer, unparsed=bool(truth) and not said), tuple(map(float, counts)), None, text)


class Labels(Family):
    """Macro averages over all labels of the closed set; a label that is neither predicted nor true counts as zero."""

    metrics: ClassVar[tuple[str, ...]] = ("precision", "recall", "f1")
    main: ClassVar[str] = "f1"

    def score(self, answer: Answer) -> ItemScore:
        """Search the label names in prediction and truth."""
        said = (upstream_cell(answer.output) or "nan").lower().strip()
        truth = answer.truth.lower().strip()
        labels = self.spec.labels
        return label_score(answer, labels, {c for c in labels if c in said}, {c for c in labels if c in truth})

    def finish(self, sums: FloatArray) -> FloatArray:
        """Macro precision, recall and F1 from summed counts; 0 where a label has no denominator."""
        import numpy as np

        cells = sums[..., 1:].reshape(*sums.shape[:-1], len(self.spec.labels), 3)
        hits, extra, missed = cells[..., 0], cells[..., 1], cells[..., 2]

        def ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.asarray(np.where(bottom > 0, 100.0 * top / bottom, 0.0))

        parts = (
            ratio(hits, hits + extra),
            ratio(hits, hits + missed),
            ratio(2 * hits, 2 * hits + extra + missed),
        )
        figures = np.stack([part.mean(axis=-1) for part in parts], axis=-1)
        return np.asarray(np.where(sums[..., :1] > 0, figures, np.nan))
