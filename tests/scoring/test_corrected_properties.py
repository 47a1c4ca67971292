"""Properties of the corrected scorer: no text raises, no row depends on others, right answers help, time is linear."""

from __future__ import annotations

import time
from typing import Any

import pytest
from golden import judged
from hypothesis import given, settings
from hypothesis import strategies as st

from meds_pipeline.scoring.engine import score
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.table import answers_table

GOLDS = {
    "task57": ["The right answer is B: Heparin", "The right answer is A: Aspirin"],
    "task60": ["Les bonnes réponses est A, C: le zinc, le fer", "Les bonnes réponses est B: l'iode"],
    "task61": ["Правильные ответ: A: цинк", "Правильные ответ: C: медь"],
    "task123": ["yes", "no", "maybe"],
    "task16": ["true", "mixture", "0"],
    "task41": ["Entailment.", "Neutral."],
    "task117": ["True", "False", "1"],
    "task130": ["The diagnosis result is SLE.", "The diagnosis result is GERD.", "The diagnosis result is Anemia."],
    "task131": ["The treatment planning is: Radiation after surgery"],
    "task106": ["resisting cell death.", "cellular energetics, inducing angiogenesis."],
    "task125": ["zinc, iron.", "There is no related enetity.", "head and neck cancer, NAD(+)."],
    "task1": ["ASD boys, ADHD boys", "not found"],
    "task29": ["5 mg"],
    "task74": ["Gender: F\n\nAge: \"[[18.0, 'year']]\""],
    "task18": ["A text of some words.", "Another."],
}
WORDS = (
    *("yes", "no", "not", "or", "and", "B", "A.", "(C)", "the answer is", "is correct", "if", "SLE, GERD, Anemia", ","),
    *("zinc", "True", "neutral", "resisting cell death", "ASD boys", "Gender: F", "18 years", "\n", ". ", "?"),
    *("答案是", "не", "pas", "ではない", "[", "'", "<think>", "\\boxed{", "None", "5 mg"),
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
ROWS = st.lists(
    st.sampled_from(sorted(GOLDS)).flatmap(
        lambda task: st.tuples(st.just(task), st.sampled_from(GOLDS[task]), st.one_of(st.none(), TEXTS))
    ),
    min_size=1,
    max_size=12,
)


def table(rows: list[tuple[str, str, str | None]]) -> Any:
    return answers_table(
        {"item_id": str(place), "task_id": task, "input": "", "references": [truth], "output": output}
        for place, (task, truth, output) in enumerate(rows)
    )


def items(rows: list[tuple[str, str, str | None]], order: list[int]) -> list[tuple[Any, ...]]:
    found = score(table(rows).take(order), ("corrected",), replicates=0, processes=1).items.to_pylist()
    return sorted((row["item_id"], row["metric"], row["points"] or 0.0, row["outcome"], row["why"]) for row in found)


def figures_of(rows: list[tuple[str, str, str | None]]) -> dict[tuple[str, str], float | None]:
    found = score(table(rows), ("corrected",), replicates=0, processes=1).scores.to_pylist()
    return {(row["name"], row["metric"]): row["value"] for row in found if row["level"] == "task"}


@settings(max_examples=200, deadline=None)
@given(output=TEXTS, question=TEXTS, data=st.data())
def test_no_text_raises_and_points_are_shares(output: str, question: str, data: st.DataObject) -> None:
    task = data.draw(st.sampled_from(sorted(load_registry().tasks)))
    truth = data.draw(st.one_of(TEXTS, st.sampled_from(GOLDS.get(task, ["B"]))))
    result = judged(task, truth, output, question)
    assert all(0.0 <= points <= 1.0 for points in result.points or ())
    assert all(count >= 0.0 for count in result.counts)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, data=st.data())
def test_items_depend_on_themselves_alone(rows: list[tuple[str, str, str | None]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(rows))))
    together = items(rows, list(range(len(rows))))
    assert items(rows, order) == together
    assert sorted(row for place in order for row in items(rows, [place])) == together


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, data=st.data())
def test_a_right_answer_never_lowers_a_figure(rows: list[tuple[str, str, str | None]], data: st.DataObject) -> None:
    task = data.draw(st.sampled_from([task for task, _, _ in rows]))
    truth = data.draw(st.sampled_from(GOLDS[task]))
    figures, more = figures_of(rows), figures_of([*rows, (task, truth, truth)])
    for key, before in figures.items():
        after = more[key]
        assert before is None or (after is not None and after >= before - 1e-9), key


@pytest.mark.parametrize(("task", "truth"), [(task, truth) for task, truths in GOLDS.items() for truth in truths])
def test_every_accepted_reference_scores_in_full(task: str, truth: str) -> None:
    assert judged(task, truth, truth).outcome == "correct"
    others = tuple(gold for gold in GOLDS[task] if gold != truth)
    for references in ((truth, *others), (*others, truth)):
        assert judged(task, references, truth).outcome == "correct"


HOSTILE = (
    "yes ",
    "\n",
    " ",
    "B ",
    "not true, ",
    "the answer is B. ",
    "zinc and ",
    ",",
    "(",
    "5 mg or ",
    "B\n",
    "选",
    "a) ",
)
SIZE = 200_000


@pytest.mark.parametrize("task", ["task57", "task41", "task106", "task125", "task1", "task29", "task74", "task18"])
def test_hostile_answers_take_linear_time(task: str) -> None:
    judged(task, GOLDS[task][0], "warm up")
    start = time.process_time()
    for piece in HOSTILE:
        judged(task, GOLDS[task][0], "x " + piece * (SIZE // len(piece)) + " x", "Options: A: aa\tB: bb\tC: cc")
    assert time.process_time() - start < 1.5 * len(HOSTILE)
