"""Twin of iMedQA (mediQ): cases cut into sentences, a question on drug classes, and the case as numbered facts.

Format: JSON lines with upstream's keys, those the recipes leave aside included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw, distinct
from meds_pipeline.twins.exams import Question, draw_question
from meds_pipeline.twins.formats import json_lines, scattered
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 10
FAULT_EVERY = 30


@twin("mediq_imedqa")
def mediq_imedqa(order: TwinOrder) -> Iterator[TwinFile]:
    """Write one file of a tenth of `records` questions."""
    seen: set[Question] = set()
    records = [_record(order.seed, index, seen) for index in range(order.share(SHARE))]
    bad: list[dict[str, object]] = [{"id": 1, "question": "No options?"}, records[0] | {"context": "not a list"}]
    good = list(scattered(records, bad, FAULT_EVERY)) if order.faults else records
    yield TwinFile("data/all_dev_good.jsonl", json_lines(good))


def _record(seed: int, index: int, seen: set[Question]) -> dict[str, object]:
    question = distinct(lambda draw: draw_question(draw, 4), seen, seed, "mediq", index)
    draw = Draw(seed, "mediq", index, "case")
    age, sex = draw.between(19, 88), draw.pick(("man", "woman"))
    condition, sign, drug = draw.pick(words.CONDITIONS), draw.pick(words.SYMPTOMS), draw.pick(words.DRUGS)
    context = [
        f"A {age}-year-old {sex} comes to the physician because of {sign} for {draw.between(2, 9)} weeks.",
        f"The {sex} has a history of {condition} and takes {drug}.",
        f"The pulse is {draw.between(58, 110)}/min.",
    ]
    facts = [f"Patient is a {age}-year-old {sex}.", f"Patient has {sign}.", f"Patient has a history of {condition}."]
    facts = [f"{place}. {fact}" for place, fact in enumerate([*facts, f"Patient takes {drug}."], 1)]
    # As upstream: the last case of a few dozen has no context, another's facts are dashes.
    if index % 40 == 39:
        context, facts = [], []
    elif index % 40 == 19:
        facts = [f"- Age: {age} years", f"- {words.sentence_case(sign)}"]
    letter = "ABCD"[question.right[0]]
    return {
        "id": index,
        "question": f"Which of the following drugs is {question.classes[0].a_drug}?",
        "context": context,
        "context_len": len(context),
        "options": question.lettered(),
        "answer": question.lettered()[letter],
        "answer_idx": letter,
        "explanation": "",
        "facts": facts,
        "patient": {
            "gender": "Male" if sex == "man" else "Female",
            "age": f"{age} years old",
            "specialties": ["Internal Medicine"],
            "subspecialties": ["General Internal Medicine"],
            "specialty_prob": [1.0],
            "subspecialty_prob": [1.0],
            "gpt_specialty": "Internal Medicine",
        },
    }
