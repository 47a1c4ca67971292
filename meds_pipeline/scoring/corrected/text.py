"""Normal forms of texts and the search for labels in prose, shared by the corrected families."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_EDGES = " \t\n\r.,;:!?*_#`'\"“”‘’()[]{}。、，；：！？「」"
_CLAUSE = re.compile(r"[.;:!?\n。；！？]|,? (?:but|however|so|therefore|thus|hence|because|since|although|though) ")
_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|without|cannot|excludes?|excluded|excluding|unlikely|except|denies"
    r"|rules? out|ruled out|rather than|instead of|less likely)\b|n't\b|n’t\b"
)
_DENIED = re.compile(
    r"\s+(?:is|was|are|were|seems?|appears?|can be|has been|can|could be)\s*"
    r"(?:not\b|n't\b|n’t\b|ruled out|excluded|unlikely|less likely|incorrect|wrong|unsupported)"
)
_OPENS = re.compile(r"[\s*_\"')]*(?:[.;:\n。]|$)")
_COMMA = re.compile(r"[\s*_\"')]*[,，]\s*(?!or\b|and\b)")
_LEAD_IN = re.compile(
    r"\b(?:answer|diagnosis|result|planning|plan|treatment|relation(?:ship)?|claim|verdict|label|conclusion|prediction"
    r"|category|class|outcome|decision|response)\b[\w ]{0,20}?(?:\bis\b|\bare\b|\bwould be\b|:|=)[\s:*\"'(]*$"
)


def normal(text: str) -> str:
    """NFKC, case-folded, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bare(text: str) -> str:
    """Normal form without punctuation at either end."""
    return normal(text).strip(_EDGES)


@lru_cache(maxsize=256)
def _finder(labels: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all labels at word boundaries, longer labels first so that none is found inside another."""
    ordered = sorted(labels, key=lambda label: (-len(label), label))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)")


def negated(text: str, start: int) -> bool:
    """Whether the clause before position `start` denies what follows."""
    clause_start = 0
    for match in _CLAUSE.finditer(text, 0, start):
        clause_start = match.end()
    # Five words reach back far enough: "is not consistent with a diagnosis of X" still denies X.
    before = " ".join(text[clause_start:start].split()[-7:])
    return _NEGATION.search(before) is not None


class Reading(NamedTuple):
    """What a text says about a closed set of labels.

    Attributes:
        affirmed: Labels named and not denied, in order of first mention.
        stated: The one label that the text states as its answer; None where it cannot be told.
        why: How it was read.
    """

    affirmed: tuple[str, ...]
    stated: str | None
    why: str


def read_labels(text: str, labels: Sequence[str]) -> Reading:
    """Find labels (in normal form) in a text: at word boundaries, denied ones left out.

    One affirmed label is the answer. Of several, the one that a phrase such as "the answer is", or a colon before the
    text's last word, points at (the last such), or the one the text opens with, set off by punctuation and not as the
    first of a list. Otherwise the text states none.
    """
    flat = unicodedata.normalize("NFKC", text).casefold()
    affirmed: dict[str, None] = {}
    pointed = opened = None
    finder = _finder(tuple(labels))
    for match in finder.finditer(flat):
        label = match.group()
        if negated(flat, match.start()) or _DENIED.match(flat, match.end()):
            continue
        affirmed.setdefault(label)
        closes = not flat[match.end() :].strip(_EDGES) and flat[: match.start()].rstrip(" *\"'(").endswith((":", "："))
        if closes or _LEAD_IN.search(flat, max(0, match.start() - 80), match.start()):
            pointed = label
        if not flat[: match.start()].strip(_EDGES):
            comma = _COMMA.match(flat, match.end())
            if _OPENS.match(flat, match.end()) or (comma and not finder.match(flat, comma.end())):
                opened = label
    found = tuple(affirmed)
    if not found:
        return Reading(found, None, "no label found")
    if len(found) == 1:
        return Reading(found, found[0], "one label found")
    if pointed is not None:
        return Reading(found, pointed, "label stated as the answer")
    if opened is not None:
        return Reading(found, opened, "label opens the text")
    return Reading(found, None, f"{len(found)} labels named, none stated as the answer")


def holds(text: str, phrase: str) -> bool:
    """Whether a normal text holds a normal phrase at word boundaries."""
    return bool(phrase) and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) is not None


def without(text: str, lead_ins: Iterable[str]) -> str:
    """The text without the first of the lead-ins that it starts with (compared in lower case)."""
    stripped = text.strip()
    for lead in lead_ins:
        if lead and stripped.lower().startswith(lead.lower()):
            return stripped[len(lead) :].strip()
    return stripped
