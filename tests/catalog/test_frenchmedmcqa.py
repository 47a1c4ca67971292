"""FrenchMedMCQA: one or several right options, letters first."""

from __future__ import annotations

from typing import Any

import pytest
from build_corpus import BOTH, Builds, Built
from plain import json_records

from meds_pipeline.scoring.corrected.choice import truth_letters

TASK, COUNT = "task60", "x_frenchmedmcqa_answer_count"


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("frenchmedmcqa", request.param)


@pytest.fixture(scope="module")
def questions(built: Built) -> list[dict[str, Any]]:
    return [
        record for part in ("dev", "test", "train") for record in json_records(built.folder / f"corpus/{part}.json")
    ]


def test_answers_give_letters_then_texts(built: Built, questions: list[dict[str, Any]]) -> None:
    wanted = []
    for record in questions:
        right = record["correct_answers"]
        letters, texts = ", ".join(right).upper(), "; ".join(record["answers"][letter] for letter in right)
        listed = "\n".join(f"{letter.upper()}: {text}" for letter, text in sorted(record["answers"].items()))
        wanted.append((f"{record['question'].strip()}\n{listed}", f"Les bonnes réponses est {letters}: {texts}"))
    assert built.pairs(TASK) == wanted


def test_the_metric_reads_all_right_letters(built: Built, questions: list[dict[str, Any]]) -> None:
    for record, (_, answer) in zip(questions, built.pairs(TASK), strict=True):
        assert truth_letters(answer) == {letter.upper() for letter in record["correct_answers"]}


def test_the_number_of_right_options(built: Built, questions: list[dict[str, Any]]) -> None:
    assert [answer for _, answer in built.pairs(COUNT)] == [str(record["nbr_correct_answers"]) for record in questions]


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.splits(TASK) == built.splits(COUNT) == {"test": 622, "train": 2171, "validation": 312}
        assert {part: built.count(f"corpus/{part}.json") for part in ("train", "dev", "test")} == {
            "train": 2171,
            "dev": 312,
            "test": 622,
        }


def test_options_stand_in_order_where_upstream_has_them_out_of_order(
    built: Built, questions: list[dict[str, Any]]
) -> None:
    odd = [place for place, record in enumerate(questions) if list(record["answers"]) != sorted(record["answers"])]
    assert odd
    for place in odd:
        asked = built.pairs(TASK)[place][0]
        assert [line[:2] for line in asked.split("\n")[-5:]] == ["A:", "B:", "C:", "D:", "E:"]
