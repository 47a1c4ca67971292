"""What all families of the corrected scorer share: failures, missing cells, references; free text."""

from __future__ import annotations

import pytest
from golden import judged

from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.corrected.text import bare, normal
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.registry import spec_for


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  NAD(+). ", "nad(+)"),
        ("(aspirin)", "aspirin"),
        ("“Zinc”,", "zinc"),
        ("**iron**", "iron"),
        ("5'", "5'"),
        ("(a) and (b)", "(a) and (b)"),
        ("(aspirin", "aspirin"),
        ("poly(A)", "poly(a)"),
        (".5 mg", ".5 mg"),
    ],
)
def test_bare_cuts_what_frames_a_text_and_nothing_that_belongs_to_it(text: str, form: str) -> None:
    assert bare(text) == form


def test_normal_forms_are_one_for_texts_that_look_alike() -> None:
    assert normal("Ｂ  ﬁx\n") == "b fix"


@pytest.mark.parametrize("task", ["task57", "task12", "task117", "task130", "task1", "task74", "task18", "task125"])
@pytest.mark.parametrize("output", [None, "", "  \n", "NaN", "nan", "NA", "<NA>"])
def test_what_readers_count_as_missing_is_empty(task: str, output: str | None) -> None:
    score = judged(task, "a truth", output)
    assert score.outcome == "empty"
    assert score.points is None or set(score.points) == {0.0}


@pytest.mark.parametrize("task", ["task57", "task12", "task130", "task1", "task18"])
@pytest.mark.parametrize("truth", ["", " ", ".", " . "])
def test_a_blank_truth_earns_nothing(task: str, truth: str) -> None:
    for output in (truth, "anything", "."):
        score = judged(task, truth, output)
        assert score.outcome != "correct"
        assert set(score.points or ()) == {0.0}


def test_an_answer_with_an_error_earns_nothing() -> None:
    answer = Answer("i", "task57", "", ("B",), "B", error="connection lost")
    score = family("corrected", spec_for("task57")).score(answer)
    assert (score.outcome, score.points) == ("error", (0.0,))


def test_overlap_takes_the_best_reference_without_regard_to_case() -> None:
    answer = Answer("i", "task18", "", ("something else", "The very words"), "the very WORDS")
    score = family("corrected", spec_for("task18")).score(answer)
    assert score.points == (1.0, 1.0, 1.0, 1.0)
    assert score.outcome == "correct"


def test_missing_text_counts_as_zero() -> None:
    score = judged("task18", "some truth", None)
    assert (score.points, score.counts[0], score.outcome) == ((0.0,) * 4, 1.0, "empty")


def test_failures_come_before_points() -> None:
    assert judged("task57", "B", "I thi", cut_off=True).outcome == "truncated"
    assert judged("task57", "B", "The answer is C because th", cut_off=True).outcome == "wrong"
    assert judged("task18", "a b c", "a b d", cut_off=True).outcome == "partly"
    assert judged("task57", "B", "B", cut_off=True).outcome == "correct"
    answer = Answer("i", "task57", "", ("B",), None, error="timeout")
    assert family("corrected", spec_for("task57")).score(answer).outcome == "error"


@pytest.mark.parametrize("output", ["<think>B is right.", "<think>B is right.</think>", "<think>B"])
@pytest.mark.parametrize("task", ["task57", "task41", "task106", "task125", "task1", "task18"])
def test_thoughts_are_no_answer(task: str, output: str) -> None:
    assert judged(task, "B", output).outcome in ("unparsed", "wrong")
    assert judged(task, "B", output, cut_off=True).outcome in ("truncated", "wrong")
