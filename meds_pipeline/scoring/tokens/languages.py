"""Words of a text as upstream cuts it for BLEU: by jieba for zh, by janome for ja, by NLTK for all other languages."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from meds_pipeline.scoring.tokens import punkt
from meds_pipeline.scoring.tokens.words import nltk_words


@cache
def _jieba() -> Any:
    """Jieba's tokenizer for this process.

    Its dictionary is read here, because jieba's own start leaves a cache file in the shared temporary folder.
    """
    import jieba

    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


@cache
def _janome() -> Any:
    """Janome's tokenizer for this process; upstream makes a new one for every call."""
    from janome.tokenizer import Tokenizer

    return Tokenizer(wakati=True)


@lru_cache(maxsize=64)
def words_of(text: str, language: str) -> list[str]:
    """Words of a text; not to be changed by the caller.

    The last texts are remembered with their words, because both scorers ask for the words of an answer.
    """
    if language == "zh":
        return list(_jieba().cut(text))
    if language == "ja":
        return list(_janome().tokenize(text))
    return nltk_words(text, punkt.english())
