"""What surrounds a statement, and what it makes of it: its stance and its weight."""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from meds_pipeline.scoring.corrected.cues import Cues

_BEFORE, _AFTER = 160, 120
"""Characters that are looked at before and behind a statement."""
_SUBJECT = re.compile(r"\s?(?:is|was|are)(?:n't|\snot)?\s(?:(?:an?|the)\s)?")
"""Between two mentions of which the first is the subject: "that it is TRUE is UNPROVEN"."""
_ARTICLE = re.compile(r"\s?(?:(?:an?|the)\s)?")
_TRANSITIVE = ("not", "n't", "不选", "不是", "не", "no es", "pas")
"""Ends of denials that are about the next mention if one follows: "A, not B"."""
_TURN = re.compile(r"(?<!\w)(?:but|however|so|therefore|here)(?!\w)|;")
"""Ends what a condition at the start of a sentence reaches."""
_COLONS = (":", ",", "-", "–", "—", "->", "=>", "→", "=")
_ENDING = re.compile(r"[\s)\]'*-]*$")
_LISTED = 400
"""Characters of the longest sentence that may be a mere list."""
_ITEM_WORDS = 4
_ITEMS = 3


class Stance(Enum):
    """How a statement stands to what it names."""

    AFFIRMED = "affirmed"
    HEDGED = "hedged"
    OFFERED = "offered"
    SUPPOSED = "supposed"
    DENIED = "denied"


class Weight(IntEnum):
    """How plainly a statement is the answer.

    NAMED: somewhere in a sentence; no answer. ALONE: it is the whole sentence, opens it set off, or follows its last
    colon. JUDGED: "X is correct", "this suggests X". ANSWERED: "the answer is X", "so, X", "I choose X".
    """

    NAMED = 1
    ALONE = 2
    JUDGED = 3
    ANSWERED = 4


class Statement(NamedTuple):
    """One or several mentions joined as a list.

    Attributes:
        values: What is mentioned, each once, in order.
        stance: How the text stands to it.
        weight: How plainly it is the answer.
        start: Where it starts.
        end: Where its last mention ends.
        reach: Where what is said of it ends; a denial in there says nothing of what follows.
    """

    values: tuple[str, ...]
    stance: Stance
    weight: Weight
    start: int
    end: int
    reach: int


NOTHING = Statement((), Stance.SUPPOSED, Weight.NAMED, 0, 0, 0)


class Context(NamedTuple):
    """Where a statement stands.

    Attributes:
        low: The text in lower case.
        say: The words of its language.
        start: Where the statement starts.
        end: Where it ends.
        first: Where its sentence starts.
        last: Where its sentence ends.
        before: The statement before it.
        following: Where the next mention starts; the end of the text where there is none.
    """

    low: str
    say: Cues
    start: int
    end: int
    first: int
    last: int
    before: Statement
    following: int

    def statement(self, values: tuple[str, ...], offered: bool, least: Weight) -> Statement:
        """The statement; `offered` if its mentions are joined by "or", `least` what they weigh by themselves."""
        denied, doubted, confirmed = (
            self._follows(pattern)
            for pattern in (self.say.denied_after, self.say.supposed_after, self.say.confirmed_after)
        )
        stance, weight = self._stance(bool(denied), bool(doubted), offered), max(least, self._weight())
        if self._explains() and weight < Weight.ANSWERED:
            weight = Weight.NAMED
        if self.before.stance is Stance.DENIED and self.say.contrast.fullmatch(self.low, self.before.end, self.start):
            weight = max(weight, self.before.weight, Weight.JUDGED)
        return Statement(values, stance, weight, self.start, self.end, max(self.end, denied, doubted, confirmed))

    @property
    def _lead(self) -> str:
        """What stands before the statement in its sentence."""
        return self.low[max(self.first, self.start - _BEFORE) : self.start]

    def _stance(self, denied: bool, doubted: bool, offered: bool) -> Stance:
        lead = self._lead
        clause_start = (
            max((found.end() for found in self.say.breaks.finditer(lead)), default=0) + self.start - len(lead)
        )
        clause = self.low[max(clause_start, self.before.reach) : self.start]
        between = self.low[max(clause_start, self.before.reach, self.before.end) : self.start]
        if denied or self.say.listed_wrong.search(lead) or self._says(self.say.denied_before, clause):
            return Stance.DENIED
        if doubted or self._is_supposed(lead) or self._says(self.say.supposed_before, between):
            return Stance.SUPPOSED
        if offered or self._is_alternative(between) or self._is_listed():
            return Stance.OFFERED
        hedged_from = max(clause_start, self.before.reach if between.strip() else self.before.start)
        hedged = self.say.hedged_before.search(self.low, hedged_from, self.start) or self._follows(
            self.say.hedged_after
        )
        return Stance.HEDGED if hedged else Stance.AFFIRMED

    def _says(self, pattern: re.Pattern[str], text: str) -> bool:
        """Whether a text has a word of denial or supposition outside phrases like "no doubt"."""
        return pattern.search(text) is not None and pattern.search(self.say.not_denied.sub(" ", text)) is not None

    def _follows(self, pattern: re.Pattern[str]) -> int:
        """Where the pattern ends that stands right behind the statement and before the next mention; 0 if none does."""
        found = pattern.match(self.low, self.end, min(self.last, self.end + _AFTER))
        if found is None or found.end() > self.following:
            return 0
        on_next = found.group().rstrip().endswith(_TRANSITIVE) and self.following < self.last
        return 0 if on_next and _ARTICLE.fullmatch(self.low, found.end(), self.following) else found.end()

    def _explains(self) -> bool:
        """Whether the statement only belongs to a reason for the one before it."""
        if self.before.stance is not Stance.AFFIRMED or self.before.end < self.first:
            return False
        opens = self.before.start <= self.first + 1 and len(self.before.values) == 1
        if opens and self.low.startswith((":", " - ", " – ", " — ", " ("), self.before.end):
            return True
        return self.say.explains.search(self.low, self.before.end, self.start) is not None

    def _is_supposed(self, lead: str) -> bool:
        """Whether the sentence asks, supposes, lists what there is, or makes the statement the subject of the next."""
        if self.low.startswith("?", self.last) or self.say.listed_offer.search(lead):
            return True
        if self.following < self.last and _SUBJECT.fullmatch(self.low, self.end, self.following):
            return True
        sentence = self.low[max(self.first, self.start - 2 * _BEFORE) : self.start]
        condition = _TURN.split(self.say.not_denied.sub(" ", sentence))[-1]
        return self.say.conditional.search(condition) is not None

    def _is_alternative(self, between: str) -> bool:
        """Whether "or" stands right before the statement, or between it and the next."""
        if self.say.or_before.search(between):
            return True
        return (
            self.following < self.last and self.say.or_behind.fullmatch(self.low, self.end, self.following) is not None
        )

    def _is_listed(self) -> bool:
        """Whether the statement is one of three or more short items that are all of its sentence, or of its colon."""
        if self.last - self.first > _LISTED:
            return False
        before, behind = self.low[self.first : self.start].rpartition(":")[2], self.low[self.end : self.last]
        opens = not before.strip(" (-") or before.rstrip().endswith(",")
        closes = not behind.strip() or behind.lstrip().startswith(",")
        if not (opens and closes):
            return False
        items = [item.strip() for item in f"{before}x{behind}".split(",") if item.strip()]
        short = all(len(item.split()) <= _ITEM_WORDS and not self.say.remark.match(item) for item in items)
        return len(items) >= _ITEMS and short

    def _weight(self) -> Weight:
        lead = self._lead
        if self.say.answered_before.search(lead):
            return Weight.ANSWERED
        confirmed = self.say.confirmed_after.match(self.low, self.end, min(self.last, self.end + _AFTER))
        if confirmed or self.say.pointed_before.search(lead):
            return Weight.JUDGED
        opening = self.say.opening.search(lead)
        if opening and opening.start() == 0:
            alone = self.say.set_off.match(self.low, self.end, self.last) is not None
        else:
            closes = _ENDING.match(self.low, self.end, self.last) is not None
            alone = closes and (opening is not None or lead.rstrip(" ('").endswith(_COLONS))
        return Weight.ALONE if alone else Weight.NAMED
