"""Answers from a closed set of labels: yes/no/maybe, entailment, true/false, diagnoses, treatments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted
from meds_pipeline.scoring.corrected.text import Reading, bare, normal, read_labels, without

if TYPE_CHECKING:
    from meds_pipeline.scoring.registry import TaskSpec

_TRUE_FALSE = {"1": "true", "0": "false", "yes": "true", "no": "false"}


class Closed(Family):
    """Accuracy over labels: right if the text states the truth's label and no other."""

    def __init__(self, spec: TaskSpec) -> None:
        """Take the labels in normal form."""
        super().__init__(spec)
        self.labels = tuple(bare(without(label, [spec.lead_in])) for label in spec.labels)

    def truth(self, answer: Answer) -> str:
        """The gold label in normal form."""
        return bare(without(answer.truth, [self.spec.lead_in]))

    def read(self, output: str) -> Reading:
        """What the output says."""
        return read_labels(output, self.labels)

    def score(self, answer: Answer) -> ItemScore:
        """Read the label stated and compare."""
        truth = self.truth(answer)
        labels = self.labels
        if truth and truth not in labels:
            self.labels = (*labels, truth)
        reading = self.read(answer.output or "")
        self.labels = labels
        right = bool(truth) and reading.stated == truth
        return counted(answer, float(right), why=reading.why, unparsed=reading.stated is None)


class YesNoMaybe(Closed):
    """Closed answers of PubMedQA; "maybe" can be right."""

    def __init__(self, spec: TaskSpec) -> None:
        """Labels are fixed."""
        super().__init__(spec)
        self.labels = ("yes", "no", "maybe")


class TrueFalse(Closed):
    """True or false; gold 1 and 0 count as true and false, and so do yes and no in an answer."""

    def __init__(self, spec: TaskSpec) -> None:
        """Labels are fixed."""
        super().__init__(spec)
        self.labels = ("true", "false")

    def truth(self, answer: Answer) -> str:
        """The gold label; 1 and 0 by their meaning."""
        label = super().truth(answer)
        return _TRUE_FALSE.get(label, label)

    def read(self, output: str) -> Reading:
        """What the output says; yes and no count where neither true nor false is named, 1 and 0 where alone."""
        if (only := bare(output)) in ("0", "1"):
            return Reading((only,), _TRUE_FALSE[only], "a digit alone")
        reading = read_labels(output, ("true", "false"))
        if reading.affirmed or not normal(output):
            return reading
        other = read_labels(output, ("yes", "no"))
        return other._replace(stated=_TRUE_FALSE.get(other.stated or ""))
