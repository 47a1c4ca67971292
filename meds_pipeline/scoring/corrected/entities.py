"""Entity lists as written: no cut characters, any order and case, the "no entity" sentence in any spelling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meds_pipeline.scoring.corrected.nothing import says_none
from meds_pipeline.scoring.corrected.text import bare, given, likeness
from meds_pipeline.scoring.official.entities import Entities as OfficialEntities
from meds_pipeline.scoring.official.entities import entity_score

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from meds_pipeline.scoring.base import Answer, ItemScore

_KINDS = (
    r"(?:chemicals?|drugs?|compounds?|substances?|medications?|diseases?|disorders?|conditions?|species"
    r"|organisms?|bacteri\w{1,3}|virus(?:es)?|genes?|proteins?|anatom\w{1,6}|(?:named )?entit\w{1,4}|names?|terms?"
    r"|mentions?|pairs?|symptoms?|tissues?|cells?)"
)
_STARTS = (
    r"(?:the|these|this|those|here|following|in|sure|certainly|based on|i (?:found|identified|see)|from|all|named"
    r"|chemical|disease|gene|species|drug|entity|mention|list|answer|output|result|final)"
)
_LEAD_IN = re.compile(
    rf"[\W_]{{0,4}}(?:{_STARTS}(?![\w-])[^:\n]{{0,120}}?:|(?:[\w-]{{1,20}} ){{0,3}}{_KINDS}(?: \w{{1,15}}){{0,3}}\s?:"
    r"|(?:the|these|this|in the|following)\b[^:,\n]{0,100}?\b(?:are|is|includes?|mentions?|contains?)\b) ?",
    re.IGNORECASE,
)
"""What comes before a list: "The entities are:", "Chemicals:", "The text mentions"."""
_FRAME = re.compile(r"```\w{0,12}|</?\w{1,12}>")
_BLANKS = re.compile(r"[^\S\n\t]+")
_STRING = re.compile(r""""([^"\n]{0,300})"(\s?:)?|'([^'\n]{0,300})'(\s?:)?""")
_NO_NAMES = frozenset({"type", "label", "category", "class", "kind", "start", "end", "id"})
"""Keys of JSON objects whose values are no names."""
_PARTED = re.compile(r", |; ?|\t+| ?[|•] ?|，|、| (?=\(?\d{1,2}[.)] \w)")
_PERHAPS = re.compile(r" (?:and|or|as well as) | [/&] |(?<=[^\W\d_]{3})\. (?=[A-Z])|,(?=\S)")
"""Parts a list only where it cuts no entity of the gold answer."""
_PLACE = r"(?:\d{1,4}[a-z]?|[A-Za-z]|alpha|beta|gamma|delta|omega|[αβγδω])'{0,2}"
_PLACE_BEFORE, _PLACE_BEHIND = re.compile(rf"(?<![^\W_]){_PLACE}$"), re.compile(rf"{_PLACE}(?![^\W_])")
"""Numbers and letters that say where in a molecule: the comma between two of them parts nothing."""
_BULLET = re.compile(
    r" ?(?:[-*•·–] |\(?\d{1,2}[.)](?: |(?=[^\W\d]))|\(?[a-z]\) |(?:and|or|both|either) ){0,3}", re.IGNORECASE
)
_GLOSS = re.compile(
    rf" ?\( ?{_KINDS}(?:[ /,]{{1,2}}{_KINDS}){{0,3}} ?\)$| ?\(an? [^()]{{0,80}}\)$| [-–—:] (?:an?|the) [^\n]*$",
    re.IGNORECASE,
)
"""What a model adds to a name: "(chemical)", " - a drug"."""
_CHATTER = re.compile(
    r"\W{0,3}(?:let me know|please\b|note(?: that\b|:)|i hope|these (?:are|were)|there (?:are|were) no other|no other"
    r"|if you\b|is there\b)",
    re.IGNORECASE,
)
"""Starts a line that belongs to no list."""


def gold_entities(text: str) -> frozenset[str]:
    """The entities of a gold answer: joined by comma and blank, whatever else is in them."""
    names = frozenset() if says_none(text) else frozenset(map(bare, text.split(", ")))
    return names - {""}


def entities(text: str, known: Collection[str] = ()) -> frozenset[str]:
    """The entities of a list in normal form; empty for the "no entity" sentence.

    Args:
        text: What a model wrote.
        known: Entities of the gold answer: "and" or a comma inside one of them parts nothing.
    """
    if says_none(text) and bare(text) not in known:
        return frozenset()
    pieces = dict.fromkeys(piece for piece in _pieces(text, known) if not piece.isspace())
    found = {name for piece in pieces for name in _members(piece, known)}
    return frozenset(name for name in found if name in known or name == "no" or not says_none(name)) - {""}


def _pieces(text: str, known: Collection[str]) -> Iterator[str]:
    """The items of a list, without what comes before it, bullets and closing words."""
    text = _BLANKS.sub(" ", _FRAME.sub("\n", text)).strip()
    if bare(text) in known:
        yield text
        return
    if text.startswith(("[", "{")) and text.endswith(("]", "}")) and _STRING.search(text):
        yield from _strings(text)
        return
    for line in text.split("\n"):
        listed = line
        if (lead := _LEAD_IN.match(line)) and bare(line) not in known:
            listed = line[lead.end() :]
        if not _CHATTER.match(listed):
            yield from (_BULLET.sub("", piece, count=1) for piece in _PARTED.split(_unwrapped(listed)))


def _strings(text: str) -> Iterator[str]:
    """The strings of a JSON or Python literal, but no keys and no values of keys like "type"."""
    key = ""
    for double, double_colon, single, single_colon in _STRING.findall(text):
        if double_colon or single_colon:
            key = (double or single).lower()
        elif key not in _NO_NAMES:
            yield double or single


def _unwrapped(line: str) -> str:
    """The line without brackets around the whole list."""
    line = line.strip()
    whole = len(line) > 2 and (line[0], line[-1]) in (("[", "]"), ("{", "}")) and line[0] not in line[1:]
    return line[1:-1] if whole else line


def _name(piece: str, known: Collection[str]) -> str:
    name = bare(piece)
    if name in known or not name.endswith(")") and " " not in name:
        return name
    return bare(_GLOSS.sub("", piece.strip()))


def _members(piece: str, known: Collection[str]) -> Iterator[str]:
    """The entities of a piece: cut at "and" and the like, but the longest run that is a known entity stays whole."""
    cuts = [cut.span() for cut in _PERHAPS.finditer(piece) if not _in_name(piece, cut)]
    if not cuts:
        yield _name(piece, known)
        return
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(piece)]
    longest = 1 + max((len(_PERHAPS.findall(name)) for name in known), default=0)
    names: dict[str, str] = {}
    at = 0
    while at < len(starts):
        for last in range(min(len(ends), at + longest) - 1, at - 1, -1):
            run = piece[starts[at] : ends[last]]
            if run not in names:
                names[run] = _name(run, known)
            if names[run] in known or last == at:
                break
        yield names[run]
        at = last + 1


def _in_name(piece: str, cut: re.Match[str]) -> bool:
    """Whether a comma without a blank stands between numbers or letters of a chemical name ("1,2-", "N,N-")."""
    if cut.group() != ",":
        return False
    before = _PLACE_BEFORE.search(piece, max(0, cut.start() - 8), cut.start())
    return before is not None and _PLACE_BEHIND.match(piece, cut.end()) is not None


class Entities(OfficialEntities):
    """Micro F1 over entity sets; an empty prediction misses all entities of its item."""

    def score(self, answer: Answer) -> ItemScore:
        """Count found, extra and missed entities; of several references the nearest counts."""
        answer = given(answer, none_is_said=True)
        scores = []
        for reference in answer.references or ("",):
            truth = gold_entities(reference)
            said = entities(answer.output or "", truth)
            scores.append((likeness(said, truth), entity_score(answer, set(said), set(truth))))
        return max(scores, key=lambda pair: pair[0])[1]
