"""BLEU-1 without regard to case, and the true ROUGE-1, ROUGE-2 and ROUGE-L; the best reference and every item count.

ROUGE follows the `rouge-score` package (Lin 2004; F1, no stemming), whose tokenizer keeps only ASCII letters and
digits. In other languages the words are Unicode words (fr, es, ru), jieba's (zh) or janome's (ja), in lower case.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from meds_pipeline.scoring.base import Answer, ItemScore, counted
from meds_pipeline.scoring.corrected.text import bare, given, said
from meds_pipeline.scoring.official.overlap import Overlap as OfficialOverlap
from meds_pipeline.scoring.tokens.overlap import bleu1

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENGLISH = re.compile(r"[a-z0-9]+")
_UNICODE = re.compile(r"[^\W_]+")


def rouge_words(text: str, language: str, cut: Sequence[str]) -> list[str]:
    """Words for ROUGE; `cut` are the text's tokens for BLEU, which are used for Chinese and Japanese."""
    if language in ("zh", "ja"):
        return [word for word in cut if _UNICODE.search(word)]
    return (_ENGLISH if language == "en" else _UNICODE).findall(text.lower())


def _f1(overlap: int, said: int, truth: int) -> float:
    precision, recall = overlap / max(said, 1), overlap / max(truth, 1)
    return 2 * precision * recall / (precision + recall) if overlap else 0.0


def rouge_n(said: Sequence[str], truth: Sequence[str], n: int) -> float:
    """ROUGE-N F1, 0 to 1."""
    ours = Counter(zip(*(said[i:] for i in range(n)), strict=False))
    theirs = Counter(zip(*(truth[i:] for i in range(n)), strict=False))
    return _f1((ours & theirs).total(), ours.total(), theirs.total())


def common_length(said: Sequence[str], truth: Sequence[str]) -> int:
    """Length of the longest common subsequence, by bit vectors (Hyyro 2004)."""
    matches: dict[str, int] = {}
    for position, word in enumerate(said):
        matches[word] = matches.get(word, 0) | 1 << position
    full = flat = (1 << len(said)) - 1
    for word in truth:
        if hit := flat & matches.get(word, 0):
            flat = ((flat + hit) | (flat - hit)) & full
    return len(said) - flat.bit_count()


def rouge_l(said: Sequence[str], truth: Sequence[str]) -> float:
    """ROUGE-L F1, 0 to 1, over the text as one sequence."""
    return _f1(common_length(said, truth), len(said), len(truth))


class Overlap(OfficialOverlap):
    """Means over all items; a missing or blank prediction earns zero."""

    metrics: ClassVar[tuple[str, ...]] = ("bleu1", "rouge1", "rouge2", "rougeL")

    def lower_words(self, text: str) -> list[str]:
        """Upstream's tokens in lower case; the text is cut first, because sentence splitting needs capitals."""
        return [word.lower() for word in self.words(text)]

    @property
    def comparable(self) -> tuple[bool, ...]:
        """BLEU needs the Punkt tables; ROUGE does not."""
        return (not self.note, True, True, True)

    def score(self, answer: Answer) -> ItemScore:
        """Measure against each reference; the best figure of each metric counts."""
        answer = given(answer)
        output = said(answer).strip()
        if not output:
            return counted(answer, 0.0, 0.0, 0.0, 0.0, why="no text")
        language = self.spec.language
        words = self.lower_words(output)
        ours = rouge_words(output, language, words)
        best = [0.0] * 4
        for reference in filter(bare, answer.references):
            truth = self.lower_words(reference.strip())
            theirs = rouge_words(reference, language, truth)
            points = (bleu1(words, truth), rouge_n(ours, theirs, 1), rouge_n(ours, theirs, 2), rouge_l(ours, theirs))
            best = [max(pair) for pair in zip(best, points, strict=True)]
        return counted(answer, *best, why=f"{len(words)} words, case ignored, best of {len(answer.references)}")
