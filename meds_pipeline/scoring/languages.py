"""Tokens of texts the way upstream tokenizes their language for BLEU, each text cut once for all who ask."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from meds_pipeline.scoring import punkt
from meds_pipeline.scoring.words import nltk_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@cache
def _chinese() -> Callable[[str], list[str]]:
    from meds_pipeline.scoring.chinese import Segmenter

    return Segmenter()


@cache
def _japanese() -> Callable[[Sequence[str]], list[list[str]]]:
    """Our segmenter, or janome's own where its dictionary is laid out otherwise than we know."""
    try:
        from meds_pipeline.scoring.japanese import Segmenter

        return Segmenter()
    except (ImportError, AttributeError, IndexError, ValueError):
        from janome.tokenizer import Tokenizer

        tokenizer = Tokenizer(wakati=True)
        return lambda texts: [list(tokenizer.tokenize(text)) for text in texts]


class Tokens:
    """Tokens by text: jieba's for zh, janome's for ja, NLTK's with the English tables for all others."""

    def __init__(self, language: str) -> None:
        """Nothing is cut yet."""
        self.language = language
        self._known: dict[str, list[str]] = {}

    def prepare(self, texts: Iterable[str]) -> None:
        """Cut texts that will be asked for together, where that is faster (ja)."""
        if self.language == "ja":
            missing = list(dict.fromkeys(text.strip() for text in texts if text.strip() not in self._known))
            self._known.update(zip(missing, _japanese()(missing), strict=True))

    def __call__(self, text: str) -> list[str]:
        """Tokens of one text; not to be changed by the caller."""
        if self.language == "ja":
            text = text.strip()  # as janome does
            if text not in self._known:
                self.prepare([text])
        found = self._known.get(text)
        if found is None:
            found = _chinese()(text) if self.language == "zh" else nltk_words(text, punkt.english())
            self._known[text] = found
        return found


def read_dictionaries() -> None:
    """Read the dictionaries of zh and ja now, which takes about a second, and not when the first text is cut."""
    _chinese()("")
    _japanese()([""])
