"""Golden tables of the corrected scorer: `scoring/golden/*.json`, invented answers and what is to be made of each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from meds_pipeline.scoring.base import Answer, Family, ItemScore
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.registry import spec_for

FOLDER = Path(__file__).parent / "scoring" / "golden"
OUTCOMES = ("correct", "partly", "wrong", "unparsed")


class Case(NamedTuple):
    """An answer, the outcome a careful reader gives it, and the one that the scorer gives it where that differs."""

    family: str
    task: str
    question: str
    truth: str
    output: str
    wanted: str
    known: str


def chat_answers() -> list[Case]:
    """Answers in the manner of chat models; a third entry of a row is what version 3 makes of it."""
    return [
        Case(block["family"], block["task"], block["input"], block["gold"], output, wanted, *(known or [wanted]))
        for block in _blocks("chat_answers")
        for wanted, output, *known in block["answers"]
    ]


def hard_answers() -> list[Case]:
    """Answers that are easily misread."""
    return [
        Case("", block["task"], block.get("input", ""), block["truth"], output, wanted, wanted)
        for block in _blocks("hard_answers")
        for wanted in OUTCOMES
        for output in block.get(wanted, ())
    ]


def _blocks(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


@cache
def corrected(task: str) -> Family:
    """How the corrected scorer measures a task."""
    return family("corrected", spec_for(task))


def judged(task: str, truth: str | tuple[str, ...], output: str | None, question: str = "", **more: Any) -> ItemScore:
    """One answer under the corrected scorer."""
    references = (truth,) if isinstance(truth, str) else truth
    return corrected(task).score(Answer("i", task, question, references, output, **more))
