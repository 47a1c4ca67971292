"""What a text states: mentions of possible answers as statements, and the decision among them.

A text is cut into sentences. Mentions joined as a list ("A, B and C") are one statement. What surrounds it says whether
it is affirmed, denied, merely supposed or hedged, or offered as an alternative, and how much it weighs (`context.py`,
with the words of `cues.yaml`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.scoring.corrected.context import NOTHING, Context, Stance, Statement, Weight
from meds_pipeline.scoring.corrected.cues import cues
from meds_pipeline.scoring.corrected.markup import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_JOINT = 40
"""Characters between two members of a list at most."""
_MANY = 300
"""Mentions that are read, the last ones; more are no answer but a loop."""
_STOP = re.compile(r"[\n。]+|[!?]+(?=[\s)\]]|$)|\.+(?=[\s)\]]|$)(?!\s{0,2}or\b)")
_COUNTER = re.compile(r"[\s(•-]{0,4}(?:[a-hа-д]|\d{1,2})\)?")
_ABBREVIATED = ("vs", "e.g", "i.e", " dr", " cf", "etc", " sp", "spp", "approx")
_WRONG = re.compile(
    r"\s?(?:选?项)?\s?(?:(?:也|都|则)?[是为]?(?:错|不)|は誤|неверн|неправильн|est fauss|es (?:falsa|incorrecta))"
)
"""Behind one thing that a comma sets against the one before: "it is A, C is wrong" lists nothing."""
_AND = re.compile(r"(?<!\w)(?:and|or|nor|et|ou|y|o|и|или)(?!\w)")
_ONE = re.compile(r"[\s)]{1,2}(?:is|was|has|does|isn't|would|will)\b")
"""Behind one thing, not several: "the answer is A and B is wrong" lists nothing."""


class Mention(NamedTuple):
    """One possible answer named in a text.

    Attributes:
        value: The answer.
        start: Where it starts.
        end: Where it ends.
        needs: What its statement must weigh to count.
        least: What its statement weighs by itself: "entails" is a judgement wherever it stands.
    """

    value: str
    start: int
    end: int
    needs: Weight = Weight.NAMED
    least: Weight = Weight.NAMED


class Reading(NamedTuple):
    """What a text states as its answer.

    Attributes:
        values: The answer; empty where none is stated or it cannot be told.
        why: How it was read.
        weight: How plainly it is stated, where it is.
    """

    values: frozenset[str]
    why: str
    weight: Weight | None = None


class Prose:
    """A cleaned text with its sentences; `low` is it in lower case, of the same length."""

    def __init__(self, text: str, language: str = "en") -> None:
        """Clean the text and find its sentences."""
        self.text = clean(text)
        self.low = self.text.lower()
        self.say = cues(language)
        self.spans = list(self._sentences())
        self._starts = [start for start, _ in self.spans]

    def _sentences(self) -> Iterator[tuple[int, int]]:
        start = 0
        for stop in _STOP.finditer(self.low):
            if stop.group() == "." and self._goes_on(start, stop.start()):
                continue
            if stop.start() > start:
                yield start, stop.start()
            start = stop.end()
        if start < len(self.low) or start == 0:
            yield start, len(self.low)

    def _goes_on(self, start: int, stop: int) -> bool:
        """Whether the full stop there belongs to a counter ("B. zinc", "2. zinc") or an abbreviation."""
        if _COUNTER.fullmatch(self.low, start, min(stop, start + 8)) and stop < start + 8:
            last = "\n" in self.low[stop : stop + 2] or stop + 1 >= len(self.low)
            return not last and not self.say.retracted.match(self.low, stop + 1)
        return self.low.endswith(_ABBREVIATED, start, stop)

    def statements(self, mentions: Sequence[Mention]) -> list[Statement]:
        """The statements that a text makes about its mentions (in order, not overlapping)."""
        groups = list(self._groups(mentions[-_MANY:]))
        found: list[Statement] = []
        before = NOTHING
        starts = [*(group[0].start for group in groups[1:]), len(self.low)]
        for group, following in zip(groups, starts, strict=False):
            before = self._statement(group, before, following)
            if before.weight >= max(mention.needs for mention in group):
                found.append(before)
        return self._kept(found)

    def _statement(self, group: Sequence[Mention], before: Statement, following: int) -> Statement:
        start, end = group[0].start, group[-1].end
        first, last = self.spans[max(0, bisect_right(self._starts, start) - 1)]
        values = tuple(dict.fromkeys(mention.value for mention in group))
        joints = "\n".join(self.low[a.end : b.start] for a, b in zip(group, group[1:], strict=False))
        offered = len(values) > 1 and self.say.alternative.search(joints) is not None
        context = Context(self.low, self.say, start, end, first, max(last, end), before, following)
        return context.statement(values, offered, max(mention.least for mention in group))

    def _kept(self, statements: list[Statement]) -> list[Statement]:
        """The statements; those before a sentence that takes them back are mere suppositions."""
        back = max((start for start, end in self.spans if self.say.retracted.match(self.low, start, end)), default=0)
        return [s._replace(stance=Stance.SUPPOSED) if s.start < back else s for s in statements]

    def _groups(self, mentions: Sequence[Mention]) -> Iterator[list[Mention]]:
        """Mentions joined as lists."""
        group: list[Mention] = []
        for mention in mentions:
            if group and not self._joined(group, mention):
                yield group
                group = []
            group.append(mention)
        if group:
            yield group

    def _joined(self, group: Sequence[Mention], mention: Mention) -> bool:
        """Whether a mention goes on with a list; behind its "and" a list has one more member and ends."""
        joint = self.low[group[-1].end : mention.start]
        if len(group) > 1 and _AND.search(self.low, group[-2].end, group[-1].start) and not _AND.search(joint):
            return False
        if not joint.strip(" ([") or "\n" in joint or len(joint) > _JOINT or not self.say.joined.fullmatch(joint):
            return False
        remark = "," in joint and ("with" in joint or _WRONG.match(self.low, mention.end))  # "X, with Y less likely"
        return not remark and not ("and" in joint and _ONE.match(self.low, mention.end))


_WHY = {
    Weight.ANSWERED: "stated as the answer",
    Weight.JUDGED: "judged right",
    Weight.ALONE: "stands alone",
}


def decide(statements: Sequence[Statement], *, several: bool = False) -> Reading:
    """The answer among statements: the last "the answer is X", else what is judged right, stands alone or is named.

    Of those, the first kind that there is decides; statements of one kind that differ decide nothing. Where nothing is
    affirmed, the one thing thought possible is the answer.

    Args:
        statements: In the order of the text.
        several: Whether an answer may be a set, so that a list is one and judgements add up.
    """
    plain = [s for s in statements if s.weight > Weight.NAMED and (several or len(s.values) == 1)]
    affirmed = [s for s in plain if s.stance is Stance.AFFIRMED]
    for weight in (Weight.ANSWERED, Weight.JUDGED, Weight.ALONE):
        level = [frozenset(s.values) for s in affirmed if s.weight is weight]
        if weight is Weight.ANSWERED:
            level = level[-1:]
        elif weight is Weight.JUDGED and several and level:
            level = [frozenset().union(*level)]
        if len(set(level)) > 1:
            return Reading(frozenset(), f"{len(set(level))} answers, none of them stated as the one")
        if level:
            return Reading(level[0], _WHY[weight], weight)
    hedged = {frozenset(s.values) for s in plain if s.stance is Stance.HEDGED and len(s.values) == 1}
    if len(hedged) == 1:
        return Reading(hedged.pop(), "the one thought possible")
    kinds = sorted({s.stance.value for s in statements})
    return Reading(frozenset(), f"only {' and '.join(kinds)}" if kinds else "none named")
