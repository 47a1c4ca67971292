"""Answers from a closed set of labels: yes/no/maybe, entailment, true/false, verdicts, diagnoses, treatments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted
from meds_pipeline.scoring.corrected.context import Stance
from meds_pipeline.scoring.corrected.labelset import Labels, key
from meds_pipeline.scoring.corrected.prose import Prose, Reading, decide
from meds_pipeline.scoring.corrected.text import given, repeats

if TYPE_CHECKING:
    from meds_pipeline.scoring.registry import TaskSpec


def read_label(output: str, labels: Labels, language: str = "en") -> Reading:
    """The one label that a text states."""
    if "?" not in output and "%" not in output and (whole := labels.meanings.get(key(output))):
        return Reading(frozenset({whole}), "a label alone")
    prose = Prose(output, language)
    statements = prose.statements(list(labels.mentions(prose)))
    if "maybe" in labels.meanings.values():  # "maybe yes" is neither
        statements = [statement for statement in statements if statement.stance is not Stance.HEDGED]
    return decide(statements)


class Closed(Family):
    """Accuracy over labels: right if the text states one label and it is that of a reference."""

    def __init__(self, spec: TaskSpec) -> None:
        """Take the labels with their spellings."""
        super().__init__(spec)
        self.labels = Labels.of(spec)

    def score(self, answer: Answer) -> ItemScore:
        """Read the label stated and compare."""
        answer = given(answer)
        truths = {self.labels.meaning(reference, self.spec.lead_in) for reference in answer.references} - {""}
        reading = read_label(answer.output or "", self.labels.with_truths(truths), self.spec.language)
        right = bool(reading.values & truths) or repeats(answer) is not None
        return counted(answer, float(right), why=reading.why, unparsed=not reading.values)
