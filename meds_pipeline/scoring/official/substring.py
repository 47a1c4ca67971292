"""Upstream's containment accuracy: right if the cleaned truth occurs anywhere in the cleaned prediction."""

from __future__ import annotations

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted, upstream_cell


def _without_layout(text: str) -> str:
    return text.lower().strip().replace('"', "").replace("'", "").replace("\n", "")


class Substring(Family):
    """InformationExtraction.py (`fields`), NatureLanguageInference.py, Diagnosis.py and TreatmentPlanning.py."""

    def sides(self, answer: Answer) -> tuple[str, str]:
        """Cleaned prediction and truth; a missing cell reads "nan"."""
        output, truth = upstream_cell(answer.output), upstream_cell(answer.truth)
        said = "nan" if output is None else output
        gold = "nan" if truth is None else truth
        if self.spec.fields:
            return _without_layout(said), _without_layout(gold)
        if not self.spec.lead_in:
            return said.lower().strip(), gold.replace(".", "").strip().lower()
        # Diagnosis and treatment crash on a missing cell: the nearest is a prediction that contains nothing.
        said = "" if output is None else output.lower()
        return said, gold.replace(".", "").replace(self.spec.lead_in, "").strip().lower()

    def score(self, answer: Answer) -> ItemScore:
        """Look for the truth in the prediction."""
        said, gold = self.sides(answer)
        right = gold in said
        return counted(answer, float(right), why="truth contained" if right else "truth not contained")


class FirstLine(Substring):
    """FactVerification.py: only the prediction's first line counts; where it crashes (missing cell) it is wrong."""

    def sides(self, answer: Answer) -> tuple[str, str]:
        """Cleaned first line and truth."""
        output = upstream_cell(answer.output) or ""
        return output.split("\n")[0].strip().lower(), answer.truth.replace(".", "").strip().lower()

    def score(self, answer: Answer) -> ItemScore:
        """Look for the truth in the first line; a missing prediction is wrong even for an empty truth."""
        if upstream_cell(answer.output) is None:
            return counted(answer, 0.0, why="no prediction")
        return super().score(answer)
