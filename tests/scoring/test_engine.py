"""What holds for every score: ranges, order, determinism, intervals, averages, ranking."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds_pipeline.core.errors import ScoringError, UnknownNameError
from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.families import METRICS, SCORERS, complete, family
from meds_pipeline.scoring.registry import language_code, load_registry, spec_for
from meds_pipeline.scoring.table import ITEMS, SCORES, answers_table

pytestmark = pytest.mark.usefixtures("english_punkt")

TRUTHS = {
    "accuracy_choice": "The right answer is B: iron",
    "accuracy_yes_no_firstchar": "yes",
    "accuracy_true_false": "True",
    "f1_entities_micro": "zinc, iron.",
    "precision_recall_f1_multilabel_macro": "zinc, iron",
}


def row(i: int, task: str, truth: str, output: str | None, **more: Any) -> dict[str, Any]:
    return {"item_id": f"i{i}", "task_id": task, "references": [truth], "output": output} | more


def values(rows: list[dict[str, Any]], **more: Any) -> dict[tuple[str, str, str], float]:
    scores = score(answers_table(rows), replicates=0, **more).scores.to_pylist()
    return {(r["scorer"], r["name"], r["metric"]): r["value"] for r in scores}


def mixed(seed: int = 1, size: int = 60) -> list[dict[str, Any]]:
    rnd = random.Random(seed)  # noqa: S311 (test data)
    words = ["the", "patient", "has", "no", "sign", "of", "acute", "renal", "failure", "today"]
    rows = []
    for i in range(size):
        task = rnd.choice(["task57", "task125", "task106", "task18", "task12"])
        truth = {"task57": "B", "task125": "zinc, iron.", "task106": "cellular energetics", "task12": "no"}.get(
            task, " ".join(rnd.choices(words, k=8))
        )
        output = rnd.choice([truth, "A", "zinc.", None, " ".join(rnd.choices(words, k=6))])
        rows.append(row(i, task, truth, output, subject=rnd.choice([None, "p1", "p2"])))
    return rows


def test_an_average_has_no_value_where_a_task_of_it_was_not_submitted() -> None:
    rows = [row(0, "task125", "zinc.", "zinc."), row(1, "task83", "a scan", "a scan"), row(2, "task12", "no", "no")]
    upstream, part = values(rows), values(rows, not_submitted=["task126", "task84"])
    changed = {
        (name, metric)
        for (scorer, name, metric) in part
        if upstream[scorer, name, metric] != part[scorer, name, metric]
    }
    assert {name for name, _ in changed} == {"NER", "CT"}
    assert upstream["official", "NER", "f1"] == pytest.approx(25), "upstream counts absent tasks as 0"
    assert part["official", "NER", "f1"] is None
    notes = {r["name"]: r["note"] for r in score(answers_table(rows), not_submitted=["task84"]).scores.to_pylist()}
    assert notes["CT"] == "not submitted: task84"


def test_nothing_depends_on_the_order_of_rows() -> None:
    rows = mixed()
    first = score(answers_table(rows), replicates=50)
    random.Random(2).shuffle(rows)  # noqa: S311 (test data)
    second = score(answers_table(rows), replicates=50)
    assert first.scores.equals(second.scores)
    assert first.items.equals(second.items)


def test_nothing_depends_on_the_number_of_processes() -> None:
    table = answers_table(mixed())
    alone, shared = (score(table, replicates=50, processes=number) for number in (1, 3))
    assert alone.scores.equals(shared.scores)
    assert alone.items.equals(shared.items)


def test_the_seed_moves_intervals_and_nothing_else() -> None:
    table = answers_table(mixed())
    first, second = score(table, seed=1, replicates=100).scores, score(table, seed=2, replicates=100).scores
    assert first.drop_columns(["low", "high"]).equals(second.drop_columns(["low", "high"]))
    assert not first.equals(second)


def test_tables_follow_their_schemas() -> None:
    result = score(answers_table(mixed()), replicates=20)
    assert result.items.schema == ITEMS
    assert result.scores.schema == SCORES


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_figures_are_percentages_inside_their_intervals(seed: int) -> None:
    for r in score(answers_table(mixed(seed)), replicates=200).scores.to_pylist():
        if r["value"] is None or (r["scorer"], r["level"]) == ("official", "category"):
            continue
        assert 0.0 <= r["value"] <= 100.0 + 1e-9
        if r["low"] is not None:
            assert -1e-9 <= r["low"] <= r["high"] <= 100.0 + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["task57", "task125", "task106", "task18", "task12"]))
def test_one_more_correct_answer_never_lowers_a_task(seed: int, task: str) -> None:
    rows = [r for r in mixed(seed) if r["task_id"] == task] or [row(0, task, "zinc, iron.", None)]
    truth = rows[0]["references"][0]
    before, after = values(rows), values([*rows, row(999, task, truth, truth)])
    # NER cuts last characters and BLEU has no more than 1, but a perfect copy is perfect under both scorers.
    metric = {"task125": "f1", "task106": "f1", "task18": "rougeL"}.get(task, "accuracy")
    for scorer in ("official", "corrected"):
        assert (after[scorer, task, metric] or 0) >= (before[scorer, task, metric] or 0) - 1e-6


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scorer", SCORERS)
def test_every_metric_scores_a_perfect_copy_of_an_unknown_task(scorer: str, metric: str) -> None:
    truth = TRUTHS.get(metric, "iron")
    rows = [row(i, "x_new", truth, truth) for i in range(3)]
    scores = score(answers_table(rows), (scorer,), metrics={"x_new": metric}, replicates=0).scores.to_pylist()
    main = [r for r in scores if r["name"] == "x_new" and r["metric"] in ("accuracy", "f1", "rougeL")]
    assert [r["value"] for r in main] == [pytest.approx(100.0, abs=1e-5)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scorer", SCORERS)
def test_a_family_that_looks_at_the_input_says_so(scorer: str, metric: str) -> None:
    """`meds score` keeps inputs only for those: without `reads_input` a family would see an empty one."""

    class Watched(Answer):
        looked = False

        def __getattribute__(self, name: str) -> Any:
            Watched.looked = Watched.looked or name == "input"
            return super().__getattribute__(name)

    truth = TRUTHS.get(metric, "iron")
    made = family(scorer, complete(spec_for("x_new", {"x_new": metric}), [Answer("i", "x_new", "", (truth,), "")]))
    for output in (truth, "Passage. " + truth, "no words", "A or B", "A B C D", None):
        made.score(Watched("i", "x_new", "Passage. " + truth, (truth,), output))
    assert not Watched.looked or made.reads_input


def test_unknown_names_are_errors_that_help() -> None:
    with pytest.raises(UnknownNameError, match="task57"):
        score(answers_table([row(0, "task577", "B", "B")]))
    with pytest.raises(UnknownNameError, match="accuracy_choice"):
        score(answers_table([row(0, "x_new", "B", "B")]), metrics={"x_new": "accuracy"})
    with pytest.raises(UnknownNameError, match="official"):
        score(answers_table([row(0, "task57", "B", "B")]), ("best",))
    with pytest.raises(ScoringError, match="references"):
        score(pa.table({"item_id": ["a"], "task_id": ["task57"], "output": ["B"]}))


def test_an_empty_table_has_no_scores() -> None:
    result = score(answers_table([]))
    assert (result.items.num_rows, result.scores.num_rows) == (0, 0)


def test_intervals_are_wider_where_items_share_subjects() -> None:
    answers = ["B", "A"] * 40
    alone = [row(i, "task57", "B", output) for i, output in enumerate(answers)]
    shared = [r | {"subject": f"p{i % 2}{i // 20}"} for i, r in enumerate(alone)]
    widths = []
    for rows in (alone, shared):
        r = score(answers_table(rows), ("corrected",)).scores.to_pylist()[0]
        widths.append(r["high"] - r["low"])
    assert widths[1] > 1.5 * widths[0]


def test_a_single_subject_has_no_interval() -> None:
    rows = [row(i, "task57", "B", "B", subject="p") for i in range(5)]
    assert score(answers_table(rows), ("official",)).scores.to_pylist()[0]["low"] is None


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rnd = random.Random(4)  # noqa: S311 (test data)
    covered = 0
    for run in range(200):
        rows = [row(i, "task57", "B", "B" if rnd.random() < 0.7 else "A") for i in range(80)]
        r = score(answers_table(rows), ("corrected",), seed=run, replicates=300).scores.to_pylist()[0]
        covered += r["low"] <= 70.0 <= r["high"]
    assert 0.89 <= covered / 200 <= 0.99


def test_influence_is_what_leaving_the_item_out_changes() -> None:
    rows = [row(0, "task125", "zinc.", "zinc."), row(1, "task125", "iron.", "lead."), row(2, "task125", "tin.", "tin.")]
    result = score(answers_table(rows), ("corrected",), replicates=0)
    full = result.value("corrected", "task125", "f1")
    without = score(answers_table(rows[:1] + rows[2:]), ("corrected",), replicates=0)
    item = next(r for r in result.items.to_pylist() if r["item_id"] == "i1")
    assert full is not None
    assert item["influence"] == pytest.approx(full - (without.value("corrected", "task125", "f1") or 0))
    assert item["points"] is None


def test_items_average_to_the_figure_where_the_metric_is_a_mean() -> None:
    result = score(answers_table(mixed()), replicates=0)
    for scorer, task, metric in (("official", "task57", "accuracy"), ("corrected", "task18", "rougeL")):
        points = [
            r["points"]
            for r in result.items.to_pylist()
            if (r["scorer"], r["task_id"], r["metric"]) == (scorer, task, metric) and r["points"] is not None
        ]
        assert result.value(scorer, task, metric) == pytest.approx(100 * sum(points) / len(points))


def test_a_missing_task_leaves_its_category_and_the_whole_unranked() -> None:
    required = {"x_a": "One", "x_b": "One", "x_c": "Two"}
    rows = [row(i, task, "B", "B") for i, task in enumerate(("x_a", "x_c"))]
    metrics = dict.fromkeys(required, "accuracy_choice")
    result = score(answers_table(rows), metrics=metrics, categories=required, required=required, replicates=0)
    assert result.value("corrected", "One", "main") is None
    assert result.value("corrected", "Two", "main") == 100.0
    assert result.value("corrected", "overall", "main") is None
    note = next(r["note"] for r in result.scores.to_pylist() if r["name"] == "One")
    assert "x_b" in note


def test_category_is_the_plain_mean_of_tasks_and_overall_of_categories() -> None:
    required = {"x_a": "One", "x_b": "One", "x_c": "Two"}
    rows = [row(0, "x_a", "B", "B"), row(1, "x_a", "B", "B"), row(2, "x_b", "B", "C"), row(3, "x_c", "yes", "Yes")]
    metrics = {"x_a": "accuracy_choice", "x_b": "accuracy_choice", "x_c": "accuracy_yes_no_firstchar"}
    result = score(answers_table(rows), metrics=metrics, categories=required, required=required, replicates=0)
    assert result.value("corrected", "One", "main") == 50.0
    assert result.value("corrected", "overall", "main") == 75.0


def test_registry_knows_53_released_tasks_of_eleven_categories() -> None:
    released = load_registry().released()
    assert len(released) == 53
    assert len(set(released.values())) == 11
    assert all(spec.metric in METRICS for spec in load_registry().tasks.values())
    assert all(task in load_registry().tasks for average in load_registry().averages for task in average.tasks)


def test_languages_by_code_and_name() -> None:
    assert language_code("Japanese") == "ja"
    assert language_code("Spanish; Catalan") == "es"
    assert language_code("Swedish") == "en"
    assert spec_for("x_a", {"x_a": "bleu1_rougeL"}, languages={"x_a": "Chinese"}).language == "zh"
