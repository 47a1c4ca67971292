"""MedQA from mediQ's file: case and question with four options, and the case as atomic facts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from build_corpus import BOTH, Builds, Built
from plain import blanks_cut

TASK, FACTS = "task57", "x_medqa_atomic_facts"


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("mediq_imedqa", request.param)


@pytest.fixture(scope="module")
def questions(built: Built) -> list[dict[str, Any]]:
    lines = (built.folder / "data/all_dev_good.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_questions_close_their_case_and_list_the_options(built: Built, questions: list[dict[str, Any]]) -> None:
    wanted = []
    for record in questions:
        listed = "\n".join(f"{letter}: {record['options'][letter]}" for letter in "ABCD")
        asked = " ".join([*record["context"], record["question"]])
        wanted.append((f"{asked}\n{listed}", f"The right answer is {record['answer_idx']}: {record['answer']}"))
    assert built.pairs(TASK) == wanted


def test_facts_stand_on_lines_without_their_numbers(built: Built, questions: list[dict[str, Any]]) -> None:
    wanted = []
    for record in questions:
        facts = [re.sub(r"^(?:\d+\.|-) ?", "", fact.lstrip(" ")) for fact in record["facts"]]
        if facts:
            wanted.append((blanks_cut(" ".join(record["context"])), blanks_cut("\n".join(facts))))
    assert built.pairs(FACTS) == wanted
    assert len(wanted) < len(questions)


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.count("data/all_dev_good.jsonl") == 1272
        assert built.splits(TASK) == {"validation": 1272}
        assert built.splits(FACTS) == {"validation": 1269}
