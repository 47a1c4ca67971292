"""Averages that lack tasks are said to lack them, and nobody is ranked on them."""

from __future__ import annotations

import pytest

from meds_pipeline.reports.board.categories import category_cards
from meds_pipeline.scoring.registry import load_registry

RELEASED = load_registry().released()
TWO_OF_NER = {"task126": "NER", "task127": "NER"}
WHOLE_NER = {task: category for task, category in RELEASED.items() if category == "NER"}
WHOLE_MCQA = {task: category for task, category in RELEASED.items() if category == "MCQA"}
IN = "in this release"


@pytest.mark.parametrize(
    ("tasks", "name", "about", "gap"),
    [
        (
            TWO_OF_NER,
            "NER",
            "2 of 4 published tasks",
            f"2 of 4 tasks are {IN}, and the published script counts the others as 0",
        ),
        (
            {"task114": "Text Summarization"},
            "Text Summarization",
            "1 of 4 published tasks",
            f"1 of 4 tasks is {IN}, and the published script counts the others as −1",
        ),
        ({"task123": "MCQA"}, "MCQA", "1 of 8 published tasks", f"1 of 8 tasks is {IN}"),
        (WHOLE_NER, "NER", "all 4 published tasks", ""),
        (WHOLE_MCQA, "MCQA", "all 8 published tasks", ""),
        ({"task41": "NLI"}, "NLI", "1 published task", ""),
    ],
)
def test_an_official_average_without_all_tasks_ranks_nobody(
    tasks: dict[str, str], name: str, about: str, gap: str
) -> None:
    cards = {card.name: card for card in category_cards(tasks) if card.scorer == "official"}
    assert (cards[name].about, cards[name].gap, cards[name].tasks) == (about, gap, tuple(tasks))


@pytest.mark.parametrize(
    ("tasks", "abouts"),
    [
        (TWO_OF_NER, {"overall": "2 of 53 published tasks", "NER": "2 of 4 published tasks"}),
        (RELEASED, {"overall": "all 53 published tasks", "NLI": "all 2 published tasks"}),
        (
            {**TWO_OF_NER, "x_own": "NER", "x_new": "Dialogue"},
            {
                "overall": "2 of 53 published tasks and 2 of our own",
                "NER": "2 of 4 published tasks and 1 of our own",
                "Dialogue": "1 of our own",
            },
        ),
    ],
)
def test_a_corrected_average_says_what_it_covers(tasks: dict[str, str], abouts: dict[str, str]) -> None:
    cards = {card.name: card for card in category_cards(tasks) if card.scorer == "corrected"}
    assert {name: cards[name].about for name in abouts} == abouts
    assert {name for name, card in cards.items() if not card.gap} == {
        name for name, card in cards.items() if "published" not in card.about or card.about.startswith(("all", "1 "))
    }
