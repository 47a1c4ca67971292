"""Upstream's true/false accuracy (ClinicalOutcomePrediction.py): exactly one of the two words must occur."""

from __future__ import annotations

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted, upstream_cell


class TrueFalse(Family):
    """Right if the prediction holds the truth's word and not the other; any other truth (0, 1) never scores."""

    def score(self, answer: Answer) -> ItemScore:
        """Look for the two words anywhere in the prediction."""
        said = (upstream_cell(answer.output) or "nan").lower().strip()
        truth = answer.truth.lower().strip()
        words = [word for word in ("true", "false") if word in said]
        right = words == [truth]
        return counted(answer, float(right), why=f"says {' and '.join(words) or 'neither'}", unparsed=len(words) != 1)
