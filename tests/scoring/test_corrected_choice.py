"""Choice questions under the corrected scorer: letters and option texts in six languages."""

from __future__ import annotations

import pytest
from golden import cases, judged
from meds_pipeline.scoring.corrected.letters import options, truth_letters

QUESTION = "Which deficiency is it?\nOptions: A: zinc\tB: iron oxide\tC: iron\tD: no zinc\tE: lead"
RADIATION = "What next?\nOptions: A: Radiation\tB: Surgery\tC: Both A and B\tD: None of the above"


@pytest.mark.parametrize(("task", "question", "truth", "output", "outcome"), cases("choice"))
def test_golden_answers(task: str, question: str, truth: str, output: str, outcome: str) -> None:
    assert judged(task, truth, output, question).outcome == outcome


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        ("A", "correct"),
        ("a", "correct"),
        ("A.", "correct"),
        ("a) zinc", "correct"),
        ("A - zinc", "correct"),
        ("A is correct", "correct"),
        ("The answer is A.", "correct"),
        ("The answer is a.", "correct"),
        ("The answer: a", "correct"),
        ("A careful look at the case shows that it is complex.", "unparsed"),
        ("The answer is a mineral.", "unparsed"),
        ("The answer is A mineral.", "unparsed"),
        ("The best option is a combination of two drugs", "unparsed"),
        ("This is a", "unparsed"),
        ("A patient in this state needs rest.", "unparsed"),
        ("A careful analysis suggests B.", "wrong"),
        ("A lead poisoning", "unparsed"),
    ],
)
def test_an_article_is_no_answer(output: str, outcome: str) -> None:
    assert judged("task57", "The right answer is A: zinc", output, QUESTION).outcome == outcome


@pytest.mark.parametrize(
    ("task", "truth", "output"),
    [
        ("task57", "The right answer is E: lead", "E. coli is the cause."),
        ("task57", "The right answer is C: iron", "The answer is C. difficile colitis."),
        ("task57", "The right answer is B: iron oxide", "B cells make antibodies."),
        ("task60", "Les bonnes réponses est A: zinc", "La réponse a été trouvée"),
        ("task60", "Les bonnes réponses est A: zinc", "Cette réponse a plusieurs causes"),
        ("task129", "La respuesta correcta es: A: zinc", "La respuesta a esta pregunta depende del caso."),
        ("task61", "Правильные ответ: C: медь", "С учетом данных сказать нельзя"),
        ("task61", "Правильные ответ: A: цинк", "А теперь подумаем"),
    ],
)
def test_words_and_initials_are_no_letters(task: str, truth: str, output: str) -> None:
    assert judged(task, truth, output).outcome == "unparsed"


@pytest.mark.parametrize(
    ("truth", "output", "outcome"),
    [
        ("The right answer is D: None of the above", "None of the above", "correct"),
        ("The right answer is C: Both A and B", "Both A and B", "correct"),
        ("The right answer is B: Surgery", "Both A and B", "wrong"),
        ("The right answer is A: Radiation", "The answer is A and B are both wrong, so C", "wrong"),
        ("The right answer is B: Surgery", "B) Radiation", "unparsed"),  # which is A
        ("The right answer is B: Surgery", "Option B is surgery.", "unparsed"),
    ],
)
def test_letters_inside_options_and_options_beside_letters(truth: str, output: str, outcome: str) -> None:
    assert judged("task57", truth, output, RADIATION).outcome == outcome


def test_all_options_listed_is_an_answer_only_where_all_are_right() -> None:
    everything = "A: zinc B: iron oxide C: iron D: no zinc E: lead"
    assert judged("task57", "The right answer is A: zinc", everything, QUESTION).outcome == "unparsed"
    assert judged("task57", "The right answer is A: zinc", "A, B, C, D, E", QUESTION).outcome == "unparsed"
    assert judged("task60", "Les bonnes réponses est A, B, C, D, E: x", "A, B, C, D, E", QUESTION).outcome == "correct"


def test_without_listed_options_the_right_text_is_known_and_no_other() -> None:
    assert judged("task57", "The right answer is B: iron oxide", "Iron oxide.").outcome == "correct"
    assert judged("task57", "The right answer is B: iron oxide", "B. iron oxide").outcome == "correct"
    assert judged("task57", "The right answer is B: iron oxide", "zinc").outcome == "unparsed"
    assert judged("task58", "正确答案是 B: 铁", "乙型肝炎（B）").outcome == "unparsed"


@pytest.mark.parametrize(
    ("question", "output", "letter"),
    [
        ("А) цинк\nБ) железо\nВ) медь\nГ) свинец", "Ответ: В", "C"),  # the options' own lettering
        ("A) цинк\nB) железо\nC) медь\nD) свинец", "Ответ: В", "B"),  # a look-alike of theirs
        ("", "Ответ: В", "B"),  # Latin letters are the benchmark's
        ("", "Ответ: Б", "B"),  # looks like no Latin letter
        ("", "Ответ: В, а не Б", "C"),  # the output's own lettering
    ],
)
def test_cyrillic_letters_go_by_the_options_lettering(question: str, output: str, letter: str) -> None:
    assert judged("task61", letter, output, question).outcome == "correct"


def test_small_words_behind_a_letter_are_its_option_unless_they_are_anothers() -> None:
    question = "What grew?\nOptions: A: Escherichia coli\tB: Klebsiella\tC: Candida\tD: nothing\tE: a virus of the gut"
    assert judged("task57", "The right answer is E: a virus of the gut", "E. coli", question).outcome == "unparsed"
    assert judged("task57", "The right answer is E: a virus of the gut", "E. some virus", question).outcome == "correct"
    assert judged("task57", "The right answer is C: Candida", "C. yeasts", question).outcome == "correct"


def test_a_letter_and_a_colon_in_a_case_are_no_list_of_options() -> None:
    assert options("Input:\nHepatitis B: antigen positive. Which type?\nOutput:\n") == {}
    assert (
        judged("task57", "The right answer is B: iron oxide", "B. iron oxide", "Vitamin B: low.").outcome == "correct"
    )


def test_any_reference_may_be_the_answer() -> None:
    references = ("The right answer is A: zinc", "The right answer is C: iron")
    assert judged("task57", references, "C", QUESTION).outcome == "correct"
    assert judged("task57", references, "The answer is A.", QUESTION).outcome == "correct"
    assert judged("task57", references, "A and C", QUESTION).outcome == "partly"


def test_truth_letters_and_options() -> None:
    assert truth_letters("The right answer is D: vitamin B") == {"D"}
    assert truth_letters("Les bonnes réponses est A, C, D: x") == {"A", "C", "D"}
    assert truth_letters("b") == {"B"}
    assert options(QUESTION) == {"A": "zinc", "B": "iron oxide", "C": "iron", "D": "no zinc", "E": "lead"}
    assert options("a: 鉄\tb: 亜鉛") == {"A": "鉄", "B": "亜鉛"}
    shots = "Options: A: old\tB: older\n\nOptions: A: new\tB: newer"
    assert options(shots) == {"A": "new", "B": "newer"}
