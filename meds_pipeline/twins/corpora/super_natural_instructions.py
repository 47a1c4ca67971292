"""Twins of Super-NaturalInstructions' medical files: one folder of several tasks, and one each of PubMedQA and BC5CDR.

Format: one JSON object a task. Files of the older generation have a text for `Definition`, instances without ids and no
licence; inputs may start with a blank.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words
from meds_pipeline.twins.corpora.anatem_iob import ORGANS
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.exams import CLASSES, draw_question
from meds_pipeline.twins.formats import scattered
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin
from meds_pipeline.twins.studies import draw_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARE = 1 / 30
FAULT_EVERY = 10


class Instance(NamedTuple):
    """One instance: its input and the outputs that count as right."""

    input: str
    outputs: list[str]


class Task(NamedTuple):
    """One file: its name without `.json`, what it asks, its generation and its instances."""

    name: str
    asks: str
    older: bool
    make: Callable[[Draw], Instance]


def _mmlu(draw: Draw) -> Instance:
    question = draw_question(draw, 4)
    options = " ".join(f"({letter}){drug}" for letter, drug in question.lettered().items())
    return Instance(f"Which drug is {question.classes[0].a_drug}?\n{options}", ["ABCD"[question.right[0]]])


def _head_qa(draw: Draw) -> Instance:
    question = draw_question(draw, 5)
    options = " ".join(f"<{place}> {drug}." for place, drug in enumerate(question.options, 1))
    text = f"Question: The {question.classes[0].en} of this list is: \n Options:  {options}"
    return Instance(text, [str(question.right[0] + 1)])


def _translation(draw: Draw) -> Instance:
    kind, other = draw.order(CLASSES)[:2]
    drug = draw.pick(words.DRUGS)
    if draw.chance(0.5):
        return Instance(f"{drug} is {kind.a_drug}", [f"{drug} es un {kind.es}"])
    return Instance(f"It is {kind.a_drug} and not {other.a_drug}", [f"Es un {kind.es} y no un {other.es}"])


def _organ(draw: Draw) -> Instance:
    organ = draw.pick(ORGANS)
    return Instance(f" Lesions of the {organ} were seen in {draw.between(2, 90)} rats .", [organ])


def _keyword(draw: Draw) -> Instance:
    study = draw_study(draw, "yes", aim=True)
    text = " ".join(section.text for section in study.sections)
    return Instance(f"Abstract: {text}", [study.terms[1], study.terms[2]])


def _verification(draw: Draw) -> Instance:
    study, other = draw_study(draw, "yes", aim=True), draw_study(draw, "no", aim=True)
    fits = draw.chance(0.5)
    answer = study.conclusion if fits else other.conclusion
    return Instance(f"Question: {study.question}\nAnswer: {answer}", ["yes" if fits else "no"])


def _disease(draw: Draw) -> Instance:
    effect = draw.pick(words.ADVERSE_EFFECTS)
    return Instance(f" {draw.pick(words.DRUGS)} caused {effect} in {draw.between(2, 90)} patients .", [effect])


VERIFICATION = Task(
    "task846_pubmedqa_classification", "Say whether the answer is one to the question.", True, _verification
)
DISEASE = Task("task1449_disease_entity_extraction_bc5cdr_dataset", "Name a disease of the sentence.", True, _disease)
HEAD_QA = (
    Task("task1431_head_qa_answer_generation", "Give the number of the right option.", True, _head_qa),
    Task("task1432_head_qa_language_translation_en_to_es", "Translate to Spanish.", True, _translation),
)
TASKS = (
    *HEAD_QA,
    Task("task1485_organ_extraction_anem_dataset", "Name an organ of the sentence.", False, _organ),
    Task("task620_ohsumed_medical_subject_headings_answer_generation", "Give a heading.", False, _keyword),
    Task("task685_mmmlu_answer_generation_clinical_knowledge", "Give the letter.", False, _mmlu),
    Task("task736_mmmlu_answer_generation_virology", "Give the letter.", False, _mmlu),
    VERIFICATION,
    DISEASE,
)


@twin("super_natural_instructions")
def super_natural_instructions(order: TwinOrder) -> Iterator[TwinFile]:
    """Write eight tasks, a thirtieth of `records` instances each."""
    return (_file(order, task) for task in TASKS)


@twin("pubmedqa_super_ni", "super_natural_instructions")
def pubmedqa_super_ni(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the task made of PubMedQA."""
    yield _file(order, VERIFICATION)


@twin("headqa_super_ni", "super_natural_instructions")
def headqa_super_ni(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the tasks made of HEAD-QA."""
    return (_file(order, task) for task in HEAD_QA)


@twin("bc5cdr_super_ni", "super_natural_instructions")
def bc5cdr_super_ni(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the task made of BC5CDR."""
    yield _file(order, DISEASE)


def _file(order: TwinOrder, task: Task) -> TwinFile:
    made = [task.make(Draw(order.seed, task.name, index)) for index in range(order.share(SHARE))]
    instances: list[dict[str, object]] = [{"input": one.input, "output": one.outputs} for one in made]
    number = task.name.split("_")[0]
    if not task.older:
        marks = [hashlib.md5(f"{order.seed}/{place}".encode(), usedforsecurity=False) for place in range(len(made))]
        pairs = zip(marks, instances, strict=True)
        instances = [{"id": f"{number}-{mark.hexdigest()}", **one} for mark, one in pairs]
    if order.faults:
        instances = list(scattered(instances, [{"input": "no output"}, {"input": "x", "output": "text"}], FAULT_EVERY))
    example = {"input": made[0].input, "output": made[0].outputs[0], "explanation": "As asked."}
    head: dict[str, object] = {
        "Contributors": "Nobody" if task.older else ["Nobody"],
        "Source": ["invented"],
        "Definition": task.asks if task.older else [task.asks],
        "Input_language": ["English"],
        "Output_language": ["Spanish" if task.make is _translation else "English"],
        "Positive Examples": [example],
        "Negative Examples": [example | {"output": "I do not know."}],
        "Instances": instances,
    }
    tail = {} if task.older else {"Instance License": ["Unknown"]}
    return TwinFile(f"{task.name}.json", json.dumps(head | tail, indent=4, ensure_ascii=False).encode())
