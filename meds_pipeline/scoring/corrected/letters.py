"""The letters of choice questions: in the options of a question, in gold answers and in outputs."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from meds_pipeline.scoring.corrected.context import Weight
from meds_pipeline.scoring.corrected.cues import CJK
from meds_pipeline.scoring.corrected.markup import clean
from meds_pipeline.scoring.corrected.prose import Mention, Prose
from meds_pipeline.scoring.corrected.text import bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CHAR = "A-Za-z0-9\u00c0-\u024f\u0370-\u052f"
"""Letters and digits that make a word with the letter next to them; Chinese and Japanese ones do not."""
_CJK = re.compile(f"[{CJK}]")
_WITHIN = re.compile(rf"[{_CHAR}]{{2}}")
_LETTER = re.compile(rf"(?<![{_CHAR}_])(?<![{_CHAR}]['’-])[A-Ha-h](?![{_CHAR}_])(?!['’-][{_CHAR}])")
_RUN = re.compile(rf"(?<![{_CHAR}_])[A-H]{{2,5}}(?![{_CHAR}_'’-])")
_CYRILLIC = re.compile(r"(?<!\w)[А-ЗСН](?!\w)|(?<!\w)[а-зсн](?=[).]?\s*$)")
_LOOKALIKE = str.maketrans("АВСЕНБГДабгд", "ABCEHBDEabde")
_ALPHABET = str.maketrans("АБВГДЕЖЗабвгдежз", "ABCDEFGHabcdefgh")
_CYRILLIC_LIST = re.compile(r"(?:^|[\s;,(])[БГД]\s?[.):]", re.MULTILINE)
_CYRILLIC_ONLY = re.compile(r"(?<!\w)[БГД](?!\w)")


def _listing(letters: str) -> re.Pattern[str]:
    """Options as `A: ..`, tab or line separated, or after a comma."""
    head = rf"\(?[{letters}]\s?[:.)、]\s"
    text = rf"([{letters}])(?<![^\s;,(].)\s?[:.)、]\s?(.+?)(?=(?:[\t\n;]|\s\s|,\s?){head}|\n|$)"
    return re.compile(text)


_OPTION, _SMALL_OPTION = _listing("A-H"), _listing("a-h")
_NOUN = re.compile(
    rf"(?:(?<![{_CHAR}])(?:answer choice|options?|choices?|letters?|a(?:ns)|(?<!'d )(?<!would )(?<!\bi )answers?"
    r"|opci[oó]n(?:es)?|alternativa|réponses?|propositions?|respuestas?|вариант\w?|ответ\w?)|选项|選択肢)\s?\(?$"
)
_SMALL_WORD = re.compile(r"[^\W\d_]+")
_SPECIES = frozenset(
    """albicans anthracis baumannii botulinum burgdorferi burnetii canis catus cereus coli difficile diphtheriae ducreyi
    duodenale elegans faecalis faecium fragilis fumigatus granulosus histolytica influenzae jejuni lamblia melanogaster
    neoformans perfringens pylori quintana tetani trachomatis tularensis vaginalis vermicularis""".split()  # noqa: SIM905
)
"""Second names of species whose first may be written as a letter from A to H."""
_GOLD = re.compile(
    rf"(?<![{_CHAR}_])([A-H](?:\s*(?:,|、|;|/|&|\+|and|et|y|и|和|と|及び)\s*[A-H](?![{_CHAR}_]))*)(?![{_CHAR}_])"
)
_GOLD_TEXT = re.compile(rf"(?<![{_CHAR}_])[A-H]\s?[:.)]\s?(.+)", re.DOTALL)
_PIECE = re.compile(r"[A-Za-z\u00c0-\u024f\u0400-\u052f]+|[\u3040-\u30ff\u4e00-\u9fff]+|\d+")
_JOINERS = frozenset(["and", "et", "y", "и", "和", "と", "及び", "・"])
_LETTERS = "ABCDEFGH"
_SCANNED = 4000
"""Single letters of a text that are looked at, the last ones."""
_ONLY = 60
"""Characters up to which an output may be nothing but letters."""
_PLAIN_TEXT = 3
"""Letters of an option's text that, or fewer, may be a word of any sentence."""


def plain(text: str, cyrillic: bool = False) -> str:
    """NFKC, with Cyrillic option letters as Latin ones: by their place in the alphabet, or by their look.

    By look, those that look like no Latin letter still go by their place (Б is B).
    """
    text = unicodedata.normalize("NFKC", text)
    if text.isascii():
        return text
    table = _ALPHABET if cyrillic else _LOOKALIKE
    return _CYRILLIC.sub(lambda found: found.group().translate(table), text)


def is_cyrillic(question: str, output: str) -> bool:
    """Whether letters go by the Cyrillic alphabet: the question's options do, or it has none and the output does.

    Where neither tells, В is taken for the Latin B, since the options of the benchmark are lettered A, B, C.
    """
    if question.isascii() and output.isascii():
        return False
    if _CYRILLIC_LIST.search(question):
        return True
    return not _OPTION.search(question) and _CYRILLIC_ONLY.search(output) is not None


def as_set(text: str) -> frozenset[str]:
    """The option letters of a list."""
    return frozenset(found.group().upper() for found in _LETTER.finditer(text))


def only_letters(text: str) -> frozenset[str]:
    r"""The letters of a text that holds nothing else ("B", "A, C", "AC", "A\nC"); empty for any other text."""
    if len(text) > _ONLY or "/" in text.strip(" /") or "?" in text:
        return frozenset()
    pieces = [piece for piece in _PIECE.findall(text) if piece not in _JOINERS]
    if len(pieces) == 1 and _is_run(pieces[0]):
        pieces = list(pieces[0])
    alike = "".join(pieces).isupper() or "".join(pieces).islower()  # "e.g. B" is no list
    letters = [piece.upper() for piece in pieces]
    only = alike and all(len(letter) == 1 and letter in _LETTERS for letter in letters)
    return frozenset(letters) if only else frozenset()


def _is_run(word: str) -> bool:
    """Whether a word may be letters written together: each once, and in their order if small ("ac", not "bed")."""
    distinct = sorted(set(word))
    return len(distinct) == len(word) and (word.isupper() or word == "".join(distinct))


def truth_letters(truth: str) -> frozenset[str]:
    """The letters of a gold answer: the first letter list in it, whatever its lead-in ("正确答案是 B: ..", "C")."""
    text = plain(truth)
    if alone := only_letters(text):
        return alone
    stated = _GOLD.search(text)
    return as_set(stated.group(1)) if stated else frozenset()


def truth_text(truth: str) -> str:
    """The option text of a gold answer such as `The right answer is B: text`."""
    found = _GOLD_TEXT.search(plain(truth))
    return bare(found.group(1)) if found else ""


def options(question: str) -> dict[str, str]:
    """Option texts by letter, where the question lists them as `A: ..`, tab or line separated; the last list counts.

    A list has A, B and the letters that follow; a letter with a colon in the text of a case is none.
    """
    question = plain(question, bool(_CYRILLIC_LIST.search(question)))
    found: dict[str, str] = {}
    for match in list(_OPTION.finditer(question)) or _SMALL_OPTION.finditer(question):
        letter = match.group(1).upper()
        if letter == "A":
            found = {}
        found[letter] = bare(clean(match.group(2)))
    listed = {letter: text for letter, text in found.items() if text}
    return listed if len(listed) > 1 and _LETTERS.startswith("".join(sorted(found))) else {}


def letter_mentions(prose: Prose, texts: Mapping[str, str]) -> Iterator[Mention]:
    """Where a text names option letters; articles, initials ("E. coli") and words of other languages are none.

    Args:
        prose: The text.
        texts: Option texts by letter, as far as known: a letter may be followed by its own.
    """
    for found in list(_LETTER.finditer(prose.text))[-_SCANNED:]:
        start, end = found.span()
        letter = found.group().upper()
        small = letter != found.group()
        noun = _NOUN.search(prose.low, max(0, start - 16), start)
        word = prose.say.word_behind.match(prose.text, end)
        if word and (small or not noun) and not _is_option(prose.low, letter, start, word.end() - 1, texts):
            continue
        named = not small or noun is not None or _heads(prose.low, start, end) or _in_cjk(prose.low, start, end)
        yield Mention(letter, noun.start() if noun else start, end, Weight.ALONE if named else Weight.ANSWERED)
    for run in _RUN.finditer(prose.text):
        if _is_run(run.group()):
            yield Mention(run.group(), run.start(), run.end(), Weight.ANSWERED)


def _is_option(low: str, letter: str, start: int, text: int, texts: Mapping[str, str]) -> bool:
    """Whether the small word that starts at `text` belongs to the option of the letter before it.

    It starts the option's text, or follows the letter at the start of a line ("C. vitamin C") and is no word of another
    option, as in "E. coli".
    """
    if low.startswith(texts.get(letter) or "\n", text):
        return True
    word = _SMALL_WORD.match(low, text)
    heads = low.startswith(". ", start + 1) and not low[max(0, start - 2) : start].strip(" \n(-")
    others = " ".join(option for other, option in texts.items() if other != letter).split()
    return len(texts) > 1 and heads and word is not None and word.group() not in (*others, *_SPECIES)


def _in_cjk(low: str, start: int, end: int) -> bool:
    """Whether a small letter stands next to Chinese or Japanese: it is no word of that text."""
    return _CJK.search(low, max(0, start - 1), end + 1) is not None


def _heads(low: str, start: int, end: int) -> bool:
    """Whether a small letter starts its line like an option's: "b) ..."."""
    return low.startswith((")", ".", ":"), end) and not low[max(0, start - 2) : start].strip(" \n(-")


def text_mentions(prose: Prose, listed: Mapping[str, str]) -> Iterator[Mention]:
    """Where a text names options by their texts, in order; one inside a longer one ("iron oxide") is not named."""
    found: list[Mention] = []
    for letter, text in listed.items():
        needs = Weight.ALONE if len(text) <= _PLAIN_TEXT or text.isdigit() else Weight.NAMED
        start = prose.low.find(text)
        while start >= 0:
            end = start + len(text)
            if not _inside_word(prose.low, start, end):
                found.append(Mention(letter, start, end, needs))
            start = prose.low.find(text, end)
    found.sort(key=lambda mention: (mention.start, -mention.end))
    last = -1
    for mention in found:
        if mention.start >= last:
            last = mention.end
            yield mention


def _inside_word(low: str, start: int, end: int) -> bool:
    before, after = low[max(0, start - 1) : start + 1], low[end - 1 : end + 1]
    return _WITHIN.fullmatch(before) is not None or _WITHIN.fullmatch(after) is not None
