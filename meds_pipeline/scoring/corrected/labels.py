"""Multilabel classification: labels named and not denied; an answer that lists the set names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import Outcome
from meds_pipeline.scoring.corrected.context import Stance
from meds_pipeline.scoring.corrected.labelset import Labels as LabelSet
from meds_pipeline.scoring.corrected.labelset import key
from meds_pipeline.scoring.corrected.nothing import says_none
from meds_pipeline.scoring.corrected.prose import Prose
from meds_pipeline.scoring.corrected.text import given, likeness
from meds_pipeline.scoring.official.labels import Labels as OfficialLabels
from meds_pipeline.scoring.official.labels import label_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meds_pipeline.scoring.base import Answer, FloatArray, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec

_MOST = 0.75


def lists_the_set(said: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether labels, in the order they are named, repeat the set: all of it, or over three quarters in its order."""
    places = [labels.index(label) for label in said]
    return len(labels) > 2 and (
        len(said) == len(labels) or (len(said) > _MOST * len(labels) and places == sorted(places))
    )


class Labels(OfficialLabels):
    """Macro averages over the labels that occur, in truth or prediction; the others say nothing about a model."""

    def __init__(self, spec: TaskSpec) -> None:
        """Take the labels with their spellings."""
        super().__init__(spec)
        self.set = LabelSet.of(spec)
        self.labels = tuple(key(label) for label in spec.labels)

    def said(self, output: str) -> list[str]:
        """The labels that a text names and neither denies nor merely supposes, in order of first mention."""
        prose = Prose(output, self.spec.language)
        statements = prose.statements(list(self.set.mentions(prose)))
        named = (s.values for s in statements if s.stance not in (Stance.DENIED, Stance.SUPPOSED))
        return list(dict.fromkeys(value for values in named for value in values))

    def truth(self, reference: str) -> set[str]:
        """The labels of a gold answer."""
        return {mention.value for mention in self.set.mentions(Prose(reference))}

    def score(self, answer: Answer) -> ItemScore:
        """Read the labels of both sides; of several references the nearest counts."""
        answer = given(answer, none_is_said=True)
        output = answer.output or ""
        said = self.said(output)
        truths = [self.truth(reference) for reference in answer.references] or [set()]
        why = ""
        if set(said) not in truths and lists_the_set(said, self.labels):
            said, why = [], "lists the set: counts as none"
        truth = max(truths, key=lambda labels: likeness(labels, set(said)))
        score = label_score(answer, self.labels, set(said), truth, why)
        none = score.outcome is Outcome.UNPARSED and says_none(output)
        return score._replace(outcome=Outcome.WRONG) if none else score

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
