"""Entity lists as written: no character is cut, order and case do not matter, any "no entity" sentence counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import Outcome, outcome_of
from meds_pipeline.scoring.corrected.text import bare, given, likeness, normal, said, says_none
from meds_pipeline.scoring.official.entities import Entities as OfficialEntities
from meds_pipeline.scoring.official.entities import entity_score

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from meds_pipeline.scoring.base import Answer, ItemScore

_KINDS = (
    r"(?:chemicals?|drugs?|compounds?|substances?|medications?|diseases?|disorders?|conditions?|species|organisms?|bacteri\w{1,3}|virus(?:es)?"
    r"|genes?|proteins?|anatom\w{1,6}|(?:named )?entit\w{1,4}|names?|terms?|mentions?|symptoms?|answers?|output|list)"
)
_LEAD_IN = re.compile(
    rf"[\W_]{{0,4}}(?:(?:the|these|this|those|here|sure|certainly|based on|i found|from|in the)\b[^:\n]{{0,120}}?:"
    rf"|(?:[\w-]{{1,20}} ){{0,3}}{_KINDS}(?: \w{{1,15}}){{0,3}}\s?:"
    r"|(?:the|these|this|in the)\b[^:,\n]{0,100}?\b(?:are|is|includes?|mentions?|contains?)\b) ?",
    re.IGNORECASE,
)
"""Text before a list: "The entities are:", "Chemicals:", "The text mentions"."""
_STRING = re.compile(r"""(?<!\w)(?:"([^"\n]{1,300})"|'([^'\n]{1,300})')(?!\s?:|\w)""")
_NO_NAME = re.compile(r"""["'](?:type|label|category|class|kind)["']\s?:\s?["'][^"'\n]{1,300}["']""")
_FRAME = re.compile(r"```\w{0,12}|</?\w{1,12}>")
_PARTED = re.compile(r", |;|\t|[|•，、]| (?=\d{1,2}[.)] \w)|(?<=[^\W\d_]{3})\. (?=[A-Z])")
_PERHAPS = re.compile(r" (?:and|or|as well as) | [/&] | ?,(?=[^\W\d_]{2})")
"""Separates entities, unless the cut would go through an entity of the gold answer."""
_BULLET = re.compile(r" ?(?:[-*•–] |\(?\d{1,2}[.)] |\(?[a-z]\) |(?:and|or|both) ){0,3}", re.IGNORECASE)
_GLOSS = re.compile(rf" ?\( ?(?:an? )?{_KINDS}\)?$| [-–—:] (?:an?|the) [^\n]*$", re.IGNORECASE)
"""An explanation that a model adds to a name: "(chemical)", " - a drug"."""
_CHATTER = re.compile(
    r"\W{0,3}(?:let me know|please\b|note\b|i hope|there (?:are|were) no other|no other|if you\b)", re.IGNORECASE
)
"""Starts a line that belongs to no list."""


def gold_entities(text: str) -> frozenset[str]:
    """The entities of a gold answer; only a comma and a blank together separate them."""
    return (frozenset() if says_none(text) else frozenset(map(bare, text.split(", ")))) - {""}


def entities(text: str, known: Collection[str] = ()) -> frozenset[str]:
    """The entities of a list in normal form; empty for the "no entity" sentence.

    Args:
        text: What a model wrote.
        known: Entities of the gold answer; an "and" or a comma inside one of them does not separate entities.
    """
    if bare(text) in known:
        return frozenset({bare(text)})
    if says_none(text):
        return frozenset()
    joined = [name for name in sorted(known, key=len, reverse=True) if _PERHAPS.search(name) or ", " in name]
    found = {name for piece in _pieces(text) for name in _members(piece, known, joined)}
    return frozenset(name for name in found if name in known or name == "no" or not says_none(name)) - {""}


def _pieces(text: str) -> Iterator[str]:
    """The items of a list, without the text before it, bullets and closing words."""
    text = _FRAME.sub("\n", text).strip()
    if text.startswith(("[", "{")) and text.endswith(("]", "}")) and ('"' in text or "'" in text):
        yield from (double or single for double, single in _STRING.findall(_NO_NAME.sub("", text)))
        return
    for line in text.split("\n"):
        listed = _LEAD_IN.sub("", line, count=1) if _LEAD_IN.match(line) else line
        if not _CHATTER.match(listed):
            yield from _PARTED.split(listed)


def _members(piece: str, known: Collection[str], joined: list[str]) -> Iterator[str]:
    """The entities of a piece: cut at "and" and the like, but gold entities that hold such a word stay whole."""
    piece = normal(_BULLET.sub("", piece.strip(), count=1))
    for name in joined:
        if name in piece:
            yield name
            piece = piece.replace(name, " and ")
    for part in _PERHAPS.split(piece):
        name = bare(part)
        yield name if name in known else bare(_GLOSS.sub("", name))


class Entities(OfficialEntities):
    """Micro F1 over entity sets; an empty prediction misses all entities of its item."""

    def score(self, answer: Answer) -> ItemScore:
        """Count found, extra and missed entities; of several references the nearest counts."""
        answer = given(answer, none_is_said=True)
        output = said(answer)
        scores = []
        for reference in answer.references or ("",):
            truth = gold_entities(reference)
            named = entities(output, truth)
            scores.append((likeness(named, truth), entity_score(answer, set(named), set(truth))))
        score = max(scores, key=lambda pair: pair[0])[1]
        if score.outcome is Outcome.CORRECT and not output.strip():  # only thoughts, and no entity to name
            return score._replace(outcome=outcome_of(0.0, answer, unparsed=True))
        return score
