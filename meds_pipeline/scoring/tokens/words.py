"""Word tokenization as NLTK's `word_tokenize` does it for European languages, many times faster.

The rules are those of NLTK's improved Treebank tokenizer (nltk.tokenize.destructive, Apache-2.0), in its order. NLTK
applies each rule to every sentence. Here the sentences are joined by a separator that no rule treats as a blank, and
each rule is applied once, only if the text has a character that the rule needs. Equality with NLTK is tested on real
and generated texts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meds_pipeline.scoring.tokens import punkt
from meds_pipeline.scoring.tokens.patterns import Pattern
from meds_pipeline.scoring.tokens.punkt import SPACE

if TYPE_CHECKING:
    from meds_pipeline.scoring.tokens.punkt import Tables

# The separator of sentences. `str.split` treats it as a blank, the rules (see punkt.SPACE) do not.
_BORDER = "\x1e"
_SAME_AS_BORDER = "\x1d"
_ODD_SPACES = "\x1c\x1d\x1f"

_OPENING = "«“‘„"
_CLOSING = "»”’"
_SYMBOLS = ";@#$%&"
_DASHES = "\u2012\u2013\u2014\u2015"
_MARKS = "?!"
_BRACKETS = "*()[]{}<>"

_BACKTICKS = re.compile("`+")
_QUOTE_AFTER = re.compile(r"([ (\[{<])(\"|'{2})")
_QUOTE_SINGLE = Pattern(r"(?i)'(?<!\w')(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)")
# A lookbehind is put after the character that it tests: a pattern that starts with a literal is searched much faster.
_FINAL_STOP = re.compile(rf"\.(?<=[^.{_BORDER}]\.)([\])}}>\"'»”’ ]*+){SPACE}*(?={_BORDER})")
_COMMA = Pattern(r"([:,])([^\d])")
_COMMA_KEPT = Pattern(r"[:,][:,\d]")
_DOTS = re.compile(r"\.{2,}")
_APOSTROPHE_SPACE = re.compile(rf"' (?<=[^'{_BORDER}]' )")
_SPACES = re.compile(SPACE + "+")
_CLITIC_SHORT = re.compile(r"'(?<=[^' ]')[sSmMdD]? ")
_CLITIC_LONG = re.compile(r"(?<=[^' ])(?:'ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ")
_LONG_CLITICS = ("'ll ", "'LL ", "'re ", "'RE ", "'ve ", "'VE ", "n't ", "N'T ")
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


def _pad(text: str, characters: str) -> str:
    """Put blanks around each of these characters."""
    for character in characters:
        if character in text:
            text = text.replace(character, f" {character} ")
    return text


def _open_quotes(text: str) -> str:
    """Separate opening quotes; `text` starts and ends with a border."""
    if "`" in text:
        text = _BACKTICKS.sub(r" \g<0> ", text).replace("``", " `` ")
    if '"' in text or "''" in text:
        text = text.replace(_BORDER + '"', _BORDER + " `` ")
        text = _QUOTE_AFTER.sub(r"\1 `` ", text)
    return _QUOTE_SINGLE.of(text).sub("' ", text) if "'" in text else text


def _punctuate(text: str, ascii_only: bool) -> str:
    """Separate full stops that end a sentence, commas and colons, symbols, brackets, dashes."""
    if "." in text:
        text = _FINAL_STOP.sub(r" . \1 ", text)
    if "," in text or ":" in text:
        # A comma before a digit stays, and of two commas in a row NLTK separates only the first.
        kept = _COMMA_KEPT.of(text).search(text)
        text = _COMMA.of(text).sub(r" \1 \2", text) if kept else _pad(text, ",:")
    if ".." in text:
        text = _DOTS.sub(r" \g<0> ", text)
    text = _pad(text, _SYMBOLS)
    if not ascii_only:
        text = _pad(text, _DASHES)
    text = _pad(text, _MARKS)
    if "'" in text:
        text = _APOSTROPHE_SPACE.sub(" ' ", text)
    text = _pad(text, _BRACKETS)
    return text.replace("--", " -- ")


def _close_quotes(text: str) -> str:
    """Separate closing quotes and the clitics before a blank; borders become blanks."""
    text = text.replace("''", " '' ").replace('"', " '' ").replace(_BORDER, " ")
    odd = any(space in text for space in _ODD_SPACES)
    text = _SPACES.sub(" ", text) if odd else f" {' '.join(text.split())} "
    text = _CLITIC_SHORT.sub(r" \g<0>", text)
    return _CLITIC_LONG.sub(r" \g<0>", text) if any(clitic in text for clitic in _LONG_CLITICS) else text


def _contracted(text: str, ascii_only: bool) -> bool:
    lower = text.lower()
    # Case-insensitive patterns also match a dotless i, a dotted capital I and a long s.
    return any(word in lower for word in _CONTRACTED) or (not ascii_only and any(c in text for c in "ıİſ"))


def nltk_words(text: str, tables: Tables | None) -> list[str]:
    """The tokens `nltk.word_tokenize(text)` gives with the English tables; without tables, as one sentence."""
    if _BORDER in text:
        text = text.replace(_BORDER, _SAME_AS_BORDER)
    ascii_only = text.isascii()
    contracted = _contracted(text, ascii_only)
    parts = [text] if tables is None else punkt.sentences(text, tables)
    joined = f"{_BORDER}{_BORDER.join(parts)}{_BORDER}"
    if not ascii_only:
        joined = _pad(joined, _OPENING)
    if "'" in text or '"' in text or "`" in text:
        joined = _open_quotes(joined)
    joined = _punctuate(joined, ascii_only)
    if not ascii_only:
        joined = _pad(joined, _CLOSING)
    if "'" in text or '"' in text:
        joined = _close_quotes(joined)
    if contracted:
        joined = _SPACES.sub(" ", joined.replace(_BORDER, " "))
        for pattern in _CONTRACTIONS:
            joined = pattern.sub(r" \1 \2 ", joined)
    return joined.split()
