"""Upstream's first-letter accuracy for choice questions (MCQA.py) and for yes/no (its task123)."""

from __future__ import annotations

from typing import ClassVar

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted, upstream_cell


def _first_letter(text: str | None) -> str:
    """First character after upstream's clean-up; a missing cell reads "nan", an empty text gives an empty string."""
    cell = upstream_cell(text)
    return ("nan" if cell is None else cell).lower().replace("the right answer is", "").strip()[:1]


class Choice(Family):
    """Right if prediction and truth start with the same letter from a to d; E is never right."""

    letters: ClassVar[str] = "abcd"

    def score(self, answer: Answer) -> ItemScore:
        """Compare first letters. Upstream crashes on an empty prediction; here it is wrong."""
        said, truth = _first_letter(answer.output), _first_letter(answer.truth)
        parsed = bool(said) and said in self.letters
        right = parsed and said == truth
        return counted(answer, float(right), why=f"first letter {said or 'none'}, truth {truth}", unparsed=not parsed)


class YesNo(Choice):
    """Right if both start with y or both start with n; "maybe" is never right, and a missing cell reads "n"."""

    letters: ClassVar[str] = "yn"
