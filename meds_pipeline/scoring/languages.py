"""Tokens of a text the way upstream tokenizes its language for BLEU."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from meds_pipeline.scoring import punkt
from meds_pipeline.scoring.words import nltk_words

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _chinese() -> Callable[[str], list[str]]:
    from meds_pipeline.scoring.chinese import Segmenter

    return Segmenter()


@cache
def _japanese() -> Callable[[str], list[str]]:
    """Our segmenter, or janome's own where its dictionary is laid out otherwise than we know."""
    from meds_pipeline.scoring.japanese import Segmenter

    try:
        return Segmenter()
    except (ImportError, AttributeError, TypeError):
        from janome.tokenizer import Tokenizer

        tokenizer = Tokenizer(wakati=True)
        return lambda text: list(tokenizer.tokenize(text))


def words(text: str, language: str) -> list[str]:
    """Tokens for BLEU: jieba's for zh, janome's for ja, NLTK's with the English tables for all others."""
    if language == "zh":
        return _chinese()(text)
    if language == "ja":
        return _japanese()(text)
    return nltk_words(text, punkt.english())
