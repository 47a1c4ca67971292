"""What a text states as its answer, among the possible answers it mentions.

Mentions joined as a list are one group. A group that is denied ("not B", "B is wrong") or in doubt ("if B", "B or", "B?")
is no answer. Of the others, the first of these rules that finds any decides:

1. the last that stands behind "the answer is" (or "so", "I choose", ..);
2. what is judged: "B is correct", "this suggests B";
3. what is a sentence or line of its own;
4. what a line starts with, set off from the rest;
5. a verb that is a verdict: "entails".

Where the groups that a rule finds differ, or one offers several things, nothing is stated. What is only named somewhere
is no answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NEAR = 160
"""Characters before and behind a group that are looked at."""
_MANY = 200
"""Groups that are read, the last ones; more are no answer but a loop."""

_NOUN = (
    r"answers?|ans|choices?|diagnos[ie]s|verdict|labels?|class(?:ification)?|category|claim|statement|relation(?:ship)?"
    r"|predictions?|conclusion|results?|treatment|planning|plan|decision|solution|hypothesis|output|response|guess|best"
    r"|(?:best|correct|right|first|next|most \w{1,15})(?: [\w-]{2,20}){1,4}"
    r"|réponses?|choix|respuestas?|ответы?|(?:opci[oó]n|alternativa|proposition|вариант)(?:e?s)? \w{4,15}"
)
_IS = r"(?: (?:is|are|remains|(?:would|should|must|has to)(?: \w{1,9})? be|est|sont|es|son|это|является)|'s| ?(?:[:=→]|[-=]>|[-–—]))"
_FILLER = (
    r"most|likely|probably|clearly|definitely|therefore|thus|option|choice|letter|answer|label|class|the|an?|that|it is|it's"
    r"|both|la|les?|las|los|el|l'|donc|opci[oó]n|proposition|вариант|ответ|选项|選択肢"
)
_LEAD = re.compile(
    rf"(?:(?<!\w)(?:{_NOUN})(?:[ (][^\W\d_][\w'-]{{1,20}}\)?){{0,6}}?{_IS}"
    r"|(?:^\W{0,4}|[.\n;,] ?|(?<!\w)(?:i|we|let's|je|yo)(?:'d|'ll|'m| would| will)? (?:\w{1,12} )?)"
    r"(?:choos(?:e|ing)|pick|select|say|think|believe|guess|predict|recommend|suggest|diagnose|going with|go with|choisis|elijo)"
    r"|not [^.,;\n]{1,40},? but"
    r"|(?:^|[.\n;,] ?)(?:so|thus|therefore|hence|donc|por (?:lo )?tanto|следовательно)(?:,? (?:it|this) is)?"
    r"|(?:^|[.\n;,] ?)(?:but |so )?(?:(?:it|this|that|there)(?: is|'s| must be| should be)|c'est)|(?:ответы?|答案|正解|正答|答え)"
    r"|(?:答案|答え|正解|正答|解答|诊断|適切な|正[确し][^\n。,;]{0,6}|最[^\n。,;]{1,8})[^\n。,;]{0,8}?(?:是|为|:|は|=|选)"
    r"|选(?!项)择?|而是|首选|建议去?)"
    rf"(?:[^\w\n.;?!]{{0,3}}(?:{_FILLER})(?!\w)){{0,4}}[^\w\n.;?!]{{0,5}}$"
)
"""Ends right before what is stated as the answer."""
_POINTS = re.compile(
    r"\b(?:(?:suggests?|indicates?|points? to|supports?|(?:consistent|diagnosed) with|leaves)(?: (?:option|an?|the|that))?"
    r"|(?:patient|child) (?:most )?(?:likely )?(?:has|needs|should receive|suffers from)) \(?$"
)
"""Ends right before what a finding points at."""
_RIGHT = (
    r"(?:correct|right|best|answers?|appropriate|suitable|likely|preferred|correcte?s?|exacte?s?|vraies?|justes?|correctas?"
    r"|верн\w{1,4}|правильн\w{1,4})(?!\w)"
)
_ASIDE = r"[ )']{0,3}(?:\([^()\n]{1,60}\)|, [^,.\n]{1,40},)?"
_JUDGED = re.compile(
    rf"{_ASIDE}(?: (?:is|are|seems?|must be|should be|est|sont|es|son|является)"
    rf"(?: (?:the|an?|our|my|most|best|more|clearly|probably|definitely|therefore|thus|only|one|la|le|les)){{0,3}} {_RIGHT}"
    r"| fits best|(?:选?项)?(?:是|为|が|は)?最?も?(?:正确|对|正しい|正解|適切|答え|該当)|を選| верн)"
)
"""Right behind what is judged to be the answer."""
_NOT = re.compile(
    r"n't\b|\b(?:not(?! only)|non|absence|no|nor|neither|never|nothing|none|nobody|without|except|exclud\w{1,4}|rul(?:es?|ed|ing) out|lack\w{0,3}"
    r"|eliminat\w{1,4}|reject\w{0,3}|avoid\w{0,3}|unlike|rather than|instead of|than|over|wrong|incorrect|least|mistake|cannot"
    r"|fails?|impossible|hard|doubt|hesitate|people|many|some|others?|students?|ne|pas|sauf|не|кроме|salvo|incorrecta)\b"
    r"|[不非]|排除|错误|誤"
)
"""In the clause before what is denied, or said by others."""
_NOT_AFTER = re.compile(
    rf"{_ASIDE} ?(?:(?!(?:because|since|as|for|and|but|so|with|which|if)\b)[\w-]{{1,15}} ){{0,3}}?(?:not|\w{{1,6}}n't|cannot"
    r"|wrong|incorrect|false|ruled out|excluded|eliminated|unlikely|less|least|inappropriate|contraindicated|partially|partly"
    r"|half|almost|only|fausses?|incorrecta|falsa|не|неверн\w{1,4}|неправильн\w{1,4})(?!\w)"
    r"| ?[:=(–—-]{1,2} ?(?:wrong|incorrect|not?|negative|absent|false|faux|0|✗)(?!\w)|[\u3040-\u9fff]{0,8}?(?:不|错|誤|ない|ません|ではな|でな)"
)
_IF = re.compile(
    r"\b(?:if|unless|whether|suppose|assum\w{1,4}|either|between|lacking|si|s'il|если)\b|如果|假如|是否|もし"
)
"""In the sentence before what is only supposed."""
_MAY = re.compile(r"\b(?:could|might|may|can|consider\w{0,3}|e\.g|for example|such as)\b|可能")
_DOUBT_AFTER = re.compile(
    r",?[^,;:.\n]{0,60}\b(?:if|unless|si|если)\b|[ )]{0,2}(?:could|might|may|can)\b|か?もしれ|也?可能"
    r"|[ ).]{0,4},? ?(?:(?:or|ou|или)\b|或|还是)"
)
_STOP = re.compile(r"[\n。!?;]|(?<!e\.g)\.(?=\s|$)")
_CLAUSE = re.compile(
    r"[,(—、]| - |\b(?:but|however|so|because|since|while|whereas|yet|mais|pero|но|а)\b|而是|所以|因此"
)
_OPENS = re.compile(
    r"[^\w\n]{0,6}(?:(?:(?:most )?likely|probably|perhaps|maybe|possibly|clearly|definitely|so|option|choice|letter|les|la|réponses?|by elimination)[,:]? ){0,3}"
)
_SET_OFF = re.compile(
    r"\)?\s{0,2}(?:$|[\n.:;)\]]|\((?!\d)|[-–—]{1,2}(?=\s)|,? ?(?:because|since|as|given|due|although|but|not|which|rather)\b)"
)
_NAMED = re.compile(r"[:=→>](?=[^:=→>]{0,9}$)")
"""Names what a letter or a word like "yes" behind it says: "Step 3: B", "admitted = true"."""
_COMMA = re.compile(r", ?(?!(?:is|are|was)\b)")
_BACK = re.compile(
    r"(?:^|[.!?…\n] ?)(?:no,|wait\b|hmm|actually|correction|on (?:second thought|reflection)|let me reconsider)",
    re.MULTILINE,
)
"""Starts what takes back all that was said before."""
_JOINT = re.compile(
    r"[ ()]{0,3}(?:,? ?(?:and|or|nor|et|ou|y|o|и|или|plus)\b|[,、/・&+;和或与と及か]|および|または|还是)?[ (]{0,2}"
    r"(?:(?:options?|the|both|either|possibly|maybe|perhaps) )?\(?"
)
_OR = re.compile(r"\b(?:or|ou|o|или|nor)\b|[/或か]|または|还是")
_AND = re.compile(r"\w|[,、/・&+;\n]")


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
    """What a text states; no values where it states nothing."""

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


def leads(text: str, start: int) -> bool:
    """Whether "the answer is" or the like stands right before a place of a text in lower case."""
    return _LEAD.search(text, max(0, start - _NEAR), start) is not None


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
    """Whether two mentions are members of a list, or lines of their own that follow each other."""
    if _JOINT.fullmatch(low, last.end, mention.start):
        return True
    between = low[last.end : mention.start]
    return len(between) < _NEAR and "\n" in between and not re.search(r"\w", between) and _is_line(low, mention)


def _group(low: str, members: list[Mention]) -> Group:
    joints = [low[a.end : b.start] for a, b in zip(members, members[1:], strict=False) if a.values != b.values]
    offered = any(_OR.search(joint) or not _AND.search(joint) for joint in joints)  # "B) text of A" is neither
    values = frozenset[str]().union(*(member.values for member in members))
    return Group(values, members[0].start, members[-1].end, members[-1].short, any(m.judges for m in members), offered)


def is_stated(low: str, group: Group) -> bool:
    """Whether the text neither denies a group nor leaves it in doubt."""
    sentence = _STOP.split(low[max(0, group.start - _NEAR) : group.start])[-1]
    if _NOT.search(_CLAUSE.split(sentence)[-1]) or _NOT_AFTER.match(low, group.end):
        return False
    stop = _STOP.search(low, group.end, group.end + _NEAR)
    asked = stop is not None and stop.group() == "?"
    doubt = _IF.search(sentence) or _MAY.search(_CLAUSE.split(sentence)[-1]) or _DOUBT_AFTER.match(low, group.end)
    return not asked and not doubt


def stated(low: str, mentions: Sequence[Mention], *, several: bool = False) -> Reading:
    """What a cleaned text in lower case states.

    Args:
        low: The text.
        mentions: What it names, in order, not overlapping.
        several: Whether an answer may be a set, so that "A and B" is one.
    """
    back = max((found.start() for found in _BACK.finditer(low)), default=0)
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
    yield "stated as the answer", [group for group in live if leads(low, group.start)][-1:]
    yield "judged right", [group for group in live if _is_judged(low, group)]
    yield "alone", [group for group in live if _is_line(low, group) or _is_sentence(low, group)]
    yield "at the start of a line", [group for group in live if _starts_line(low, group)]
    yield "the only verdict", [group for group in live if group.judges]


def _is_judged(low: str, group: Group) -> bool:
    pointed = _POINTS.search(low, max(0, group.start - _NEAR), group.start)
    return pointed is not None or _JUDGED.match(low, group.end) is not None


def _is_line(low: str, named: Mention | Group) -> bool:
    start, end = low.rfind("\n", 0, named.start) + 1, low.find("\n", named.end)
    around = low[start : named.start] + low[named.end : end if end >= 0 else len(low)]
    return len(around) < _NEAR and not re.search(r"\w", around)


def _is_sentence(low: str, group: Group) -> bool:
    before = _STOP.split(low[max(0, group.start - _NEAR) : group.start])[-1]
    behind = _STOP.split(low[group.end : group.end + _NEAR] + "\n")[0]
    named = _NAMED.search(before) if group.short else None
    return not re.search(r"\w", behind) and _OPENS.fullmatch(before, named.end() if named else 0) is not None


def _starts_line(low: str, group: Group) -> bool:
    start = low.rfind("\n", 0, group.start) + 1
    if not _OPENS.fullmatch(low, start, group.start):
        return False
    return _SET_OFF.match(low, group.end) is not None or (group.short and _COMMA.match(low, group.end) is not None)
