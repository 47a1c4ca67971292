"""Whether a text says that there is nothing to name: "There is no related entity.", "None found", "[]"."""

from __future__ import annotations

import re

from meds_pipeline.scoring.corrected.text import bare

_KINDS = (
    r"(?:(?:enti|enet|enit|entt)\w{1,8}|mentions?|names?|terms?|chemicals?|compounds?|drugs?|substances?|medications?"
    r"|diseases?|disorders?|conditions?|species|organisms?|genes?|proteins?|anatom\w{1,6}|labels?|hallmarks?|information"
    r"|answers?|results?|interventions?|participants?|outcomes?)"
)
"""What may be missing; upstream's sentinel spells it "enetity", models in other ways."""
_PLACE = r"(?:text|sentence|passage|abstract|paragraph|input|document|excerpt|article|snippet|context)"
_IT = rf"(?:the|this|given|that) (?:given |provided |above )?{_PLACE}"
_ANY = r"(?:[\w-]{1,20} ){0,4}?"
_SUCH = rf"{_ANY}{_KINDS}(?:[ ,][^\n;]{{0,80}})?"
_NO_SUCH = rf"(?:no|not any|not a|zero|none of the) {_SUCH}"
_IS = r"(?:is|'s|are|was|were|has been|have been)"
_FOUND = r"(?:found|present|mentioned|detected|identified|listed|named|known|here|applicable)"
_SENTENCES = (
    rf"(?:(?:no[,.]? )?there ?{_IS} )?{_NO_SUCH}",
    rf"(?:no[,.]? )?there ?{_IS}(?:n't| not) (?:any |a )?{_SUCH}",
    rf"{_IT} (?:contains?|mentions?|has|names?|includes?|lists?) {_NO_SUCH}",
    rf"{_IT} (?:does not|doesn't|did not) \w{{1,10}} {_SUCH}",
    rf"i (?:found|see|find|can find) {_NO_SUCH}",
    rf"i (?:could not|couldn't|cannot|can't|did not|didn't|do not|don't|was unable to) \w{{1,10}} {_SUCH}",
    rf"(?:(?:(?:the )?(?:answer|output|result|{_KINDS})(?: {_IS})?:?|there {_IS}) )?"
    r"(?:none|nothing|nil|null|not found|no)"
    rf"(?: (?:{_IS} )?{_FOUND}){{0,2}}(?: in (?:the|this) (?:\w{{1,12}} )?{_PLACE})?",
    r"not (?:found|applicable|mentioned|present|specified|available)|n/a|null|empty|\[ ?\]|\{ ?\}|-{1,3}|—",
)
_NONE = re.compile("|".join(f"(?:{sentence})" for sentence in _SENTENCES))
_FIRST = re.compile(r"[.!\n]")
_LONGEST = 400
"""Characters of an output of which the first sentence is looked at."""


def says_none(text: str) -> bool:
    """Whether the text, or its first sentence, says that there is nothing to name.

    "NO" in capitals is nitric oxide, not an answer.
    """
    stripped = text.strip(" .")
    if stripped in ("NO", ""):
        return False
    if stripped in ("[]", "{}", "[ ]", "-"):
        return True
    if len(text) <= _LONGEST and _NONE.fullmatch(bare(text)):
        return True
    first = bare(_FIRST.split(text[:_LONGEST].strip(), maxsplit=1)[0])
    return first not in ("no", "") and _NONE.fullmatch(first) is not None
