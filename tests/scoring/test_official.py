"""Golden points of the official scorer: one case a habit of upstream's scripts, crashes included."""

from __future__ import annotations

import pytest

from meds_pipeline.scoring import answers_table, score
from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.families import complete, family
from meds_pipeline.scoring.registry import spec_for

pytestmark = pytest.mark.usefixtures("english_punkt")


def points(task: str, truth: str, output: str | None) -> tuple[float, ...] | None:
    answer = Answer("i", task, "", (truth,), output)
    return family("official", complete(spec_for(task), [answer])).score(answer).points


def figure(task: str, pairs: list[tuple[str, str | None]], metric: str) -> tuple[float | None, int]:
    rows = [{"item_id": str(i), "task_id": task, "references": [t], "output": o} for i, (t, o) in enumerate(pairs)]
    scores = score(answers_table(rows), ("official",), replicates=0).scores.to_pylist()
    row = next(r for r in scores if r["level"] == "task" and r["metric"] == metric)
    return row["value"], row["n"]


@pytest.mark.parametrize(
    ("task", "truth", "output", "right"),
    [
        ("task57", "The right answer is B: x", "The right answer is B: x", 1),
        ("task57", "The right answer is B: x", " the RIGHT answer is b.", 1),
        ("task57", "The right answer is A: x", "Answer: C", 1),  # "answer" starts with a
        ("task57", "The right answer is B: x", "the correct choice is B", 0),  # starts with t
        ("task57", "The right answer is E: x", "E", 0),  # only a to d count
        ("task57", "The right answer is D: x", None, 0),
        ("task57", "The right answer is D: x", "the right answer is", 0),  # upstream crashes
        ("task129", "La respuesta correcta es: B: x", "La respuesta correcta es: B: x", 0),  # "l" is no option
        ("task123", "no", None, 1),  # a missing cell reads "nan"
        ("task123", "no", "N/A", 1),  # and so does every cell that pandas takes as missing
        ("task123", "yes", "Yes, it does.", 1),
        ("task123", "maybe", "maybe", 0),
        ("task130", "The diagnosis result is SLE.", "measles", 1),
        ("task130", "The diagnosis result is SLE.", None, 0),  # upstream crashes
        ("task131", "The treatment planning is: Radiation after surgery", "no radiation after surgery", 1),
        ("task131", "The treatment planning is: Radiation after surgery", "radiation", 0),
        ("task117", "True", "It is true.", 1),
        ("task117", "True", "True, not False", 0),
        ("task117", "1", "1", 0),
        ("task117", "False", None, 0),
        ("task1", "ASD boys, ADHD boys", "the ASD boys, ADHD boys took part", 1),
        ("task1", "ASD boys, ADHD boys", "ADHD boys, ASD boys", 0),
        ("task74", 'Gender: F\n\nAge: "12"', "gender: fage: 12", 1),
        ("task74", 'Gender: F\n\nAge: "12"', "Gender: F, Age: 12", 0),
        ("task1", "nan", None, 1),
        ("task16", "2", "In 2020 it was shown", 1),
        ("task12", "no", "not sure", 1),
        ("task12", "no", "\nno", 0),  # only the first line counts
        ("task12", "no", None, 0),  # upstream crashes
        ("task41", "Neutral.", "entailment, contradiction, or neutral", 1),
        ("task41", "Neutral", None, 0),
    ],
)
def test_accuracy(task: str, truth: str, output: str | None, right: float) -> None:
    assert points(task, truth, output) == (right,)


def test_entities_lose_their_last_character() -> None:
    value, n = figure("task125", [("aspirin, zinc.", "zinc, aspirin.")], "f1")
    assert (value, n) == (0.0, 1)
    assert figure("task125", [("a.", "b.")], "f1") == (100.0, 1)


def test_entities_know_only_the_misspelt_sentinel() -> None:
    gold = "There is no related enetity."
    assert figure("task126", [(gold, gold), ("ab.", "ab.")], "f1") == (100.0, 2)
    value, _ = figure("task126", [(gold, "There is no related entity."), ("ab.", "ab.")], "f1")
    assert value == pytest.approx(200 / 3)


def test_entities_of_missing_predictions_cost_no_recall() -> None:
    assert figure("task127", [("ab, cd.", "ab, cd."), ("ef, gh.", None)], "f1") == (100.0, 1)


def test_labels_are_searched_as_substrings_and_averaged_over_all_ten() -> None:
    pairs: list[tuple[str, str | None]] = [("evading growth suppressors", "not evading growth suppressors")]
    assert figure("task106", pairs, "f1") == (pytest.approx(10.0), 1)
    assert figure("task106", [("cellular energetics", None)], "recall") == (0.0, 1)


@pytest.mark.parametrize(
    ("task", "output", "expected"),
    [
        ("task18", None, None),  # not counted
        ("task18", "NaN", None),
        ("task51", " \n", None),
        ("task51", None, None),  # upstream crashes
        ("task78", None, (0.0, 0.0)),  # upstream crashes
        ("task100", "  ", (0.0, 0.0)),
        ("task42", " ", (0.0, 0.0)),
    ],
)
def test_text_without_words(task: str, output: str | None, expected: tuple[float, ...] | None) -> None:
    assert points(task, "A gold text.", output) == expected


def test_text_of_full_stops_only_scores_bleu_but_no_rouge() -> None:
    bleu, rouge = points("task78", "One.", "...") or (None, None)
    assert (bleu, rouge) == (0.0, 0.0)


def test_skipped_texts_inflate_the_mean() -> None:
    value, n = figure("task18", [("the same words here", "the same words here"), ("some gold", None)], "bleu1")
    assert (value, n) == (pytest.approx(100.0), 1)


def test_rouge_is_rouge_l_over_distinct_words() -> None:
    _, rouge = points("task78", "a b", "b a") or (0, 0)
    assert rouge == pytest.approx(0.5, abs=1e-7)


def test_summarization_average_leaves_out_ct_and_mri_and_counts_absent_tasks_as_minus_one() -> None:
    rows = [
        {"item_id": f"{task}", "task_id": task, "references": ["one two three"], "output": "one two three"}
        for task in ("task78", "task114", "task83", "task94")
    ]
    result = score(answers_table(rows), ("official",), replicates=0)
    assert result.value("official", "CT", "bleu1") == pytest.approx(100.0)
    assert result.value("official", "MRI", "bleu1") == pytest.approx(100.0)
    assert result.value("official", "Text Summarization", "bleu1") == pytest.approx((100 + 100 - 1 - 1) / 4)
