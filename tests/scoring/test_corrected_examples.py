"""The examples of docs/scoring.md are what the corrected scorer does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from golden import judged

_DOCS = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text("utf-8")
_OPTIONS = "Options: A: Aspirin\tB: Heparin\tC: Zinc\tD: Iron\tE: Lead"
_TASKS = {
    "B: Heparin": "task57",
    "A, C": "task60",
    "yes": "task123",
    "neutral": "task41",
    "500 mg": "task29",
    "zinc, iron": "task125",
    "resisting cell death": "task106",
}
EXAMPLES = re.findall(r"^\| (.+) \| `(.+)` \| (\w+): .+ \|$", _DOCS, re.MULTILINE)


def test_there_are_ten_examples() -> None:
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize(("truth", "output", "outcome"), EXAMPLES)
def test_an_example_has_its_outcome(truth: str, output: str, outcome: str) -> None:
    assert judged(_TASKS[truth], truth, output, _OPTIONS).outcome == outcome
