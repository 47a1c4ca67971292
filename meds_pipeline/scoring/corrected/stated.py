"""Finds the answer that a text states, among the possible answers that it mentions.

Mentions that are joined as a list are one group. A group that is denied ("not B", "B is wrong") or in doubt ("if B",
"B or", "B?") is not an answer. For the other groups, the first of these rules that finds a group decides:

1. the last group after "the answer is" (or "so", "I choose", ..);
2. a group that is judged: "B is correct", "this suggests B";
3. a group that is a sentence or line of its own;
4. a group at the start of a line, set off from the rest;
5. a verb that is a verdict: "entails".

The text states nothing if the groups that a rule finds differ, or if one of them offers several things. It also states
nothing if it opens with another group than rule 2 finds, or than rule 1 finds after a noun as in "the treatment is". A
group that is only mentioned is not an answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.scoring.corrected import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NEAR = 160
"""How many characters before and after a group are read."""
_FIRST = 20
"""Most characters before a group with which a text opens."""
_MANY = 200
"""How many groups are read, from the end; a text with more is a loop and not an answer."""


class Mention(NamedTuple):
    """A possible answer that a text names.

    `short`: a letter or a word like "yes", which a comma sets off; `judges`: a verb like "entails", which is a verdict.
    """

    values: frozenset[str]
    start: int
    end: int
    short: bool = False
    judges: bool = False


class Reading(NamedTuple):
    """The answer that a text states; no values if it states nothing."""

    values: frozenset[str]
    why: str


class Group(NamedTuple):
    """Mentions joined as a list, where they stand, and whether the text offers them as alternatives."""

    values: frozenset[str]
    start: int
    end: int
    short: bool
    judges: bool
    offered: bool


UNSTATED = Reading(frozenset(), "no answer stated")


def lead_of(low: str, start: int) -> re.Match[str] | None:
    """The match of "the answer is" (or the like) right before a place of a text in lower case; None if absent."""
    return words.LEAD.search(low, max(0, start - _NEAR), start)


def groups(low: str, mentions: Sequence[Mention]) -> list[Group]:
    """Mentions (in order, not overlapping) joined as lists."""
    found: list[list[Mention]] = []
    for mention in mentions:
        if found and _joined(low, found[-1][-1], mention):
            found[-1].append(mention)
        else:
            found.append([mention])
    return [_group(low, members) for members in found]


def _joined(low: str, last: Mention, mention: Mention) -> bool:
    """Whether two mentions are members of one list, or are two whole lines that follow each other."""
    if words.JOINT.fullmatch(low, last.end, mention.start):
        return True
    between = low[last.end : mention.start]
    return len(between) < _NEAR and "\n" in between and not re.search(r"\w", between) and _is_line(low, mention)


def _group(low: str, members: list[Mention]) -> Group:
    joints = [low[a.end : b.start] for a, b in zip(members, members[1:], strict=False) if a.values != b.values]
    # "B or C" offers two, and "B) text of A" contradicts itself.
    offered = any(words.OR.search(joint) or not words.JOINS.search(joint) for joint in joints)
    values = frozenset[str]().union(*(member.values for member in members))
    return Group(values, members[0].start, members[-1].end, members[-1].short, any(m.judges for m in members), offered)


def is_stated(low: str, group: Group) -> bool:
    """Whether the text neither denies a group nor leaves it in doubt."""
    sentence = words.STOP.split(low[max(0, group.start - _NEAR) : group.start])[-1]
    clause = words.CLAUSE.split(sentence)[-1]
    stop = words.STOP.search(low, group.end, group.end + _NEAR)
    before = words.NOT.search(clause) or words.MAY.search(clause) or words.IF.search(sentence)
    behind = words.NOT_AFTER.match(low, group.end) or words.DOUBT_AFTER.match(low, group.end)
    return not before and not behind and (stop is None or stop.group() != "?")


def stated(low: str, mentions: Sequence[Mention], *, several: bool = False) -> Reading:
    """What a cleaned text in lower case states.

    Args:
        low: The text.
        mentions: The possible answers that it names, in order, not overlapping.
        several: Whether an answer may be a set, so that "A and B" is one.
    """
    back = max((found.start() for found in words.BACK.finditer(low)), default=0)
    live = [g for g in groups(low, mentions)[-_MANY:] if g.start >= back and is_stated(low, g)]
    for why, chosen in _rules(low, live):
        if chosen:
            values = {group.values for group in chosen}
            clear = len(values) == 1 and not any(group.offered for group in chosen)
            if clear and (several or len(chosen[0].values) == 1):
                return Reading(chosen[0].values, why)
            return Reading(frozenset(), f"{why}, but not one")
    return UNSTATED


def _rules(low: str, live: list[Group]) -> Iterator[tuple[str, list[Group]]]:
    opening = [group for group in live[:1] if group.start < _FIRST and _starts_line(low, group)]
    leads = [(group, lead.group()) for group in live if (lead := lead_of(low, group.start))]
    # "B. .. The treatment of asthma is C" may be about something else than the question; "The answer is C" is not.
    sure = bool(leads) and words.ANSWER.search(leads[-1][1]) is not None
    yield "stated as the answer", [group for group, _ in leads[-1:]] + opening * (bool(leads) and not sure)
    judged = [group for group in live if _is_judged(low, group)]
    yield "judged right", judged + opening * bool(judged)
    yield "alone", [group for group in live if _is_line(low, group) or _is_sentence(low, group)]
    yield "at the start of a line", [group for group in live if _starts_line(low, group)]
    yield "the only verdict", [group for group in live if group.judges]


def _is_judged(low: str, group: Group) -> bool:
    pointed = words.POINTS.search(low, max(0, group.start - _NEAR), group.start)
    return pointed is not None or words.JUDGED.match(low, group.end) is not None


def _is_line(low: str, named: Mention | Group) -> bool:
    start, end = low.rfind("\n", 0, named.start) + 1, low.find("\n", named.end)
    around = low[start : named.start] + low[named.end : end if end >= 0 else len(low)]
    return len(around) < _NEAR and not re.search(r"\w", around)


def _is_sentence(low: str, group: Group) -> bool:
    before = words.STOP.split(low[max(0, group.start - _NEAR) : group.start])[-1]
    behind = words.STOP.split(low[group.end : group.end + _NEAR] + "\n")[0]
    named = words.NAMED.search(before) if group.short else None
    return not re.search(r"\w", behind) and words.OPENS.fullmatch(before, named.end() if named else 0) is not None


def _starts_line(low: str, group: Group) -> bool:
    start = low.rfind("\n", 0, group.start) + 1
    set_off = words.SET_OFF.match(low, group.end) or (group.short and words.COMMA.match(low, group.end))
    return bool(set_off) and words.OPENS.fullmatch(low, start, group.start) is not None
