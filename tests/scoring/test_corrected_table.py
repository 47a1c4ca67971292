"""The corrected scorer over tables of answers: in the manner of chat models, and hard ones."""

from __future__ import annotations

from collections import Counter

import pytest
from golden import Case, chat_answers, hard_answers, judged

_WORTH = {"correct": 2, "partly": 1}


def _read(case: Case) -> str:
    return judged(case.task, case.truth, case.output, case.question).outcome


@pytest.mark.parametrize("case", [*chat_answers(), *hard_answers()], ids=lambda case: f"{case.task} {case.output[:40]}")
def test_an_answer_has_the_outcome_of_the_table(case: Case) -> None:
    assert _read(case) == case.known


def test_the_table_of_chat_answers_is_met_but_for_three() -> None:
    """By points: false credit is the worst error, then a right answer called wrong, then one not understood."""
    errors: Counter[str] = Counter()
    for case in chat_answers():
        wanted, read = _WORTH.get(case.wanted, 0), _WORTH.get(_read(case), 0)
        if read > wanted:
            errors["false credit"] += 1
        elif read < wanted:
            errors["unparsed" if _read(case) == "unparsed" else "right called wrong"] += 1
        elif _read(case) != case.wanted:
            errors["other name, same points"] += 1
    assert len(chat_answers()) == 291
    assert errors == {"unparsed": 1, "other name, same points": 2}
