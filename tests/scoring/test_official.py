"""Golden points of the official scorer: one case a habit of upstream's scripts, crashes included."""

from __future__ import annotations

import pytest

from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.registry import spec_for
from meds_pipeline.scoring.table import answers_table

pytestmark = pytest.mark.usefixtures("english_punkt")


def points(task: str, truth: str, output: str | None) -> tuple[float, ...] | None:
    answer = Answer("i", task, "", (truth,), output)
    return family("official", spec_for(task)).score(answer).points


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
        # A missing truth: upstream reads "nan" or crashes, and what crashes is wrong.
        ("task123", "", "no", 1),
        ("task123", "NaN", None, 1),
        ("task57", "", "B", 0),
        ("task1", "None", "banana", 1),
        ("task41", "", "nandrolone", 1),
        ("task41", "", "neutral", 0),
        ("task12", "", "yes it is", 0),
        ("task16", "null", "null", 0),
        ("task130", "", "anything", 0),
        ("task131", "NA", "na", 0),
        ("task117", "", "true", 0),
        # A truth of blanks and full stops is text, which upstream finds everywhere.
        ("task12", " . ", "yes it is", 1),
        ("task131", " ", "anything", 1),
        ("task41", ".", "", 1),
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


def test_a_missing_truth_names_no_entities() -> None:
    """Upstream crashes; nothing said is right then, not even what its cut last characters would make equal."""
    assert figure("task125", [("", "a."), ("ab.", "ab.")], "f1") == (pytest.approx(200 / 3), 2)


def test_a_missing_truth_of_ebms_is_no_text() -> None:
    assert points("task100", "nan", "nan") == (0.0, 0.0)


@pytest.mark.parametrize(("average", "task", "others"), [
    ("NER", "task125", {"task126": "ab.", "task127": "ab.", "task128": "ab."}),
    ("Explanation", "task18", {"task46": "one two three", "task50": "one two three"}),
    ("Rationale", "task52", {f"task{i}": "one two three" for i in (51, 53, 54, 55, 56)}),
])  # fmt: skip
def test_tasks_of_which_no_item_counts_are_zero_as_upstream_prints_them(
    average: str, task: str, others: dict[str, str]
) -> None:
    rows = [{"item_id": "i", "task_id": task, "references": ["ab cd."], "output": None}]
    rows += [{"item_id": "i", "task_id": name, "references": [text], "output": text} for name, text in others.items()]
    result = score(answers_table(rows), ("official",), replicates=50)
    metric = "f1" if average == "NER" else "bleu1"
    assert result.value("official", task, metric) == 0.0
    assert result.value("official", average, metric) == pytest.approx(100 * len(others) / (1 + len(others)))
    row = next(r for r in result.scores.to_pylist() if (r["name"], r["metric"]) == (task, metric))
    assert (row["n"], row["low"], row["note"]) == (0, None, "no item counts: upstream prints 0")


@pytest.mark.parametrize(("average", "task", "number"), [
    ("NER", "task125", 4), ("Information Extraction", "task1", 5), ("Clinical Outcome Prediction", "task117", 3),
])  # fmt: skip
def test_absent_tasks_count_as_zero_in_all_averages_but_that_of_summaries(average: str, task: str, number: int) -> None:
    rows = [{"item_id": "i", "task_id": task, "references": ["true"], "output": "true"}]
    result = score(answers_table(rows), ("official",), replicates=0)
    metric = "f1" if average == "NER" else "accuracy"
    assert result.value("official", average, metric) == pytest.approx(100 / number)
    row = next(r for r in result.scores.to_pylist() if r["name"] == average)
    assert not row["comparable"], "published averages are over all tasks"


def test_an_average_of_all_tasks_stands_beside_the_published_one() -> None:
    tasks = ("task125", "task126", "task127", "task128")
    rows = [{"item_id": "i", "task_id": task, "references": ["zinc."], "output": "zinc."} for task in tasks]
    scores = score(answers_table(rows), ("official",), replicates=0).scores.to_pylist()
    assert [row["comparable"] for row in scores if row["name"] == "NER"] == [True]


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
