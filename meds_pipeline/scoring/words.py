"""Word tokenization as upstream does it: NLTK's `word_tokenize` for European languages, jieba, janome.

The rules for European languages are NLTK's improved Treebank tokenizer (nltk.tokenize.destructive, Apache-2.0) in
NLTK's order. Each rule is applied only to texts that hold a character it looks for, which makes no difference to the
result and most of the speed. Equality with NLTK is tested on real and on generated texts.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from meds_pipeline.scoring import punkt

if TYPE_CHECKING:
    from collections.abc import Callable

    from meds_pipeline.scoring.punkt import Tables

_SPACE = r"[^\S\x1c-\x1f]"  # see punkt.py

_OPENING = re.compile("([«“‘„]|[`]+)")
_QUOTE_AFTER = re.compile(r"([ (\[{<])(\"|'{2})")
_QUOTE_SINGLE = re.compile(r"(?i)(?<!\w)(')(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)")
_AFTER_STOP = re.compile(r"([\])}>\"'»”’ ]*+)" + _SPACE + "*")
_COMMA = re.compile(r"([:,])([^\d])")
_COMMA_END = re.compile(r"([:,])$")
_DOTS = re.compile(r"\.{2,}")
_SYMBOLS = re.compile(r"[;@#$%&]")
_DASHES = re.compile(r"[\u2012-\u2015]")
_MARKS = re.compile(r"[?!]")
_APOSTROPHE_SPACE = re.compile(r"([^'])' ")
_BRACKETS = re.compile(r"[\]\[(){}<>]")
_CLOSING = re.compile("([»”’])")
_SPACES = re.compile(_SPACE + "+")
_CLITIC_SHORT = re.compile(r"([^' ])('[sS]|'[mM]|'[dD]|') ")
_CLITIC_LONG = re.compile(r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ")
_CONTRACTIONS = [
    re.compile(rf"(?i){pattern}")
    for pattern in (
        r"\b(can)(not)\b",
        r"\b(d)('ye)\b",
        r"\b(gim)(me)\b",
        r"\b(gon)(na)\b",
        r"\b(got)(ta)\b",
        r"\b(lem)(me)\b",
        r"\b(more)('n)\b",
        r"\b(wan)(na)(?=\s)",
        r" ('t)(is)\b",
        r" ('t)(was)\b",
    )
]
_CONTRACTED = ("cannot", "d'ye", "gimme", "gonna", "gotta", "lemme", "more'n", "wanna", "'tis", "'twas")


def _has_any(text: str, characters: str) -> bool:
    return any(character in text for character in characters)


def _part_final_stop(text: str) -> str:
    """Set the sentence's last full stop apart, unless it belongs to an ellipsis."""
    stop = text.rfind(".")
    if stop < 1 or text[stop - 1] == ".":
        return text
    if stop == len(text) - 1:
        return text[:stop] + " .  "
    after = _AFTER_STOP.fullmatch(text, stop + 1)
    return f"{text[:stop]} . {after.group(1)} " if after else text


def _contracted(text: str) -> bool:
    lower = text.lower()
    # Case-insensitive patterns also match a dotless i, a dotted capital I and a long s.
    return any(word in lower for word in _CONTRACTED) or (not text.isascii() and _has_any(text, "ıİſ"))


def _rules(text: str) -> tuple[list[Callable[[str], str]], bool]:
    """The rules that can change this text, in NLTK's order, and whether contractions may occur."""
    rules: list[Callable[[str], str]] = []
    quote, tick, ascii_only = "'" in text, "`" in text, text.isascii()
    double = '"' in text or "''" in text

    def pad(pattern: re.Pattern[str], template: str = r" \g<0> ") -> None:
        rules.append(lambda part: pattern.sub(template, part))

    if tick or not ascii_only:
        pad(_OPENING)
    if double or tick:
        rules.append(lambda part: "``" + part[1:] if part[:1] == '"' else part)
        rules.append(lambda part: part.replace("``", " `` "))
        pad(_QUOTE_AFTER, r"\1 `` ")
    if quote:
        pad(_QUOTE_SINGLE, r"\1 ")
    if "." in text:
        rules.append(_part_final_stop)
    if "," in text or ":" in text:
        pad(_COMMA, r" \1 \2")
        pad(_COMMA_END)
    if ".." in text:
        pad(_DOTS)
    if _has_any(text, ";@#$%&"):
        pad(_SYMBOLS)
    if not ascii_only:
        pad(_DASHES)
    if "?" in text or "!" in text:
        pad(_MARKS)
    if quote:
        pad(_APOSTROPHE_SPACE, r"\1 ' ")
    if "*" in text:
        rules.append(lambda part: part.replace("*", " * "))
    if _has_any(text, "()[]<>{}"):
        pad(_BRACKETS)
    if "--" in text:
        rules.append(lambda part: part.replace("--", " -- "))
    contracted = _contracted(text)
    if quote or double or contracted or not ascii_only:
        rules.append(lambda part: f" {part} ")
    if not ascii_only:
        pad(_CLOSING)
    if double:
        rules.append(lambda part: part.replace("''", " '' ").replace('"', " '' "))
    if quote or double or contracted:
        pad(_SPACES, " ")
    if quote or double:
        pad(_CLITIC_SHORT, r"\1 \2 ")
        pad(_CLITIC_LONG, r"\1 \2 ")
    return rules, contracted


def nltk_words(text: str, tables: Tables | None) -> list[str]:
    """The tokens `nltk.word_tokenize(text)` gives with the English tables; without tables, as one sentence."""
    rules, contracted = _rules(text)
    words: list[str] = []
    for part in [text] if tables is None else punkt.sentences(text, tables):
        for rule in rules:
            part = rule(part)  # noqa: PLW2901 (the rules transform the sentence in turn)
        if contracted:
            for pattern in _CONTRACTIONS:
                part = pattern.sub(r" \1 \2 ", part)  # noqa: PLW2901
        words += part.split()
    return words


@cache
def _jieba() -> Any:
    """The default tokenizer of jieba, quiet, its dictionary loaded once a process."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    return jieba.dt


@cache
def _janome() -> Any:
    """One janome tokenizer a process; upstream builds one for every text."""
    from janome.tokenizer import Tokenizer

    return Tokenizer(wakati=True)


def words(text: str, language: str) -> list[str]:
    """Tokens of a text for BLEU, the way upstream tokenizes that language."""
    if language == "zh":
        return list(_jieba().cut(text))
    if language == "ja":
        return list(_janome().tokenize(text))
    return nltk_words(text, punkt.english())
