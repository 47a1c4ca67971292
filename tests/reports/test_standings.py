"""What a stranger would misread: averages that lack tasks, right answers that count nothing, what is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from leaderboard_sample import COMPARISONS, EXAMPLES, MODELS, TASKS, sample, score_rows
from lxml import html

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.reports.board.categories import category_cards
from meds_pipeline.reports.board.model import Absence, AnswerCard, LeaderboardData, OutcomeCount, ScoreRow
from meds_pipeline.reports.board.site import write_leaderboard

if TYPE_CHECKING:
    from pathlib import Path

CARDS = category_cards({task.task: task.category for task in TASKS})
WHOLE = tuple(replace(card, gap="") if card.scorer == "corrected" else card for card in CARDS)
"""The same, as if these were all tasks that were published."""
CORRECTED, OFFICIAL = 0, 1
"""Which of the tables that stand once a scorer; the page opens with the first."""


def tree(data: LeaderboardData, out: Path, name: str = "index.html") -> html.HtmlElement:
    write_leaderboard(data, out)
    return html.document_fromstring((out / name).read_text())


def words(element: html.HtmlElement) -> str:
    return " ".join(" ".join(element.itertext()).split())


def standings(page: html.HtmlElement, scorer: int) -> dict[str, dict[str, html.HtmlElement]]:
    """Cells by model and by the first word of the column."""
    table = page.xpath("//section[@id='standings']//table")[scorer]
    heads = [words(head) for head in table.xpath(".//thead//th")][1:]
    return {
        words(row.xpath("./th/a")[0]): dict(zip(heads, row.xpath("./td"), strict=True))
        for row in table.xpath(".//tbody/tr")
    }


def overall(**values: float | None) -> tuple[ScoreRow, ...]:
    row = replace(score_rows()[0], scorer="corrected", level="overall", name="overall", metric="main")
    return tuple(replace(row, model=m, value=v, low=v, high=v, score_id=f"o{m}") for m, v in values.items())


def test_the_page_opens_with_the_corrected_scorer(tmp_path: Path) -> None:
    page = tree(sample(), tmp_path)
    assert [words(label) for label in page.xpath("//fieldset//label")] == ["Corrected", "Official"]
    assert page.xpath("//input[@checked]/@id") == ["scorer-1"]


@pytest.mark.parametrize(
    ("scorer", "reason"),
    [
        (OFFICIAL, "2 of 4 tasks are in this release, and the published script counts the others as 0."),
        (CORRECTED, "2 of 4 tasks are in this release."),
    ],
)
def test_an_average_that_lacks_tasks_is_grey_with_the_reason(tmp_path: Path, scorer: int, reason: str) -> None:
    page = tree(sample(categories=CARDS), tmp_path)
    for model, cells in standings(page, scorer).items():
        for head, cell in cells.items():
            assert "part" in cell.get("class") or words(cell) == "not submitted", (model, head)
            assert not cell.find_class("rank"), (model, head)
    notes = page.xpath("//section[@id='standings']//p[@class='note'][strong='NER']")
    assert f"NER is grey and not ranked: {reason}" in map(words, notes)
    compared = page.xpath("//*[@id='comparisons']/div[contains(@class, 'scorer-')]")[scorer]
    assert not compared.find_class("rankings")


def test_corrected_averages_are_ranked_and_say_what_they_cover(tmp_path: Path) -> None:
    cells = standings(tree(sample(categories=WHOLE), tmp_path), CORRECTED)["tiny-tuned"]
    assert "NER F1 2 of 4 published tasks" in cells
    assert all(cell.find_class("rank") for cell in cells.values())


def test_a_submission_is_ranked_where_it_is_complete(tmp_path: Path) -> None:
    """`majority` submits one of two NER tasks and no summaries; the scorer gives it no corrected averages there."""
    lacking = {"task127", "task114"}

    def kept(row: ScoreRow) -> ScoreRow | None:
        if row.model != "majority" or row.name not in {*lacking, "NER", "Text Summarization"}:
            return row
        return replace(row, value=None, low=None, high=None) if row.name == "NER" else None

    rows = tuple(row for row in map(kept, score_rows()) if row is not None)
    marks = overall(**{"tiny-tuned": 60.0, "tiny-untuned": 1.0, "majority": None})
    against = replace(COMPARISONS[0], scorer="corrected", level="overall", name="overall", metric="main")
    data = sample(scores=(*rows, *marks), categories=WHOLE, comparisons=(*COMPARISONS, against))
    page = tree(data, tmp_path)
    found = standings(page, CORRECTED)
    mine = {head.split(" ")[0]: cell for head, cell in found["majority"].items()}
    assert mine["MCQA"].find_class("rank")
    assert {name: words(mine[name]) for name in ("Overall", "NER", "Text")} == {
        "Overall": "– 3 of 5 tasks submitted",
        "NER": "– 1 of 2 tasks submitted",
        "Text": "not submitted",
    }
    assert list(found) == ["tiny-tuned", "tiny-untuned", "majority"], "unranked overall: last"
    duels = page.xpath("//*[@id='comparisons']/div")[CORRECTED].find_class("duels")
    assert not duels, "no difference overall of a model that is not ranked there"


def test_right_answers_that_count_nothing_are_said_to(tmp_path: Path) -> None:
    """A model that always says "none" is right where there is nothing to name, and its F1 is 0."""
    outcomes = (
        OutcomeCount("majority", "corrected", "task126", "correct", 33, 33),
        OutcomeCount("majority", "corrected", "task126", "wrong", 67),
    )
    page = tree(sample(outcomes=outcomes), tmp_path, "tasks/task126.html")
    (row,) = page.xpath("//*[@id='outcomes']//tbody/tr")
    assert words(row) == "majority 33 33 of none 0 67 0 0 0 0 100"
    assert "rightly name nothing" in words(page.xpath("//*[@id='outcomes']")[0])


def test_what_the_page_lacks_stands_in_one_place(tmp_path: Path) -> None:
    absent = (
        Absence("model", "gpt", "the endpoint did not answer"),
        Absence("submission", "odd.csv", "line 3 has no item_id"),
        Absence("2 tasks in no release:", "task125, task128", "frozen before these corpora came"),
    )
    page = tree(sample(absent=absent, withheld={"mimic": 7}), tmp_path)
    listed = [words(item) for item in page.xpath("//*[@id='missing']//li")]
    assert [item.split(" ", 4)[:4] for item in listed] == [
        ["Model", "gpt", "the", "endpoint"],
        ["Submission", "odd.csv", "line", "3"],
        ["2", "tasks", "in", "no"],
        ["Text", "of", "7", "credentialed"],
        ["Stale", "corpus", "meqsum", "blocked:"],
        ["2", "flagged", "items", "Their"],
    ]
    assert page.xpath("//*[@class='alert']//a/@href") == ["#missing"]
    nothing = tree(sample(stale=(), release=replace(sample().release, flagged=0)), tmp_path)
    assert not nothing.xpath("//*[@id='missing']")


def test_a_credentialed_item_shows_what_answers_earned_and_no_text(tmp_path: Path) -> None:
    answers = tuple(AnswerCard(a.model, "", a.points, "the item is credentialed") for a in EXAMPLES[0].answers)
    item = replace(EXAMPLES[0], prompt="", references=(), answers=answers, access="credentialed")
    (shown,) = tree(sample(examples=(item,)), tmp_path, "tasks/task123.html").xpath("//details")
    assert "Prompt, reference and answers are withheld: pubmedqa gives its text to named readers only" in words(shown)
    assert f"meds trace item {item.item_id}" in words(shown)
    assert "tiny-tuned withheld: the item is credentialed correct 1 accuracy" in words(shown)


@pytest.mark.parametrize("told", ["prompt", "references", "answers"])
def test_credentialed_text_is_refused(told: str) -> None:
    bare = replace(EXAMPLES[0], prompt="", references=(), answers=(), access="credentialed")
    with pytest.raises(ScoringError, match="text is credentialed"):
        sample(examples=(replace(bare, **{told: getattr(EXAMPLES[0], told)}),))


def test_readers_of_a_corpus_that_registers_them_are_told(tmp_path: Path) -> None:
    page = tree(sample(examples=(replace(EXAMPLES[0], access="registration"),)), tmp_path, "tasks/task123.html")
    assert "pubmedqa asks its readers to register" in words(page)
    assert len(MODELS) == len(page.xpath("//details//tbody/tr"))
