"""Normal forms of texts, shared by the corrected families: what an answer says without its thoughts and markup."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from meds_pipeline.scoring.base import upstream_cell

if TYPE_CHECKING:
    from collections.abc import Set

    from meds_pipeline.scoring.base import Answer

_BOXED = re.compile(r"\\boxed\s?\{|<(?:answer|final)>", re.IGNORECASE)
_LINE_TAG = re.compile(r"</?(?:answer|final|br|p|li) ?/?>|】", re.IGNORECASE)
_MARKUP = re.compile(
    r"</?[a-z]{1,12} ?/?>|\\[a-z]{1,12}\s?\{?|\\[()\[\]]|[*`\"“”«»„{}$「」『』【\[\]]|\b_+|_+\b", re.IGNORECASE
)
_HEADING = re.compile(
    r"^([^\w\n]{0,6}(?:[\w']{1,15} ){0,3}(?:answers?|réponses?|respuestas?|ответы?|答案|答え|正解)(?: is| are)?)"
    r"[ :]{0,3}\n\s{0,9}",
    re.IGNORECASE | re.MULTILINE,
)
"""A line that only announces the answer on the next line."""
_ENDS = " ,;:.!?#•·…、。"
_STARTS = " ,;:!?#•·…、。"  # a full stop may start a number
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
_LAYERS = 4
"""How many layers of brackets and quotes around a text are removed at most."""
_THING = (
    r"(?:\w{0,9}ent\w{0,2}it\w{1,5}|enet\w{1,6}|mentions?|names?|terms?|chemicals?|compounds?|drugs?|diseases?|conditions?|species"
    r"|organisms?|genes?|proteins?|labels?|hallmarks?|information|answers?|interventions?|participants?|outcomes?)"
)
_IN = r"(?: (?:found|mentioned|identified|detected|present|listed)){0,2}(?: in (?:the|this) (?:\w{1,12} )?\w{1,10})?"
_SUBJECT = (
    r"(?:the (?:answer|output) is |there ?(?:is|are|were|'s)(?:n't| not)? |(?:the|this) \w{1,10} \w{1,10} "
    r"|i (?:found|see) |i (?:could not|couldn't|cannot|can't|did not|didn't|do not|don't) \w{1,10} )?"
)
_NONE = re.compile(
    rf"(?:no[,.]? )?{_SUBJECT}"
    rf"(?:(?:no|zero|not any|none of the|any) (?:[\w-]{{1,20}} ){{0,4}}?{_THING}(?: [\w ]{{0,60}})?"
    rf"|(?:none|nothing|not (?:found|applicable|mentioned|present|available)){_IN}|no|nil|null|empty|n/a|-{{1,3}}"
    r"|\[ ?\]|\{ ?\})"
)


def given(answer: Answer, *, none_is_said: bool = False) -> Answer:
    """The answer, without its output after an error or if pandas would read the output as missing.

    Args:
        answer: The answer.
        none_is_said: Whether "None" may be the model's own answer, because there may be nothing to name. A CSV file
            does not distinguish it from a missing cell, but the counts are the same.
    """
    if answer.output is None:
        return answer
    word = none_is_said and answer.output in ("None", "N/A", "n/a", "NULL", "null")
    missing = answer.error is not None or (upstream_cell(answer.output) is None and not word)
    return answer._replace(output=None) if missing else answer


def said(answer: Answer) -> str:
    """The text of an answer after its thoughts (`<think>..</think>`); empty if the thoughts do not end."""
    return (answer.output or "").rpartition("</think>")[2].partition("<think>")[0]


def repeats(answer: Answer) -> bool:
    """Whether an output is word for word one of the references, and the reference has a word."""
    output = normal(said(answer))
    return bool(bare(output)) and any(normal(reference) == output for reference in answer.references)


def clean(text: str) -> str:
    """NFKC without markup, with its lines; "answer:" is put before a text that is boxed or tagged as the answer."""
    text = unicodedata.normalize("NFKC", text).replace("İ", "I").replace("’", "'").replace("‘", "'")
    text = _LINE_TAG.sub("\n", _BOXED.sub(" answer: ", text))
    text = re.sub(r"^[#>]+ ?|[^\S\n]+", " ", _MARKUP.sub("", text), flags=re.MULTILINE)
    return _HEADING.sub(r"\1: ", text).strip()


def normal(text: str) -> str:
    """NFKC, case-folded, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bare(text: str) -> str:
    """Normal form without marks at the ends, and without quotes and brackets that enclose all of it or have no partner.

    Marks that belong to a name stay: `nad(+)`, `[3h]dopamine`, `5'`.
    """
    text = normal(text)
    for _ in range(_LAYERS):
        before = text
        text = text.rstrip(_ENDS).lstrip(_STARTS).strip('"`*_“”')
        if len(text) > 1 and text[0] == text[-1] == "'":
            text = text[1:-1]
        for opener, closer in _BRACKETS:
            opens, closes = text.startswith(opener), text.endswith(closer)
            if opens and (closes and closer not in text[1:-1] or closer not in text):
                text = text[1:]
                opens = False
            if closes and opener not in text:
                text = text[:-1]
        if text == before:
            break
    return text


def says_none(text: str) -> bool:
    """Whether the text, or its first sentence, says that there is nothing to name."""
    if text.strip(" .") == "NO":  # nitric oxide
        return False
    first = re.split(r"[.!\n]", text.strip()[:400], maxsplit=1)[0]
    return text.strip() in ("[]", "{}", "-") or any(_NONE.fullmatch(bare(part)) for part in (text[:400], first))


def likeness(first: Set[str], second: Set[str]) -> float:
    """Jaccard similarity of two sets; 1 for two empty sets."""
    return len(first & second) / len(first | second) if first | second else 1.0
