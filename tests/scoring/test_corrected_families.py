"""What the families of the corrected scorer do beyond the tables: references, sets of labels, names kept whole."""

from __future__ import annotations

import pytest
from golden import judged

from meds_pipeline.scoring.base import Answer, ItemScore
from meds_pipeline.scoring.corrected.choice import options, truth_letters
from meds_pipeline.scoring.corrected.closed import key
from meds_pipeline.scoring.corrected.entities import entities, gold_entities
from meds_pipeline.scoring.corrected.extraction import copies, parts
from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.registry import load_registry, spec_for
from meds_pipeline.scoring.table import answers_table

QUESTION = "Which deficiency is it?\nOptions: A: zinc\tB: iron oxide\tC: iron\tD: no zinc\tE: lead"
LABELS = spec_for("task106").labels


@pytest.mark.parametrize(
    ("truth", "listed", "letters"),
    [
        ("The right answer is D: vitamin B", {}, "D"),
        ("Les bonnes réponses est A, C, D: x", {}, "ACD"),
        ("b", {}, "B"),
        ("正しい答えは A: 鉄, C: 亜鉛 です", {}, "AC"),
        ("The right answer is B: iron, C: pure", {"B": "iron, c: pure", "C": "zinc"}, "B"),
    ],
)
def test_letters_of_a_gold_answer(truth: str, listed: dict[str, str], letters: str) -> None:
    assert truth_letters(truth, listed) == set(letters)


def test_options_of_a_question() -> None:
    assert options(QUESTION) == {"A": "zinc", "B": "iron oxide", "C": "iron", "D": "no zinc", "E": "lead"}
    assert options("Options: A: old\tB: older\n\nOptions: A: new\tB: newer") == {"A": "new", "B": "newer"}
    assert options("Input:\nHepatitis B: antigen positive. Which type?\nOutput:\n") == {}


@pytest.mark.parametrize(
    ("question", "output", "letter"),
    [
        ("А) цинк\nБ) железо\nВ) медь\nГ) свинец", "Ответ: В", "C"),  # the options' own lettering
        ("A) цинк\nB) железо\nC) медь\nD) свинец", "Ответ: В", "B"),  # a look-alike of theirs
        ("", "Ответ: В", "B"),  # Latin letters are the benchmark's
        ("", "Ответ: Б", "B"),  # looks like no Latin letter
    ],
)
def test_cyrillic_letters_go_by_the_options_lettering(question: str, output: str, letter: str) -> None:
    assert judged("task61", letter, output, question).outcome == "correct"


def test_all_options_are_an_answer_only_where_all_are_right() -> None:
    assert judged("task57", "The right answer is A: zinc", "A, B, C, D, E", QUESTION).outcome == "unparsed"
    assert judged("task60", "Les bonnes réponses est A, B, C, D, E: x", "A, B, C, D, E", QUESTION).outcome == "correct"


@pytest.mark.parametrize("letter", ["B", "C"])
@pytest.mark.parametrize("aside", ["The treatment of gout is C.", "In gout, C is preferred."])
def test_a_remark_does_not_outweigh_the_answer_a_text_opens_with(letter: str, aside: str) -> None:
    assert judged("task57", letter, f"B: it is clear.\n\n{aside}", QUESTION).outcome == "unparsed"
    assert judged("task57", "C", f"B: it is clear.\n\n{aside} The answer is C.", QUESTION).outcome == "correct"


@pytest.mark.parametrize(
    ("task", "references", "output", "outcome"),
    [
        ("task57", ("The right answer is A: zinc", "The right answer is C: iron"), "C", "correct"),
        ("task57", ("The right answer is A: zinc", "The right answer is C: iron"), "A and C", "partly"),
        ("task41", ("Neutral.", "Entailment."), "entailment", "correct"),
        ("task29", ("5 mg", "two tablets"), "Two tablets.", "correct"),
        ("task29", ("5 mg", "two tablets"), "6 mg", "wrong"),
        ("task125", ("zinc, iron.", "zinc."), "zinc", "correct"),
        ("task106", (f"{LABELS[0]}, {LABELS[1]}", LABELS[2]), LABELS[2], "correct"),
        ("task41", "undecided", "It is undecided.", "correct"),  # a gold answer outside its set counts for its item
        ("task41", "neutral", "It is undecided.", "unparsed"),
        ("task106", "none", "None", "correct"),
        ("task125", "zinc.", "None", "wrong"),
    ],
)
def test_any_reference_may_be_the_answer(
    task: str, references: str | tuple[str, ...], output: str, outcome: str
) -> None:
    assert judged(task, references, output).outcome == outcome


def _of_labels(truth: str, output: str, *labels: str, language: str = "en") -> ItemScore:
    spec = spec_for("x_own", {"x_own": "accuracy_substring"}, languages={"x_own": language}, labels={"x_own": labels})
    return family("corrected", spec).score(Answer("i", "x_own", "", (truth,), output))


@pytest.mark.parametrize(
    ("output", "outcome"),
    [("建议去消化科就诊。", "correct"), ("不是消化科", "unparsed"), ("不是消化科，而是呼吸科", "wrong")],
)
def test_labels_of_other_languages_need_no_blanks_around_them(output: str, outcome: str) -> None:
    assert _of_labels("消化科", output, "心血管科", "消化科", "呼吸科", language="zh").outcome == outcome


def test_a_number_is_a_label_only_as_the_answer() -> None:
    assert _of_labels("3", "The answer is 3.", "1", "2", "3").outcome == "correct"
    assert _of_labels("3", "3", "1", "2", "3").outcome == "correct"
    assert _of_labels("3", "1.3 of 30", "1", "2", "3").outcome == "unparsed"


def test_tasks_of_two_answers_share_the_labels_of_their_metric() -> None:
    own = spec_for("x_own", {"x_own": "accuracy_true_false"})
    assert family("corrected", own).score(Answer("i", "x_own", "", ("True",), "Yes.")).outcome == "correct"


def test_label_sets_are_those_of_the_tasks_definitions() -> None:
    tasks = load_registry().tasks
    assert {name: len(spec.labels) for name, spec in tasks.items() if spec.labels} == {
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


def test_listing_the_set_names_nothing() -> None:
    truth = LABELS[1]
    assert judged("task106", truth, ", ".join(LABELS)).outcome == "unparsed"
    assert sum(judged("task106", truth, ", ".join(LABELS[:8])).counts[1:]) == 1
    assert sum(judged("task106", truth, ", ".join(LABELS[:7])).counts[1:]) == 7
    assert judged("task106", ", ".join(LABELS[:8]), ", ".join(LABELS[:8])).outcome == "correct"


def test_none_is_no_label_of_a_task_that_lists_none() -> None:
    """The mean of macro-F1 is over labels; "none." among gold answers is an item without any."""
    pairs = [("heart.", "heart"), ("lung.", "heart"), ("none.", "none"), ("none.", "lung")]
    rows = [
        {"item_id": str(n), "task_id": "x_parts", "references": [truth], "output": said}
        for n, (truth, said) in enumerate(pairs)
    ]
    metric = {"x_parts": "precision_recall_f1_multilabel_macro"}
    scores = score(answers_table(rows), seed=0, metrics=metric).scores.to_pylist()
    found = {row["metric"]: row["value"] for row in scores if row["scorer"] == "corrected" and row["name"] == "x_parts"}
    # heart: precision 1/2, recall 1; lung: 0
    assert found == pytest.approx({"precision": 25.0, "recall": 50.0, "f1": 100 / 3})


@pytest.mark.parametrize(
    "name",
    [
        *("NO", "nitric oxide (NO)", "[3H]dopamine", "Ca(2+)", "5'-AMP", "3'", "N,N-dimethylaniline", "C++", "E. coli"),
        *("1,25(OH)2D3", "vitamin B12", "beta-blockers: atenolol", "d-amphetamine", "NA", "no-reflow phenomenon"),
        *("NAD(+)", "Drug-induced hepatitis", "gene product 41", "(-)-epicatechin", "+/- propranolol", "poly(A)"),
    ],
)
def test_no_entity_is_cut(name: str) -> None:
    assert entities(name) == {name.lower()}
    assert gold_entities(f"{name}.") == {name.lower()}
    assert judged("task125", f"zinc, {name}.", f"{name}, zinc").outcome == "correct"


def test_and_parts_a_list_unless_it_cuts_a_gold_entity() -> None:
    gold = gold_entities("head and neck cancer, asthma.")
    assert entities("asthma and head and neck cancer", gold) == gold
    assert entities("head and neck cancer") == {"head", "neck cancer"}


@pytest.mark.parametrize("output", [None, "", "  ", "NaN"])
def test_missing_entities_cost_recall(output: str | None) -> None:
    score = judged("task125", "zinc, iron.", output)
    assert (score.counts, score.outcome) == ((1.0, 0, 0, 2), "empty")


def test_parts_of_a_gold_answer() -> None:
    assert parts("ASD boys, ADHD boys") == ["asd boys", "adhd boys"]
    assert parts("vitamin C (500 mg, twice daily); placebo") == ["vitamin c (500 mg, twice daily)", "placebo"]


def test_a_copy_holds_two_fifths_of_the_passage_and_much_more_than_the_truth() -> None:
    words = [f"word{place}" for place in range(50)]
    text = "Input:\n" + " ".join(words) + "\nOutput:\n"
    assert copies(" ".join(words[:25]), text, "word3 word4")
    assert not copies(" ".join(words[:15]), text, "word3 word4")
    assert not copies(" ".join(words[:25]), text, " ".join(words[:20]))
    assert not copies(text, " ".join(words[:15]), "word3")  # short passages are hardly more than their spans
