"""Texts without their markup: emphasis, quotes, LaTeX, tags, thoughts spoken aloud."""

from __future__ import annotations

import re
import unicodedata

_MARKUP = re.compile(
    r"\\boxed\s?\{|</?[a-z]{1,12}\s?/?>|\\[a-z]{1,12}\s?\{?|\\[()\[\]]|\[(?=[^\W_]{1,12}\])|(?<=\w)\](?![^\W_])|[【】]"
    r"|[*`\"“”«»„{}$「」『』]+|(?<![^\W_])_+|_+(?![^\W_])|^#+\s?",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED = re.compile(r"[\\<\[\]【】*`\"“”«»„{}$「」『』_#]")
"""Characters without which a text has no markup."""
_LINES = frozenset({"</answer>", "</final>", "<br>", "<br/>", "<p>", "</p>", "</li>"})
_BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_HEADING = re.compile(
    r"^([^\w\n]{0,4}(?:[\w']{1,15} ){0,4}"
    r"(?:answers?|réponses?|respuestas?|ответы?|答案|答え|正解|diagnosis|verdict|conclusion|prediction|label|relation|plan)"
    r"(?: (?:is|are|est|sont|es|son))?) ?:? ?\n\s*",
    re.IGNORECASE | re.MULTILINE,
)
"""A line that only announces the answer on the next."""


def clean(text: str) -> str:
    """NFKC without markup, lines kept; what is boxed or tagged as the answer follows the word "answer:".

    Of a model that thinks aloud (`<think>..</think>`) what follows its thoughts is kept, if anything does.
    """
    text = unicodedata.normalize("NFKC", text).replace("İ", "I").replace("’", "'").replace("‘", "'")
    if _MARKED.search(text):
        _, _, final = text.rpartition("</think>")
        text = _MARKUP.sub(_plain, final if final.strip() else text)
    text = _BLANKS.sub(" ", text)
    return (_HEADING.sub(r"\1: ", text) if "\n" in text else text).strip()


def _plain(markup: re.Match[str]) -> str:
    found = markup.group().lower()
    if found in ("<answer>", "<final>") or found.startswith("\\boxed"):
        return " answer: "
    if found in _LINES:
        return "\n"
    return ": " if found == "】" else ""
