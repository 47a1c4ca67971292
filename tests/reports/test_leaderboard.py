"""The leaderboard site: what it shows equals the data, hostile text stays text, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from leaderboard_sample import COMPARISONS, EXAMPLES, MODELS, NO_PUNKT, TASKS, sample, score_rows
from lxml import html

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.reports.board.model import (
    AnswerCard,
    LeaderboardData,
    ModelCard,
    OutcomeCount,
    Points,
    ReleaseCard,
)
from meds_pipeline.reports.board.site import write_leaderboard

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = """</style><script>alert('x')</script>"><img src="http://evil.example/x.png" onerror=alert(1)>&{{ 7*7 }}"""


def site(data: LeaderboardData, out: Path) -> dict[str, str]:
    write_leaderboard(data, out)
    return {path.relative_to(out).as_posix(): path.read_text() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return site(sample(), tmp_path_factory.mktemp("site"))


def parse(page: str) -> html.HtmlElement:
    return html.document_fromstring(page)


def words(element: html.HtmlElement) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_there_is_a_page_for_the_board_each_task_and_each_model(pages: dict[str, str]) -> None:
    tasks = {f"tasks/{task.task}.html" for task in TASKS}
    models = {f"models/{model.name}.html" for model in MODELS}
    assert set(pages) == {"index.html"} | tasks | models


def test_same_data_gives_the_same_bytes(pages: dict[str, str], tmp_path: Path) -> None:
    assert site(sample(), tmp_path) == pages


def test_category_scores_on_the_board_are_the_data(pages: dict[str, str]) -> None:
    (corrected, official) = parse(pages["index.html"]).xpath("//section[@id='standings']//table")
    for scorer, table in (("official", official), ("corrected", corrected)):
        columns = [words(head) for head in table.xpath(".//thead//th")][1:]
        shown = {
            (words(row.xpath("./th/a")[0]), column, float(cell.get("data-value")))
            for row in table.xpath(".//tbody/tr")
            for column, cell in zip(columns, row.xpath("./td"), strict=True)
            if cell.get("data-value")
        }
        label = {"accuracy": "accuracy", "f1": "F1", "bleu1": "BLEU-1", "rougeL": "ROUGE-L"}
        assert shown == {
            (row.model, f"{row.name} {label[row.metric]}", row.value)
            for row in score_rows()
            if row.scorer == scorer and row.level == "category"
        }


@pytest.mark.parametrize("task", [task.task for task in TASKS])
def test_a_task_page_shows_value_interval_count_and_trace_of_every_score(task: str, pages: dict[str, str]) -> None:
    page = parse(pages[f"tasks/{task}.html"])
    rows = [row for row in score_rows() if row.level == "task" and row.name == task]
    assert len(page.xpath("//tr[starts-with(@id, 'score-')]")) == len(rows)
    for row in rows:
        (line,) = page.xpath(f"//tr[@id='score-{row.score_id}']")
        assert row.model in words(line)
        assert f"{row.value:.1f}" in words(line.xpath(".//td[contains(@class, 'value')]")[0])
        assert words(line.xpath(".//td[@class='range']")[0]) == f"{row.low:.1f}–{row.high:.1f}"
        assert words(line.xpath(".//td[@data-label='Items']")[0]) == str(row.n)
        assert words(line.xpath(".//code")[0]) == f"meds trace score {row.score_id}"


def test_every_link_leads_to_a_page_and_anchor_of_the_site(pages: dict[str, str]) -> None:
    ids = {name: set(parse(page).xpath("//@id")) for name, page in pages.items()}
    for name, page in pages.items():
        for link in parse(page).xpath("//a/@href"):
            path, _, anchor = link.partition("#")
            target = name if not path else path.removeprefix("../") if "/" in name and path.startswith("../") else path
            assert target in pages, link
            assert not anchor or anchor in ids[target], link
    assert len(parse(pages["index.html"]).xpath("//td//a[contains(@href, '#score-')]")) == len(score_rows())


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(pages: dict[str, str]) -> None:
    for page in pages.values():
        tree = parse(page)
        assert not re.findall(r"https?:|//[a-z]|@import|url\(", page)
        assert not tree.xpath("//script | //link | //img | //iframe | //object | //@*[starts-with(name(), 'on')]")
        (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'")


def test_twins_are_marked_on_every_page_and_real_data_on_none(pages: dict[str, str], tmp_path: Path) -> None:
    assert all(parse(page).find_class("banner") for page in pages.values())
    assert not any("ynthetic" in page for page in site(sample(origin="real"), tmp_path).values())


def test_build_release_and_stale_corpora_are_named(pages: dict[str, str]) -> None:
    data = sample()
    assert all(data.build_id in page for page in pages.values())
    board = words(parse(pages["index.html"]))
    assert "Stale corpus meqsum blocked: 12 rows without a summary in the newest file" in board
    assert data.release.digest[:12] in board
    assert data.release.digest in pages["models/tiny-tuned.html"]


def test_how_a_model_was_made(pages: dict[str, str]) -> None:
    tuned = words(parse(pages["models/tiny-tuned.html"]))
    for part in ("Training plan tiny", MODELS[0].training_set, MODELS[0].weights, "Tokens seen 612,000"):
        assert str(part) in tuned
    assert "Training plan not trained" in words(parse(pages["models/majority.html"]))


def test_figures_that_do_not_compare_carry_the_mark_and_the_reason(pages: dict[str, str]) -> None:
    page = parse(pages["tasks/task114.html"])
    for row in score_rows():
        if row.level == "task" and row.name == "task114":
            (line,) = page.xpath(f"//tr[@id='score-{row.score_id}']")
            assert ("†" in words(line)) == (row.metric == "bleu1")
    assert NO_PUNKT in words(page)
    assert "†" not in words(parse(pages["tasks/task123.html"]))


def test_the_leaders_stand_first_and_ties_share_a_rank(pages: dict[str, str]) -> None:
    table = parse(pages["index.html"]).xpath("//section[@id='standings']//table")[0]
    assert [words(row.xpath("./th/a")[0]) for row in table.xpath(".//tbody/tr")] == [
        "tiny-tuned",
        "majority",
        "tiny-untuned",
    ]
    ranks = {
        words(line.xpath("./th")[0]): words(line.find_class("rank")[0])
        for line in parse(pages["tasks/task12.html"]).xpath("//table")[0].xpath(".//tbody/tr")
    }
    assert ranks == {"tiny-tuned": "1=", "majority": "1=", "tiny-untuned": "3"}


def test_a_paired_test_is_shown_better_model_first_with_the_p_value_that_decides(pages: dict[str, str]) -> None:
    def shown(task: str) -> list[str]:
        return [words(row) for row in parse(pages[f"tasks/{task}.html"]).xpath("//*[@id='comparisons']//tbody/tr")]

    assert shown("task123") == ["tiny-tuned against majority +27.0 +15.1 to +38.4 <0.001 ahead 100"]
    assert shown("task12") == ["tiny-tuned against majority +5.0 −9.8 to +19.7 0.62 tied 60"]
    assert shown("task114") == []


def test_tie_groups_of_categories_follow_the_tests(pages: dict[str, str]) -> None:
    (corrected, official) = parse(pages["index.html"]).xpath("//*[@id='comparisons']/div[contains(@class, 'scorer-')]")
    assert [words(row) for row in official.find_class("rankings")[0].xpath("./tbody/tr")] == [
        "MCQA accuracy 1 tiny-tuned 2 majority 3 tiny-untuned",
        "Fact Verification accuracy 1= tiny-tuned = majority 3 tiny-untuned",
    ]
    assert "No two models were compared" in words(corrected)


def test_two_models_are_compared_over_all_tasks(pages: dict[str, str]) -> None:
    (duels,) = parse(pages["index.html"]).find_class("duels")
    assert [words(row) for row in duels.xpath("./tbody/tr")] == [
        "tiny-tuned against majority 1 ahead, 1 tied, 0 behind",
        "majority against tiny-untuned 0 ahead, 0 tied, 0 behind",
    ]


def test_overall_differences_are_shown_where_a_scorer_has_an_overall(tmp_path: Path) -> None:
    test = replace(COMPARISONS[0], level="overall", name="overall", metric="main")
    overall = tuple(
        replace(row, level="overall", name="overall", metric="main")
        for row in score_rows()
        if row.scorer == "official" and row.name == "task123"
    )
    pages = site(sample(scores=(*score_rows(), *overall), comparisons=(*COMPARISONS, test)), tmp_path)
    (duels,) = parse(pages["index.html"]).find_class("duels")
    line = "+27.0 +15.1 to +38.4 <0.001 ahead 1 ahead, 1 tied, 0 behind"
    assert words(duels.xpath("./tbody/tr")[0]) == f"tiny-tuned against majority {line}"
    (mine,) = parse(pages["models/majority.html"]).xpath("//*[@id='comparisons']//summary[contains(., 'tiny-tuned')]")
    assert "overall −27.0 (−38.4 to −15.1), behind; ahead on 0 tasks, tied on 1, behind on 1" in words(mine)


def test_a_model_stands_against_each_other_with_the_tasks_it_is_ahead_on(pages: dict[str, str]) -> None:
    first, _ = parse(pages["models/majority.html"]).xpath("//*[@id='comparisons']//details")
    assert "MCQA accuracy −27.0 −38.4 to −15.1 0.012 behind" in words(first)
    assert first.xpath(".//p[@class='links']/a/@href") == ["../tasks/task123.html#comparisons"]


def test_many_pairs_are_folded_away_few_are_not(pages: dict[str, str], tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(5)]
    pairs = tuple(replace(COMPARISONS[0], first=a, second=b) for a, b in combinations(names, 2))
    scores = tuple(replace(score_rows()[0], model=name, score_id=name) for name in names)
    models = tuple(ModelCard(name, "x") for name in names)
    data = sample(models=models, scores=scores, comparisons=pairs, outcomes=(), examples=())
    page = site(data, tmp_path)["index.html"]
    assert words(parse(page).xpath("//*[@id='comparisons']//summary")[0]) == "All 10 pairs of models"
    assert not parse(pages["index.html"]).xpath("//*[@id='comparisons']//summary")


def test_outcomes_are_counted_by_model_and_by_task(pages: dict[str, str]) -> None:
    def rows(page: str, scorer: int) -> list[str]:
        tables = parse(pages[page]).xpath("//*[@id='outcomes']//table")
        assert words(tables[scorer].xpath(".//thead")[0]).endswith(
            "correct partly wrong unparsed truncated empty error answers"
        )
        return [words(row) for row in tables[scorer].xpath("./tbody/tr")]

    assert rows("index.html", 1)[0] == "tiny-tuned 113 0 0 21 0 0 26 160"
    assert rows("index.html", 0)[0] == "tiny-tuned 115 0 0 21 0 0 24 160"
    assert rows("tasks/task12.html", 1)[0] == "tiny-tuned 34 0 0 0 0 0 26 60"
    assert rows("models/majority.html", 0) == [
        "PubMedQA, yes, no or maybe 79 0 0 21 0 0 0 100",
        "PubMedQA, right answer? 36 0 0 0 0 0 24 60",
    ]


def test_items_show_prompt_reference_output_outcome_and_points(pages: dict[str, str]) -> None:
    first, second = parse(pages["tasks/task123.html"]).xpath("//details[starts-with(@id, 'item-')]")
    # A browser drops the line break right after <pre>, so that one of the prompt's own would survive.
    assert first.xpath("./pre")[0].text == "\n" + EXAMPLES[0].prompt
    assert [words(row) for row in first.xpath(".//tbody/tr")] == [
        "tiny-tuned no correct 1 accuracy correct 1 accuracy",
        "tiny-untuned nothing empty 0 accuracy empty – accuracy",
        "majority yes partly 0.5 accuracy wrong 0 accuracy",
    ]
    assert words(first).endswith(f"meds trace item {EXAMPLES[0].item_id}")
    assert "source changed" in words(second)
    assert not parse(pages["tasks/task12.html"]).xpath("//details")


def test_an_item_of_a_metric_that_is_no_mean_shows_its_influence(pages: dict[str, str]) -> None:
    (item,) = parse(pages["tasks/task126.html"]).xpath("//details")
    assert words(item.xpath(".//tbody/tr")[0]) == "tiny-tuned zinc, iron – partly +0.4 on F1"


def test_a_scorer_with_main_figures_shows_one_metric_a_task_on_the_board(tmp_path: Path) -> None:
    mains = {
        (row.model, row.scorer, row.name): replace(row, metric="main", score_id=f"main {row.score_id}")
        for row in score_rows()
        if row.scorer == "corrected" and row.level == "category"
    }
    pages = site(sample(scores=(*score_rows(), *mains.values())), tmp_path)
    corrected, official = parse(pages["index.html"]).xpath("//section[@id='tasks']//table")
    assert "BLEU-1" in words(official)
    assert "BLEU-1" not in words(corrected)
    assert "ROUGE-L" in words(corrected)
    heads = parse(pages["index.html"]).xpath("//section[@id='standings']//table")[0].xpath(".//thead//th")
    assert [words(head) for head in heads] == ["Model", "MCQA", "NER", "Fact Verification", "Text Summarization"]
    assert "BLEU-1" in words(parse(pages["models/tiny-tuned.html"]))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-0.8, "−0.8"), (-0.004, "0.0"), (0.0, "0.0"), (0.021, "0.02"), (61.27, "61.3"), (100.0, "100.0")],
)
def test_small_and_negative_percents(value: float, shown: str, tmp_path: Path) -> None:
    row = replace(score_rows()[0], value=value, low=value, high=value)
    page = parse(site(sample(scores=(row,), comparisons=()), tmp_path)["tasks/task123.html"])
    (line,) = page.xpath("//tr[starts-with(@id, 'score-')]")
    assert words(line.xpath("./td[contains(@class, 'value')]")[0]) == shown
    between = " to " if value < 0 else "–"
    assert words(line.xpath("./td[@class='range']")[0]) == f"{shown}{between}{shown}"


def test_hostile_text_stays_text_wherever_it_comes_in(tmp_path: Path) -> None:
    task, model = (
        replace(TASKS[0], task=HOSTILE, title=HOSTILE, category=HOSTILE, corpus=HOSTILE, definition=HOSTILE),
        HOSTILE,
    )
    row = replace(
        score_rows()[0], name=HOSTILE, model=model, metric=HOSTILE, scorer=HOSTILE, note=HOSTILE, score_id=HOSTILE
    )
    answer = AnswerCard(HOSTILE, HOSTILE, (Points(HOSTILE, HOSTILE, HOSTILE, 0.5),))
    compared = replace(COMPARISONS[0], name=HOSTILE, first=HOSTILE, second=HOSTILE, metric=HOSTILE, scorer=HOSTILE)
    data = sample(
        build_id=HOSTILE,
        release=ReleaseCard(HOSTILE, HOSTILE, 1),
        models=(ModelCard(model, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        tasks=(task,),
        scores=(replace(row, comparable=False),),
        examples=(
            replace(EXAMPLES[0], task=HOSTILE, prompt=HOSTILE, references=(HOSTILE,), answers=(answer,), flag=HOSTILE),
        ),
        comparisons=(compared,),
        outcomes=(OutcomeCount(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1),),
        stale=(replace(sample().stale[0], corpus=HOSTILE, reason=HOSTILE),),
    )
    pages = site(data, tmp_path)
    assert len(pages) == 3
    assert all(re.fullmatch(r"((tasks|models)/)?[A-Za-z0-9_-]+\.html", name) for name in pages)
    for page in pages.values():
        tree = parse(page)
        assert "<script" not in page
        assert not tree.xpath("//img | //script | //@onerror")
        assert len(tree.xpath("//style")) == 1
    task_page = parse(pages[next(name for name in pages if name.startswith("tasks/"))])
    assert task_page.xpath("//h1")[0].text_content() == HOSTILE


def test_names_that_look_alike_as_files_keep_pages_of_their_own(tmp_path: Path) -> None:
    models = (ModelCard("a/b", "x"), ModelCard("a b", "x"), ModelCard("../a-b", "x"), ModelCard("a-b", "x"))
    pages = site(sample(models=models, scores=(), examples=(), comparisons=()), tmp_path)
    assert len([name for name in pages if name.startswith("models/")]) == 4
    assert all(path.is_relative_to(tmp_path) for path in tmp_path.rglob("*"))


def test_without_scores_the_board_says_so(tmp_path: Path) -> None:
    page = site(sample(scores=(), examples=(), comparisons=()), tmp_path)["index.html"]
    assert "No scores yet. Run meds run" in words(parse(page))


def test_one_scorer_needs_no_switch(pages: dict[str, str], tmp_path: Path) -> None:
    assert len(parse(pages["index.html"]).xpath("//input[@name='scorer']")) == 2
    official = tuple(row for row in score_rows() if row.scorer == "official")
    page = site(sample(scores=official), tmp_path)["index.html"]
    assert not parse(page).xpath("//input")
    assert "Official scorer" in page


def test_tasks_stand_in_where_the_scorer_gave_no_categories(tmp_path: Path) -> None:
    scores = tuple(row for row in score_rows() if row.level == "task")
    table = parse(site(sample(scores=scores), tmp_path)["index.html"]).xpath("//section[@id='standings']//table")[0]
    assert "task123" in words(table)


def test_two_scores_for_one_cell_are_refused() -> None:
    with pytest.raises(ScoringError, match=r"task123.*two official accuracy scores of model tiny-tuned"):
        sample(scores=(*score_rows(), replace(score_rows()[0], value=1.0)))


@pytest.mark.parametrize(("change", "message"), [({"model": "ghost"}, "ghost"), ({"name": "task0"}, "task0")])
def test_scores_of_unknown_models_and_tasks_are_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(ScoringError, match=message):
        sample(scores=(replace(score_rows()[0], **change),))  # type: ignore[arg-type]


def test_tests_between_unknown_models_are_refused() -> None:
    with pytest.raises(ScoringError, match=r"task123.*model ghost"):
        sample(comparisons=(replace(COMPARISONS[0], second="ghost"),))
