"""Upstream's BLEU-1 and ROUGE-L for free text (utils.py and the scripts that call it).

What upstream calls ROUGE-1 is ROUGE-L; it is named `rougeL` here.
"""

from __future__ import annotations

from typing import ClassVar

from meds_pipeline.scoring.base import Answer, Family, ItemScore, counted, outcome_of, skipped, upstream_cell
from meds_pipeline.scoring.tokens import punkt
from meds_pipeline.scoring.tokens.languages import words_of
from meds_pipeline.scoring.tokens.overlap import bleu1, rouge_package_l

SPLIT_BY_PUNKT = ("en", "es", "fr", "ru")


class Overlap(Family):
    """Mean of per-item BLEU-1 and ROUGE-L; missing and blank texts are treated as each script treats them."""

    metrics: ClassVar[tuple[str, ...]] = ("bleu1", "rougeL")
    main: ClassVar[str] = "rougeL"

    def words(self, text: str) -> list[str]:
        """Words of a text in the task's language; not to be changed by the caller."""
        return words_of(text, self.spec.language)

    @property
    def comparable(self) -> tuple[bool, ...]:
        """BLEU needs the Punkt tables; ROUGE-L does not."""
        return (not self.note, True)

    @property
    def note(self) -> str:
        """Why BLEU is not comparable on this machine."""
        return punkt.trouble() if self.spec.language in SPLIT_BY_PUNKT else ""

    def texts(self, answer: Answer) -> tuple[str | None, str | None]:
        """Prediction and truth as the task's script prepares them; None for a missing cell."""
        output, truth = upstream_cell(answer.output), upstream_cell(answer.truth)
        if self.spec.trim:
            output, truth = output and output.strip() or None, truth and truth.strip() or None
        return output, truth

    def score(self, answer: Answer) -> ItemScore:
        """Measure one text against the first reference.

        Missing cells are skipped or count as zero, by task. If `rouge` raises (only full stops), ROUGE-L is zero.
        """
        output, truth = self.texts(answer)
        if output is None or truth is None:
            if self.spec.missing == "skip":
                return skipped(answer, 2, "no text: not counted")
            return counted(answer, 0.0, 0.0, why="no text")
        said, gold = self.words(output), self.words(truth)
        if self.spec.language in ("zh", "ja"):
            output, truth = " ".join(said), " ".join(gold)
        bleu, rouge = bleu1(said, gold), rouge_package_l(output, truth) or 0.0
        score = counted(answer, bleu, rouge, why=f"{len(said)} words, case counts")
        # `rouge` adds 1e-8 to a denominator, so a perfect text earns a little less than 1.
        return score._replace(outcome=outcome_of(1.0, answer)) if said == gold else score


class Lowercased(Overlap):
    """FactVerification.py's task100: lower case, truth without full stops, blank predictions count as zero."""

    def texts(self, answer: Answer) -> tuple[str | None, str | None]:
        """Prediction and truth in lower case; None for a prediction or truth that is missing."""
        output, truth = (upstream_cell(answer.output) or "").strip().lower(), upstream_cell(answer.truth)
        return output or None, None if truth is None else truth.replace(".", "").strip().lower()
