"""Multilabel classification: the labels that an answer names and does not deny; a list of the whole set names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import Outcome, outcome_of
from meds_pipeline.scoring.corrected.closed import LabelSet, key
from meds_pipeline.scoring.corrected.stated import groups, is_stated
from meds_pipeline.scoring.corrected.text import clean, given, likeness, said, says_none
from meds_pipeline.scoring.official.labels import Labels as OfficialLabels
from meds_pipeline.scoring.official.labels import label_score

if TYPE_CHECKING:
    from meds_pipeline.scoring.base import Answer, FloatArray, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec

_MOST = 0.75
"""Share of the set that an answer may name; an answer with more repeats the definition, unless it is the truth."""


class Labels(OfficialLabels):
    """Macro averages over the labels that occur in truth or prediction; other labels say nothing about a model."""

    def __init__(self, spec: TaskSpec) -> None:
        """Take the labels with their spellings."""
        super().__init__(spec)
        self.set = LabelSet.of(spec)
        self.labels = tuple(key(label) for label in spec.labels)

    def score(self, answer: Answer) -> ItemScore:
        """Read the labels of output and references; of several references the nearest counts."""
        answer = given(answer, none_is_said=True)
        output = said(answer)
        named = self.named(output)
        truths = [self.named(reference) for reference in answer.references] or [frozenset()]
        why = ""
        if named not in truths and len(named) > max(2, _MOST * len(self.labels)):
            named, why = frozenset(), "lists the set: counts as none"
        truth = max(truths, key=lambda labels: likeness(labels, named))
        score = label_score(answer, self.labels, set(named), set(truth), why)
        if named or score.outcome not in (Outcome.CORRECT, Outcome.UNPARSED):
            return score
        right = says_none(output) and not truth
        return score._replace(outcome=outcome_of(float(right), answer, unparsed=not says_none(output)))

    def named(self, text: str) -> frozenset[str]:
        """The labels that a text names and neither denies nor doubts."""
        low = clean(text).lower()
        live = (group.values for group in groups(low, list(self.set.mentions(low))) if is_stated(low, group))
        return frozenset[str]().union(*live)

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
