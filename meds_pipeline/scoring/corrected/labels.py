"""Multilabel classification: labels named at word boundaries and not denied; naming all labels names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.scoring.corrected.text import normal, read_labels
from meds_pipeline.scoring.official.labels import Labels as OfficialLabels
from meds_pipeline.scoring.official.labels import label_score

if TYPE_CHECKING:
    from meds_pipeline.scoring.base import Answer, FloatArray, ItemScore


class Labels(OfficialLabels):
    """Macro averages over the labels that occur, in truth or prediction; the others say nothing about a model."""

    def score(self, answer: Answer) -> ItemScore:
        """Read the labels of both sides."""
        labels = tuple(normal(label) for label in self.spec.labels)
        said = set(read_labels(answer.output or "", labels).affirmed)
        truth = {label for label in labels if label in normal(answer.truth)}
        why = ""
        if len(said) == len(labels) > 2 and said != truth:
            said, why = set(), "all labels listed: counts as none"
        return label_score(answer, labels, said, truth, why)

    def finish(self, sums: FloatArray) -> FloatArray:
        """Macro precision, recall and F1 over labels with at least one true or predicted item."""
        import numpy as np

        cells = sums[..., 1:].reshape(*sums.shape[:-1], len(self.spec.labels), 3)
        hits, extra, missed = cells[..., 0], cells[..., 1], cells[..., 2]
        occurs = (hits + extra + missed) > 0
        number = occurs.sum(axis=-1)

        def mean(top: FloatArray, bottom: FloatArray) -> FloatArray:
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.where(bottom > 0, 100.0 * top / bottom, 0.0)
                return np.asarray(np.where(number > 0, (ratio * occurs).sum(axis=-1) / number, np.nan))

        parts = (mean(hits, hits + extra), mean(hits, hits + missed), mean(2 * hits, 2 * hits + extra + missed))
        return np.stack(parts, axis=-1)
