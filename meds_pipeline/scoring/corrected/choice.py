"""Choice questions: any letter, any of the six languages, wherever the answer stands."""

from __future__ import annotations

import re
import unicodedata

from meds_pipeline.scoring.base import Answer, Family, ItemScore, Outcome, counted
from meds_pipeline.scoring.corrected.text import bare, holds, normal

_LETTERS = r"[A-H](?:\s*(?:,|、|/|&|\+|and|et|y|и|和|と|及び)\s*[A-H](?![^\W_]))*"
_NOUN = (
    r"(?:(?<!incorrect )(?<!wrong )(?<!false )\b(?:answer|option|choice|letter)s?\b|答案|选项|正解|答え|回答|選択肢"
    r"|\b(?:réponse|reponse|respuesta|opci[oó]n|opcione|ответ|вариант)[sы]?\b)"
)
_LINK = (
    r"(?:\b(?:is|are|was|would be|should be|correcte?s?|correctas?|est|sont|es|son|of|la|le|el|the|это|является)\b"
    r"|l'|是|为|為|は|が正しい|が)"
)
_GAP = r"[\s:：*_\"'(]*"
_STATED = re.compile(
    rf"{_NOUN}{_GAP}(?:{_LINK}{_GAP}){{0,5}}(?:{_NOUN}{_GAP})?({_LETTERS})(?![^\W_]|['’])", re.IGNORECASE
)
_CLOSING = re.compile(
    rf"(?:\b(?i:is|are|be|est|es|sont|son|therefore|thus|hence|so)\b,?|[:：]|(?:^|\n))[\s*_\"'(]*({_LETTERS})[\W_]*$"
)
_OPENING = re.compile(rf"^[\s*_\"'(\[]*({_LETTERS})[*_\"']*(?:\s*[.:)\]、。,;\n\t]|\s*$|\s+(?=[-–—]))")
_MARKED = re.compile(r"(?<![\w-])(?:\(([A-H])\)|\*\*([A-H])\*\*|([A-H])[):](?!\w))")
_OPTION = re.compile(
    r"(?:^|[\s;,])\(?([A-H])\s*[:.)、]\s*(.+?)(?=(?:[\t\n;]|\s\s|,\s*)\(?[A-H]\s*[:.)、]\s|\n|$)", re.MULTILINE
)
_GOLD_LETTERS = re.compile(rf"(?<!\w)({_LETTERS})(?!\w)")
_HOMOGLYPHS = str.maketrans("АВСЕН", "ABCEH")
_TEXT_IS_LETTERS = re.compile(r"^[\W_]*([a-h])[\W_]*$", re.IGNORECASE)


def _plain(text: str) -> str:
    """NFKC (full-width letters and colons become ASCII), Cyrillic look-alikes of A, B, C, E and H as Latin."""
    return re.sub(
        r"(?<!\w)[АВСЕН](?!\w)", lambda m: m.group().translate(_HOMOGLYPHS), unicodedata.normalize("NFKC", text)
    )


def _set(group: str) -> frozenset[str]:
    return frozenset(letter.upper() for letter in re.findall(r"(?<![^\W_])[A-Ha-h](?![^\W_])", group))


def truth_letters(truth: str) -> frozenset[str]:
    """The letters of a gold answer: the first letter list in it, whatever its lead-in ("正确答案是 B: ..", "C")."""
    text = _plain(truth)
    if alone := _TEXT_IS_LETTERS.match(text):
        return _set(alone.group(1))
    stated = _GOLD_LETTERS.search(text)
    return _set(stated.group(1)) if stated else frozenset()


def options(question: str) -> dict[str, str]:
    """Option texts by letter, where the question lists them as `A: ..`, tab or line separated; the last list counts."""
    found: dict[str, str] = {}
    for match in _OPTION.finditer(_plain(question)):
        if match.group(1) == "A":
            found = {}
        found[match.group(1)] = bare(match.group(2))
    return {letter: text for letter, text in found.items() if text}


def said_letters(output: str, listed: dict[str, str]) -> tuple[frozenset[str], str]:
    """The letters an output gives, and how they were found; empty where it gives none or contradicts itself."""
    text = _plain(output).strip()
    if alone := _TEXT_IS_LETTERS.match(text):
        return _set(alone.group(1)), "a letter alone"
    stated = [match for match in _STATED.finditer(text) if not _is_article(text, match)]
    if stated:
        return _set(stated[-1].group(1)), "stated as the answer"
    if _lists_all(text, listed):
        return frozenset(), "all options listed"
    if opening := _OPENING.match(text) or _OPENING.match(text[:1].upper() + text[1:]):
        return _set(opening.group(1)), "opens the text"
    if closing := _CLOSING.search(text):
        return _set(closing.group(1)), "closes the text"
    marked = {letter for match in _MARKED.findall(text) for letter in match if letter}
    if len(marked) == 1:
        return frozenset(marked), "the one letter marked"
    if marked:
        return frozenset(), f"{len(marked)} letters marked, none stated as the answer"
    return _by_option_text(output, listed)


def _is_article(text: str, match: re.Match[str]) -> bool:
    """Whether the "a" after a lead-in is the English article ("the answer is a combination")."""
    return match.group(1) in ("a", "A") and re.match(r"\s+[a-z]", text[match.end() :]) is not None


def _lists_all(text: str, listed: dict[str, str]) -> bool:
    """Whether the output repeats the whole list of options, letters and texts."""
    said = normal(text)
    return len(listed) > 2 and all(
        re.search(rf"(?<!\w){letter.lower()}\s*[:.)]\s*{re.escape(option)}", said) for letter, option in listed.items()
    )


def _by_option_text(output: str, listed: dict[str, str]) -> tuple[frozenset[str], str]:
    said = normal(output)
    named = [letter for letter, option in listed.items() if holds(said, option)]
    # An option inside a longer named option ("radiation" in "no radiation") is not itself named.
    named = [a for a in named if not any(a != b and holds(listed[b], listed[a]) for b in named)]
    if len(named) == 1:
        return frozenset(named), "one option's text"
    return frozenset(), f"{len(named)} option texts named" if named else "no letter found"


class Choice(Family):
    """Accuracy: right if the letters given are exactly the truth's; some of several right letters are `partly`."""

    def score(self, answer: Answer) -> ItemScore:
        """Read letters from both sides and compare the sets."""
        truth = truth_letters(answer.truth)
        said, how = said_letters(answer.output or "", options(answer.input))
        if not said and bare(answer.output or "") and bare(answer.output or "") == _gold_text(answer.truth):
            said, how = truth, "the right option's text"
        right = bool(truth) and said == truth
        why = f"{how}: {''.join(sorted(said)) or '-'}, truth {''.join(sorted(truth)) or 'unreadable'}"
        score = counted(answer, float(right), why=why, unparsed=not said)
        some = score.outcome is Outcome.WRONG and said & truth
        return score._replace(outcome=Outcome.PARTLY) if some else score


def _gold_text(truth: str) -> str:
    """The option text of a gold answer such as `The right answer is B: text`."""
    parts = re.split(rf"(?<!\w){_LETTERS}\s*[:.)]\s*", _plain(truth), maxsplit=1)
    return bare(parts[1]) if len(parts) == 2 else ""
