"""The words of `cues.yaml` as patterns: what stands before, behind and between mentions of an answer.

Patterns are searched in lower case. Every repetition in them is bounded, so that a search costs no more than the length
of its window.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

CJK = "\u3040-\u30ff\u4e00-\u9fff"
"""Chinese and Japanese letters: words have no blanks between them."""
_FILE = Path(__file__).with_name("cues.yaml")
_WITHOUT_BE = ("zh", "ja", "ru")
"""Languages that may say "B wrong" for "B is wrong"."""
_SIGNS = {" ": r"\s{1,2}", "*": r"\w{0,8}", "…": r"\b[^.;\n]{0,60}\b", "$": r"(?=\s{0,2}(?:[.,;:!)|\n]|$))", "~": ""}
_LETTER = re.compile(rf"[^\W_{CJK}]")
_IN_CJK = re.compile(rf"[{CJK}]")


class Cues(NamedTuple):
    """Patterns of one language.

    Those named `.._before` are searched in what stands before a mention in its clause or sentence, those named
    `.._after` are matched right behind it.
    """

    answered_before: re.Pattern[str]
    """Ends right before what is stated as the answer: "the answer is", "so,", "I choose"."""
    pointed_before: re.Pattern[str]
    """Ends right before what a finding points at or a pronoun is equated with: "suggests", "it is"."""
    denied_before: re.Pattern[str]
    not_denied: re.Pattern[str]
    supposed_before: re.Pattern[str]
    hedged_before: re.Pattern[str]
    conditional: re.Pattern[str]
    """Ends right before what its whole sentence only supposes."""
    listed_wrong: re.Pattern[str]
    listed_offer: re.Pattern[str]
    denied_after: re.Pattern[str]
    confirmed_after: re.Pattern[str]
    supposed_after: re.Pattern[str]
    hedged_after: re.Pattern[str]
    opening: re.Pattern[str]
    """Ends right before a statement that opens its sentence, or its part of one ("not true; false")."""
    set_off: re.Pattern[str]
    """Right behind a statement that stands alone."""
    remark: re.Pattern[str]
    """Starts what is said of an item of a list and is none itself."""
    word_behind: re.Pattern[str]
    """Right behind a letter: it is an article or part of a name ("a patient", "E. coli"). In the text as written."""
    explains: re.Pattern[str]
    """Between a statement and what only gives a reason for it."""
    breaks: re.Pattern[str]
    """Ends where a new clause starts inside a sentence."""
    joined: re.Pattern[str]
    """All that may stand between two members of a list."""
    alternative: re.Pattern[str]
    """In what stands between two members of a list of which one is meant."""
    or_before: re.Pattern[str]
    or_behind: re.Pattern[str]
    """All that may stand between two mentions of which one is meant."""
    contrast: re.Pattern[str]
    """All that may stand between what is denied and what takes its place."""
    retracted: re.Pattern[str]
    """Starts a sentence that takes back what was said before it."""


@cache
def _file() -> dict[str, dict[str, list[str]]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, dict[str, list[str]]] = yaml.load(_FILE.read_text("utf-8"), Loader=loader)  # noqa: S506 (safe)
    return found


def _pattern(phrase: str) -> str:
    """A phrase of the file without its word boundaries; the signs in it are explained at the file's top."""
    open_groups: list[list[str]] = [[""]]
    for char in re.sub(" ?… ?", "…", phrase):
        if char == "(":
            open_groups.append([""])
        elif char == "|":
            open_groups[-1].append("")
        elif char == ")":
            choices = open_groups.pop()
            open_groups[-1][-1] += f"(?:{'|'.join(choices)})" + ("?" if len(choices) == 1 else "")
        else:
            open_groups[-1][-1] += _SIGNS.get(char, re.escape(char))
    return open_groups[0][0]


def _boundaries(phrase: str) -> tuple[str, str]:
    """What a phrase must have before and behind it: no other letter, where its language parts words."""
    framed = _LETTER.search(phrase) is not None and not _IN_CJK.search(phrase)
    before = r"(?<!\w)" if framed and not phrase.startswith("~") else ""
    return before, r"(?!\w)" if framed and not phrase.endswith(("~", "*", "$", "…")) else ""


class _Words:
    """The phrases of one or more languages as patterns, by key of the file."""

    def __init__(self, *languages: str) -> None:
        self.languages = languages

    def __getitem__(self, keys: str) -> str:
        """One pattern for all phrases of the keys (parted by blanks); one that matches nothing where there are none."""
        phrases = [text for lang in self.languages for key in keys.split() for text in _file()[lang].get(key, ())]
        alike: dict[tuple[str, str], list[str]] = {}
        for phrase in phrases:
            alike.setdefault(_boundaries(phrase), []).append(_pattern(phrase))
        patterns = (f"{before}(?:{'|'.join(parts)}){after}" for (before, after), parts in alike.items())
        return f"(?:{'|'.join(patterns)})" if alike else "(?!)"


@cache
def cues(language: str) -> Cues:
    """The patterns of a language (two letters): its own words and the English ones."""
    words = _Words(*dict.fromkeys(("en", language)))
    own = _Words(language) if language in _WITHOUT_BE else None
    patterns = (*_before(words), *_after(words, own), *_around(words), *_between(_Words(*_file())))
    return Cues(*map(re.compile, patterns))


def _before(words: _Words) -> tuple[str, ...]:
    fill = rf"(?:[\s(\[,'-]{{1,3}}{words['filler']}){{0,4}}"
    gap = r"(?:[\s('\"]{1,2}[^\W\d_][\w'-]{0,20}\)?){0,6}?"
    called = rf"{words['noun']}{gap}\s{{0,2}}{words['link']}"
    # Who chooses is the one who answers, or is told to choose; "many would choose B" states nothing.
    by_me = r"(?<!\w)(?:i|we|let's|let us|let me)(?:'d|'ll|'m|'ve)?\s(?:\w{1,12}\s){0,4}?"
    told = r"^\W{0,4}(?:please\s)?|[,;:]\s|(?<!\w)(?:so|then|but|should|must)\s"
    chosen = rf"(?:{by_me}|{told}){words['choose']}|{words['chosen']}"
    so = rf"(?:^|[,;:.(\s]){words['so']}[\s,:]{{0,3}}(?:(?:it|this|that)(?: is|'s) ?)?"
    opens = rf"(?:^|(?<=[,;:.¿] )){words['is']}"
    conditional = (
        rf"{words['if']}[^.]{{1,160}}{words['would']}|^[^\w\n]{{0,3}}{words['if']}[^.]{{1,160}},\s?$"
        rf"|{words['example']}[,:\s]{{0,3}}$"
    )
    heading = r"(?:\s[^\W\d_]{1,12}){0,3}\s?:[\s(]{0,3}$"
    return (
        rf"(?:{called}|{chosen}|{so}){fill}[^\w\n]{{0,4}}$",
        rf"(?:{words['point']}|{opens}){fill}[^\w\n.;?!]{{0,4}}$",
        rf"{words['deny']}|{words['deny_next']}[\s-]?$",
        words["not_deny"],
        rf"{words['suppose']}|{words['suppose_next']}[\s-]{{0,2}}$|^[\s(]{{0,2}}(?:in order )?to be\b",
        words["hedge"],
        conditional,
        words["list_wrong"] + heading,
        words["list_offer"] + heading,
    )


def _after(words: _Words, own: _Words | None) -> tuple[str, ...]:
    aside = rf"(?:\s?\([^()\n]{{1,60}}\)|\s?{words['aside']})?[\s)\]'\"]{{0,3}}"
    adverbs = rf"(?:\s{{1,2}}{words['adverb']}){{0,4}}"
    is_ = rf"{aside}{words['be']}"
    mark = (
        rf"\s{{0,2}}(?:[-–—:.(=|]|->|→){{1,2}}\s{{0,2}}(?:(?:it |this )?{words['be']}\s)?(?:{words['adverb']}\s){{0,2}}"
    )
    denied = (
        rf"{is_}(?:n't)?{adverbs}\s(?:{words['not wrong']})|{is_}n't\b|{aside}{words['denied']}"
        rf"|{mark}{words['wrong wrong_marked']}"
    )
    confirmed = (
        rf"{is_}{adverbs}\s{words['right']}|{aside},?\s?{words['confirmed']}|{mark}{words['right right_marked']}"
    )
    if own is not None:
        is_ = rf"{aside}[\s:,-]{{0,2}}(?:{own['be']}\s?){{0,2}}"
        denied, confirmed = rf"{denied}|{is_}{own['not wrong']}", rf"{confirmed}|{is_}{own['right']}"
    return denied, confirmed, rf"{aside}[,:-]?\s?{words['doubted']}", rf"{aside}{words['hedged']}"


def _around(words: _Words) -> tuple[str, ...]:
    subject = rf"(?:the|my|our|its|their)\s{{1,2}}(?:[\w-]{{1,20}}\s{{1,2}}){{0,3}}?{words['noun topic']}"
    breaks = (
        rf"^[^\w\n]{{0,3}}(?:(?:yes|no),|{words['intro']}[^,]{{1,90}},)|[:;(—]|\s[-–—]{{1,2}}\s|(?<!\ball)(?<!thing),?\s?{words['break']}"
        rf"|(?<=[{CJK}])[,、]|,(?=\s?[{CJK}])"
        rf"|(?:,\s?|(?<!\w)and\s)(?:(?:and|so|thus|therefore)\s)?(?:(?={words['subject']})|(?={subject}))"
    )
    start = r"(?:^|;|(?<=,\s)but(?=\s)|,(?=\s(?:then|only|just)\s))"
    return (
        start + rf"[\s(\[•>·*'=-]{{0,8}}(?:\d{{1,2}}[.)]\s{{1,2}})?(?:{words['opening']}[,.]?\s?){{0,4}}$",
        rf"[\s'\"]{{0,2}}(?:$|[.:;()\]]|,(?!\s{words['doing']})|[-–—]{{1,2}}(?=\s)|{words['ending']})",
        words["remark"],
        rf"\.?[ ](?!{words['goes_on']})[a-zà-öø-ÿа-яё]",
        words["explain"],
        breaks,
    )


def _between(words: _Words) -> tuple[str, ...]:
    percent, comma = r"(?: ?\(?\d{1,3} ?%\)?)?", r"(?:[,/、・&+]{1,2}\s{0,2})?"
    filler = rf"(?:{words['between']}\s){{0,2}}"
    return (
        rf"{percent}[\s(]{{0,2}}{comma}{words['and or']}?\s{{0,2}}{filler}[\s(\[]{{0,2}}",
        words["or"],
        rf"(?:{words['or']}|\beither)[\s(\[]{{0,3}}$",
        rf"[^.;\n]{{0,40}}{words['or']}\s{{0,2}}(?:(?:maybe|perhaps|possibly)\s)?",
        rf",?\s?{words['contrast']}(?: (?:rather|instead|{words['between']}))?\s?",
        rf"[\s(*-]{{0,3}}{words['retract']}",
    )
