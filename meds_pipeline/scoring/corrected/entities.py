"""Entity lists as written: no cut characters, any order and case, the "no entity" sentence in any spelling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meds_pipeline.scoring.corrected.text import bare
from meds_pipeline.scoring.official.entities import Entities as OfficialEntities
from meds_pipeline.scoring.official.entities import entity_score

if TYPE_CHECKING:
    from meds_pipeline.scoring.base import Answer, ItemScore

_NONE = re.compile(
    r"^(?:there (?:is|are|was|were) )?(?:no|not any|none)\b[\w ]{0,40}?(?:entit|enetit|entiti|mention|name)\w*"
    r"(?: (?:found|present|mentioned|detected|in the (?:text|sentence|passage)))*$|^(?:none|nothing|n/a|null|nan)$"
)
_LEAD_IN = re.compile(
    r"^[^:\n]{0,80}?\b(?:entit\w*|list\w*|answer|output|include|are)\b[^:\n]{0,40}:\s*", re.IGNORECASE
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+")
_SPLIT = re.compile(r",\s+|;\s*|\n+|\t+|，|、")


def entities(text: str) -> set[str]:
    """The entities of a list in normal form; empty for the "no entity" sentence."""
    if _NONE.match(bare(text)):
        return set()
    listed = _LEAD_IN.sub("", text.strip())
    pieces = (bare(_BULLET.sub("", piece)) for piece in _SPLIT.split(listed))
    return {piece for piece in pieces if piece and not _NONE.match(piece)}


class Entities(OfficialEntities):
    """Micro F1 over entity sets; an empty prediction misses all entities of its item."""

    def score(self, answer: Answer) -> ItemScore:
        """Count found, extra and missed entities."""
        return entity_score(answer, entities(answer.output or ""), entities(answer.truth))
