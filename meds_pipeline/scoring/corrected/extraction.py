"""Spans and fields copied from a passage: all parts of the truth, in any order, at word boundaries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import Answer, Family, ItemScore, Outcome, counted
from meds_pipeline.scoring.corrected.text import bare, holds, normal

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUOTES = str.maketrans("", "", "\"'“”‘’`*")
_PARTS = re.compile(r"\n+|;\s*|,\s+(?![^\[(]*[\])])")


def parts(truth: str) -> list[str]:
    """The parts of a gold answer: lines, or items of a list; commas inside brackets do not part."""
    return [part for part in (bare(piece.translate(_QUOTES)) for piece in _PARTS.split(truth)) if part]


def copies(output: str, passage: str) -> bool:
    """Whether an output repeats its whole passage (20 words or more), which holds any span by necessity."""
    return len(passage.split()) >= 20 and passage in output


class Extraction(Family):
    """Right if every part of the truth is in the output; some parts are `partly` and earn nothing."""

    def score(self, answer: Answer) -> ItemScore:
        """Compare with each reference; the best counts."""
        output = normal((answer.output or "").translate(_QUOTES))
        if copies(output, normal(answer.input.translate(_QUOTES))):
            return counted(answer, 0.0, why="repeats the whole passage")
        best = max((self._found(output, parts(ref)) for ref in answer.references), default=(0.0, 0, 0))
        share, found, wanted = best
        score = counted(answer, float(wanted > 0 and found == wanted), why=f"{found} of {wanted} parts found")
        some = score.outcome is Outcome.WRONG and share > 0
        return score._replace(outcome=Outcome.PARTLY) if some else score

    @staticmethod
    def _found(output: str, wanted: Sequence[str]) -> tuple[float, int, int]:
        found = sum(holds(output, part) for part in wanted)
        return (found / len(wanted) if wanted else 0.0), found, len(wanted)
