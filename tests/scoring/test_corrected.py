"""Golden outcomes of the corrected scorer: one case a rule."""

from __future__ import annotations

import pytest

from meds_pipeline.scoring.base import Answer, ItemScore
from meds_pipeline.scoring.corrected.choice import options, truth_letters
from meds_pipeline.scoring.corrected.entities import entities
from meds_pipeline.scoring.corrected.text import read_labels
from meds_pipeline.scoring.families import complete, family
from meds_pipeline.scoring.registry import spec_for

OPTIONS = "Question: what?\nOptions: A: zinc\tB: iron oxide\tC: iron\tD: no zinc\tE: lead"
TREATMENTS = ("Radiation after surgery", "Radiation prior to surgery", "No radiation")
NLI = ("entailment", "neutral", "contradiction")


def judged(
    task: str, truth: str, output: str | None, question: str = "", golds: tuple[str, ...] = (), **more: bool
) -> ItemScore:
    """The item as the corrected scorer sees it; `golds` are truths of other items, which close the label set."""
    answer = Answer("i", task, question, (truth,), output, **more)
    others = [answer._replace(references=(gold,)) for gold in golds]
    return family("corrected", complete(spec_for(task), [answer, *others])).score(answer)


@pytest.mark.parametrize(
    ("truth", "output", "outcome"),
    [
        ("The right answer is B: iron oxide", "The right answer is B: iron oxide", "correct"),
        ("The right answer is B: iron oxide", "the correct choice is B", "correct"),
        ("The right answer is B: iron oxide", "Answer: C", "wrong"),
        ("The right answer is A: zinc", "Answer: C", "wrong"),  # upstream reads the a of "answer"
        ("The right answer is E: lead", "E", "correct"),
        ("The right answer is E: lead", "(e)", "correct"),
        ("The right answer is C: iron", "c) iron", "correct"),
        ("B", "**B**. It fits best.", "correct"),
        ("B", "Option A is wrong since zinc is absent. The final answer is B.", "correct"),  # the last statement
        ("A", "A patient with anaemia needs iron.", "wrong"),  # an article is no answer; "iron" is option C
        ("C", "A patient with anaemia needs iron.", "correct"),
        ("B", "I would say iron oxide", "correct"),  # not C, although "iron" is in it
        ("A", "zinc or lead", "unparsed"),
        ("A", "A: zinc B: iron oxide C: iron D: no zinc E: lead", "unparsed"),
        ("A", "The answer is a combination of several", "unparsed"),
        ("B", "I do not know.", "unparsed"),
        ("B", "  ", "empty"),
        ("B", None, "empty"),
        ("A, C", "The answer is A and C", "correct"),
        ("A, C", "The answer is A", "partly"),
        ("正确答案是 B: 铁", "正确答案是 B: 铁", "correct"),
        ("正确答案是 B: 铁", "答案：Ｂ", "correct"),
        ("正しい答えは C: 鉄 です", "正しい答えは C です", "correct"),
        ("Les bonnes réponses est C: fer", "La bonne réponse est la C", "correct"),
        ("Les bonnes réponses est A, C: fer", "Réponses : A et C", "correct"),
        ("Правильные ответ: A: цинк", "Правильный ответ: А", "correct"),  # a Cyrillic look-alike
        ("La respuesta correcta es: B: hierro", "La respuesta correcta es: B: hierro", "correct"),
        ("La respuesta correcta es: B: hierro", "La opción correcta es la D.", "wrong"),
    ],
)
def test_choice(truth: str, output: str | None, outcome: str) -> None:
    assert judged("task57", truth, output, OPTIONS).outcome == outcome


def test_choice_without_listed_options_still_knows_the_right_text() -> None:
    assert judged("task57", "The right answer is B: iron oxide", "Iron oxide.").outcome == "correct"
    assert judged("task57", "The right answer is B: iron oxide", "zinc").outcome == "unparsed"


def test_truth_letters_and_options() -> None:
    assert truth_letters("The right answer is D: vitamin B") == {"D"}
    assert truth_letters("Les bonnes réponses est A, C, D: x") == {"A", "C", "D"}
    assert truth_letters("b") == {"B"}
    assert options(OPTIONS) == {"A": "zinc", "B": "iron oxide", "C": "iron", "D": "no zinc", "E": "lead"}
    shots = "Options: A: old\tB: older\n\nOptions: A: new\tB: newer"
    assert options(shots) == {"A": "new", "B": "newer"}


@pytest.mark.parametrize(
    ("output", "stated"),
    [
        ("Neutral.", "neutral"),
        ("It is neutral, not a contradiction.", "neutral"),
        ("This is not entailment.", None),
        ("entailment, contradiction, or neutral", None),
        ("Neutral. There is neither entailment nor contradiction.", "neutral"),
        ("It might be entailment, but the relation is: contradiction", "contradiction"),
        ("Entailment or neutral? Answer: neutral", "neutral"),
        ("neutrality", None),
        ("Neutral is not supported, so entailment it is.", "entailment"),
        ("Contradiction can be ruled out. I see entailment.", "entailment"),
        ("Entailment, since a contradiction would need more.", "entailment"),
        ("", None),
    ],
)
def test_labels_in_prose(output: str, stated: str | None) -> None:
    assert read_labels(output, NLI).stated == stated


@pytest.mark.parametrize(
    ("task", "truth", "output", "outcome"),
    [
        ("task123", "maybe", "maybe", "correct"),
        ("task123", "no", None, "empty"),
        ("task123", "no", "It is not known.", "unparsed"),
        ("task123", "yes", "Yes, there is no doubt.", "correct"),
        ("task123", "yes", "yes, no, or maybe", "unparsed"),
        ("task12", "no", "not sure", "unparsed"),
        ("task12", "no", "\nNo.", "correct"),
        ("task117", "True", "It is True, not False", "correct"),
        ("task117", "True", "True or False: True", "correct"),
        ("task117", "True", "true and false", "unparsed"),
        ("task117", "1", "1", "correct"),
        ("task117", "False", "No", "correct"),
        ("task130", "The diagnosis result is SLE.", "measles", "unparsed"),
        ("task130", "The diagnosis result is SLE.", "The diagnosis result is SLE.", "correct"),
    ],
)
def test_closed_labels(task: str, truth: str, output: str | None, outcome: str) -> None:
    assert judged(task, truth, output).outcome == outcome


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        ("Radiation after surgery", "correct"),
        ("I advise radiation after surgery, not radiation prior to surgery.", "correct"),
        ("The treatment planning is: Radiation prior to surgery", "wrong"),
        ("Radiation after surgery, Radiation prior to surgery, No radiation", "unparsed"),
        ("radiation", "unparsed"),
    ],
)
def test_all_labels_listed_is_no_answer(output: str, outcome: str) -> None:
    truth = "The treatment planning is: Radiation after surgery"
    golds = tuple(f"The treatment planning is: {label}" for label in TREATMENTS)
    assert judged("task131", truth, output, golds=golds).outcome == outcome


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        ("ADHD boys, ASD boys", "correct"),
        ("The participants were asd boys and adhd boys.", "correct"),
        ("ASD boys", "partly"),
        ("girls", "wrong"),
        ("ASD boyscouts, ADHD boys", "partly"),
    ],
)
def test_extraction(output: str, outcome: str) -> None:
    assert judged("task1", "ASD boys, ADHD boys", output).outcome == outcome


def test_extraction_refuses_the_copied_passage() -> None:
    passage = "In this trial " + "many words " * 12 + "ASD boys took part and nobody else did."
    assert judged("task1", "ASD boys", passage, passage).outcome == "wrong"


def test_extraction_takes_fields_however_they_are_set() -> None:
    truth = "Gender: F\n\nAge: \"[[18.0, 'year']]\""
    assert judged("task74", truth, "Gender: F, Age: [[18.0, 'year']]").outcome == "correct"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("aspirin, zinc.", {"aspirin", "zinc"}),
        ("Zinc; ASPIRIN", {"aspirin", "zinc"}),
        ("1. zinc\n2. aspirin", {"aspirin", "zinc"}),
        ("The entities are: zinc, aspirin.", {"aspirin", "zinc"}),
        ("E. coli, 1,2-ethanol", {"e. coli", "1,2-ethanol"}),
        ("There is no related entity.", set()),
        ("There is no related enetity.", set()),
        ("No entities found", set()),
        ("None", set()),
        ("", set()),
    ],
)
def test_entity_lists(text: str, found: set[str]) -> None:
    assert entities(text) == found


def test_empty_prediction_costs_recall() -> None:
    assert judged("task125", "zinc, iron.", None).counts == (1.0, 0, 0, 2)
    assert judged("task125", "zinc, iron.", "Iron, ZINC").counts == (1.0, 2, 0, 0)


def test_multilabel_refuses_denied_labels_and_the_whole_list() -> None:
    labels = spec_for("task106").labels
    denied = judged("task106", labels[1], f"not {labels[1]}")
    assert (denied.outcome, sum(denied.counts[1:])) == ("unparsed", 1)
    everything = judged("task106", labels[1], ", ".join(labels))
    assert everything.outcome == "unparsed"
    assert judged("task106", labels[1], labels[1].upper()).outcome == "correct"


def test_overlap_takes_the_best_reference_without_regard_to_case() -> None:
    answer = Answer("i", "task18", "", ("something else", "The very words"), "the very WORDS")
    score = family("corrected", spec_for("task18")).score(answer)
    assert score.points == (1.0, 1.0, 1.0, 1.0)
    assert score.outcome == "correct"


def test_missing_text_counts_as_zero() -> None:
    score = judged("task18", "some truth", None)
    assert (score.points, score.counts[0], score.outcome) == ((0.0,) * 4, 1.0, "empty")


def test_failures_come_before_points() -> None:
    assert judged("task57", "B", "I thi", truncated=True).outcome == "truncated"
    assert judged("task57", "B", "B", truncated=True).outcome == "correct"
    answer = Answer("i", "task57", "", ("B",), None, error="timeout")
    assert family("corrected", spec_for("task57")).score(answer).outcome == "error"
