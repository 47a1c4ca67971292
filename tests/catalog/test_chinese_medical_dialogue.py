"""Chinese medical dialogue: GB18030 text, a sign for "nothing" in place of a question, departments."""

from __future__ import annotations

import pytest
from build_corpus import BOTH, Builds, Built
from plain import blanks_cut, csv_rows

ANSWER, TITLE = "x_chinese_medical_dialogue_answer", "x_chinese_medical_dialogue_title"
DEPARTMENT = "x_chinese_medical_dialogue_department"


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("chinese_medical_dialogue", request.param)


@pytest.fixture(scope="module")
def expected(built: Built) -> list[dict[str, str]]:
    return csv_rows(built.folder / "样例_内科5000-6000.csv", encoding="gb18030")


def asked(row: dict[str, str]) -> str:
    return row["title"] if row["ask"] == "无" else f"{row['title']}\n{row['ask']}"


def test_questions_have_the_doctors_answer(built: Built, expected: list[dict[str, str]]) -> None:
    assert built.pairs(ANSWER) == [(asked(row), blanks_cut(row["answer"])) for row in expected]


def test_questions_have_their_department(built: Built, expected: list[dict[str, str]]) -> None:
    assert built.pairs(DEPARTMENT) == [(asked(row), row["department"]) for row in expected]


def test_a_title_is_asked_for_only_where_there_is_a_message(built: Built, expected: list[dict[str, str]]) -> None:
    wanted = [(row["ask"], row["title"]) for row in expected if row["ask"] != "无"]
    assert built.pairs(TITLE) == wanted
    assert len(wanted) < len(expected)


def test_a_message_asked_twice_is_in_one_split(built: Built) -> None:
    splits: dict[str, set[str]] = {}
    for row in built.task(TITLE):
        splits.setdefault(row["input"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.count("样例_内科5000-6000.csv") == 7644
        assert [len(built.task(task)) for task in (ANSWER, DEPARTMENT, TITLE)] == [7644, 7644, 7638]
