"""Upstream's containment accuracy: right if the cleaned truth occurs anywhere in the cleaned prediction."""

from __future__ import annotations

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted, upstream_cell


def _without_layout(text: str) -> str:
    return text.lower().strip().replace('"', "").replace("'", "").replace("\n", "")


class Substring(Family):
    """InformationExtraction.py (`fields`), NatureLanguageInference.py, Diagnosis.py and TreatmentPlanning.py."""

    def sides(self, answer: Answer) -> tuple[str, str] | None:
        """Cleaned prediction and truth (a missing cell reads "nan"); None if upstream crashes."""
        output, truth = upstream_cell(answer.output), upstream_cell(answer.truth)
        if self.spec.lead_in:  # diagnosis and treatment
            if output is None or truth is None:
                return None
            return output.lower(), truth.replace(".", "").replace(self.spec.lead_in, "").strip().lower()
        said = "nan" if output is None else output
        gold = "nan" if truth is None else truth
        if self.spec.fields:
            return _without_layout(said), _without_layout(gold)
        return said.lower().strip(), gold.replace(".", "").strip().lower()

    def score(self, answer: Answer) -> ItemScore:
        """Look for the truth in the prediction; if upstream crashes, the answer is wrong."""
        sides = self.sides(answer)
        if sides is None:
            return counted(answer, 0.0, why="prediction or truth missing")
        said, gold = sides
        right = gold in said
        return counted(answer, float(right), why="truth contained" if right else "truth not contained")


class FirstLine(Substring):
    """FactVerification.py: only the prediction's first line counts; the script crashes on a missing cell."""

    def sides(self, answer: Answer) -> tuple[str, str] | None:
        """Cleaned first line and truth."""
        output, truth = upstream_cell(answer.output), upstream_cell(answer.truth)
        if output is None or truth is None:
            return None
        return output.split("\n")[0].strip().lower(), truth.replace(".", "").strip().lower()
