"""Answers from closed sets under the corrected scorer: what a text states, denies, supposes or offers."""

from __future__ import annotations

import pytest
from golden import cases, judged
from meds_pipeline.scoring.corrected.context import Stance, Weight
from meds_pipeline.scoring.corrected.labelset import Labels, key
from meds_pipeline.scoring.corrected.prose import Prose

from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.corrected.closed import read_label
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.registry import load_registry, spec_for

NLI = Labels.of(spec_for("task41"))


@pytest.mark.parametrize(("task", "question", "truth", "output", "outcome"), cases("closed"))
def test_golden_answers(task: str, question: str, truth: str, output: str, outcome: str) -> None:
    assert judged(task, truth, output, question).outcome == outcome


@pytest.mark.parametrize(
    ("text", "stances", "weight"),
    [
        ("The answer is neutral.", [Stance.AFFIRMED], Weight.ANSWERED),
        ("So, neutral.", [Stance.AFFIRMED], Weight.ANSWERED),
        ("Neutral fits best.", [Stance.AFFIRMED], Weight.JUDGED),
        ("It is neutral.", [Stance.AFFIRMED], Weight.JUDGED),
        ("Neutral, since nothing is said of it.", [Stance.AFFIRMED], Weight.ALONE),
        ("I see a neutral pair here.", [], None),  # an adjective
        ("I see no sign of neutral wording but entailment.", [Stance.AFFIRMED], Weight.NAMED),
        ("The label is not neutral.", [Stance.DENIED], Weight.NAMED),
        ("Perhaps neutral.", [Stance.HEDGED], Weight.ALONE),
        ("If it were shorter, the answer would be neutral.", [Stance.SUPPOSED], Weight.ANSWERED),
        ("Neutral or entailment", [Stance.OFFERED], Weight.ALONE),
        ("Not neutral, but entailment.", [Stance.DENIED, Stance.AFFIRMED], Weight.JUDGED),
        ("Neutral. Wait, the answer is entailment.", [Stance.SUPPOSED, Stance.AFFIRMED], Weight.ANSWERED),
        ("No contradiction, neutral, or entailment", [Stance.DENIED], Weight.ALONE),
        ("Entailment? No, neutral.", [Stance.SUPPOSED, Stance.AFFIRMED], Weight.ALONE),
    ],
)
def test_stance_and_weight_of_statements(text: str, stances: list[Stance], weight: Weight | None) -> None:
    prose = Prose(text)
    statements = prose.statements(list(NLI.mentions(prose)))
    assert [statement.stance for statement in statements] == stances
    assert weight is None or statements[-1].weight is weight


def test_a_denial_reaches_to_the_end_of_a_list_and_no_further() -> None:
    text = "Neither entailment nor contradiction nor anything of the kind; neutral"
    assert read_label(text, NLI).values == {"neutral"}
    assert read_label("Not entailment, contradiction, or neutral.", NLI).values == set()


def test_any_reference_may_be_the_answer() -> None:
    spec = spec_for(
        "x_topic",
        {"x_topic": "accuracy_substring"},
        labels={"x_topic": ("neoplasms", "cardiovascular diseases", "general conditions")},
    )
    answer = Answer("i", "x_topic", "", ("cardiovascular diseases", "neoplasms"), "neoplasms")
    scorer = family("corrected", spec)
    assert scorer.score(answer).outcome == "correct"
    assert scorer.score(answer._replace(output="Cardiovascular diseases.")).outcome == "correct"
    assert scorer.score(answer._replace(output="general conditions")).outcome == "wrong"


def test_labels_of_other_languages_need_no_blanks_around_them() -> None:
    spec = spec_for(
        "x_ward",
        {"x_ward": "accuracy_substring"},
        languages={"x_ward": "zh"},
        labels={"x_ward": ("心血管科", "消化科", "呼吸科")},
    )
    scorer = family("corrected", spec)
    answer = Answer("i", "x_ward", "", ("消化科",), "建议去消化科就诊。")
    assert scorer.score(answer).outcome == "correct"
    assert scorer.score(answer._replace(output="不是消化科")).outcome == "unparsed"
    assert scorer.score(answer._replace(output="不是消化科，而是呼吸科")).outcome == "wrong"


def test_numbers_as_labels() -> None:
    spec = spec_for("x_count", {"x_count": "accuracy_substring"}, labels={"x_count": ("1", "2", "3")})
    scorer = family("corrected", spec)
    answer = Answer("i", "x_count", "", ("3",), "There are 3 right options.")
    assert scorer.score(answer).outcome == "correct"
    assert scorer.score(answer._replace(output="1.3 of 30")).outcome == "unparsed"


def test_a_gold_answer_outside_the_set_counts_for_its_item_alone() -> None:
    assert judged("task41", "undecided", "It is undecided.").outcome == "correct"
    assert judged("task41", "neutral", "It is undecided.").outcome == "unparsed"


def test_label_sets_are_those_of_the_tasks_definitions() -> None:
    tasks = load_registry().tasks
    sizes = {name: len(spec.labels) for name, spec in tasks.items() if spec.labels}
    assert sizes == {
        **dict.fromkeys(("task12", "task123", "task41"), 3),
        **dict.fromkeys(("task117", "task118", "task119"), 2),
        "task16": 4,
        "task106": 10,
        "task130": 50,  # 49 pathologies and "cannot decide"
        "task131": 7,
    }
    for spec in tasks.values():
        assert set(spec.spellings) <= set(spec.labels), spec.task_id
        spelt = [key(word) for words in ([spec.labels], spec.spellings.values()) for group in words for word in group]
        assert len(spelt) == len(set(spelt)), spec.task_id


def test_tasks_of_two_answers_share_the_labels_of_their_metric() -> None:
    own = spec_for("x_own", {"x_own": "accuracy_true_false"})
    assert family("corrected", own).score(Answer("i", "x_own", "", ("True",), "Yes.")).outcome == "correct"
