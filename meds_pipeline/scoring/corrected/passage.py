r"""Whether an output is the passage it was asked about: whoever repeats it holds every span of it by necessity."""

from __future__ import annotations

import re

from meds_pipeline.scoring.corrected.text import normal

_FRAME = re.compile(r"^\s{0,9}input: ?\n|\n\s{0,9}output:\s{0,9}$", re.IGNORECASE)
_SHOTS = re.compile(r"\n\s{0,9}input: ?\n", re.IGNORECASE)
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_]+")
_GRAM = 3
SHORTEST = 20
"""Words of a passage below which repeating it is no offence: the answer may be most of it."""
SHARE = 0.4
"""Share of a passage's runs of three words that an output may hold; more is a copy, unless ..."""
TIMES = 2
"""... the truth itself is so long: a copy holds at least so many times its words."""


def passage(text: str) -> str:
    r"""An item's input without the leaderboard's frame ("Input:\n..\nOutput:\n"); of several the last."""
    return _SHOTS.split(_FRAME.sub("", text))[-1]


def copies(output: str, text: str, truth: str) -> bool:
    """Whether an output repeats so much of its passage that holding the truth says nothing.

    Args:
        output: What the model wrote.
        text: The item's input.
        truth: The gold answer: an output may repeat that.
    """
    source = _WORD.findall(normal(passage(text)))
    said = _WORD.findall(normal(output))
    wanted = len(_WORD.findall(truth))
    if len(source) < SHORTEST or len(said) < max(TIMES * wanted, SHARE * len(source)):
        return False
    grams = _grams(source)
    copied = len(grams & _grams(said))
    return copied >= SHARE * len(grams) and copied >= TIMES * wanted


def _grams(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[i:] for i in range(_GRAM)), strict=False))
