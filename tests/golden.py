"""Golden tables of the corrected scorer: `scoring/golden/*.json`, invented answers and what is to be made of each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from meds_pipeline.scoring.base import Answer, Family, ItemScore
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.registry import spec_for

FOLDER = Path(__file__).parent / "scoring" / "golden"
OUTCOMES = ("correct", "partly", "wrong", "unparsed", "empty")


def blocks(name: str) -> list[dict[str, Any]]:
    """The blocks of a table."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def cases(name: str) -> list[tuple[str, str, str, str, str]]:
    """Task, input, truth, output and outcome of every answer of a table."""
    return [
        (block["task"], block.get("input", ""), block["truth"], output, outcome)
        for block in blocks(name)
        for outcome in OUTCOMES
        for output in block.get(outcome, ())
    ]


@cache
def corrected(task: str) -> Family:
    """How the corrected scorer measures a task."""
    return family("corrected", spec_for(task))


def judged(task: str, truth: str | tuple[str, ...], output: str | None, question: str = "", **more: Any) -> ItemScore:
    """One answer under the corrected scorer."""
    references = (truth,) if isinstance(truth, str) else truth
    return corrected(task).score(Answer("i", task, question, references, output, **more))
