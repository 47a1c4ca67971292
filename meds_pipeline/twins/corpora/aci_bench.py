"""Twins of the two forms of ACI-BENCH: visits as CSV with a table of metadata, and the same visits as JSON.

Format: dialogue and note stand in one cell each, with a line a turn and blank lines between sections; upstream's five
parts. A few dialogues have their speaker tags swapped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.formats import table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {
    "train": 1 / 20,
    "valid": 1 / 60,
    "clinicalnlp_taskB_test1": 1 / 60,
    "clinicalnlp_taskC_test2": 1 / 100,
    "clef_taskC_test3": 1 / 100,
}
DATASETS = ("virtassist", "virtscribe", "aci")  # codespell:ignore aci
SWAPPED_EVERY = 6
METADATA = (
    *("dataset", "encounter_id", "id", "doctor_name", "patient_gender", "patient_age", "patient_firstname"),
    *("patient_familyname", "cc", "2nd_complaints"),
)
TURNS = (
    "hi , {name} . how are you ?",
    "not so good . i have had {symptom} for {weeks} weeks now .",
    "i'm sorry to hear that . your {condition} , how is it ?",
    "um , it is fine with {drug} .",
    "okay . on exam there is some swelling . i think it is {diagnosis} .",
    "what can we do ?",
    'we will start {other} , and i will see you in two weeks . "call me" if it gets worse .',
)
NOTE = (
    "CHIEF COMPLAINT\n\n{Symptom}.\n\nHISTORY OF PRESENT ILLNESS\n\n{Name} is a {age}-year-old with {condition} who "
    "presents with {symptom} for {weeks} weeks.\n\nMEDICATIONS\n\n{Drug}.\n\nPHYSICAL EXAM\n\nSome swelling.\n\n"
    "{plan}\n"
)
PLANS = (
    "ASSESSMENT AND PLAN\n\n{Diagnosis}.\n• Medical Treatment: Start {other}.\n\nFollow up in two weeks.",
    "ASSESSMENT\n\n{Diagnosis}.\n\nPLAN\n\nStart {other}.\n\nINSTRUCTIONS\n\nCall if it gets worse.",
    "IMPRESSION\n\n{Diagnosis}.\n\nPLAN\n\nStart {other}.",
)


class Visit(NamedTuple):
    """One visit."""

    dataset: str
    number: str
    dialogue: str
    note: str
    metadata: tuple[str, ...]


@twin("aci_bench")
def aci_bench(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (a twentieth of `records` visits), valid and three test files, each with its metadata."""
    for part, visits in _parts(order):
        rows: list[tuple[str, ...]] = [visit[:4] for visit in visits]
        if order.faults:
            rows.insert(1, (DATASETS[0], "D2N999", "no note"))
        head = ("dataset", "encounter_id", "dialogue", "note")
        yield TwinFile(f"data/challenge_data/{part}.csv", table([head, *rows]).encode())
        metadata = table([METADATA, *(visit.metadata for visit in visits)])
        yield TwinFile(f"data/challenge_data/{part}_metadata.csv", metadata.encode())


@twin("aci_bench_json", "aci_bench")
def aci_bench_json(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the same visits as JSON."""
    for part, visits in _parts(order):
        data: list[object] = [
            {"src": visit.dialogue, "tgt": visit.note, "file": f"{visit.number}-{visit.dataset}"} for visit in visits
        ]
        if order.faults:
            data.insert(1, {"src": 7, "tgt": "a number for a talk", "file": "D2N999-aci"})
        yield TwinFile(f"data/challenge_data_json/{part}.json", json.dumps({"data": data}, indent=4).encode())


def _parts(order: TwinOrder) -> Iterator[tuple[str, list[Visit]]]:
    first = 1
    for part, share in PARTS.items():
        size = order.share(share)
        yield part, [_visit(order.seed, part, index, first + index) for index in range(size)]
        first += max(size, 100)


def _visit(seed: int, part: str, index: int, number: int) -> Visit:
    draw = Draw(seed, "aci_bench", part, index)
    drug, other = draw.order(words.DRUGS)[:2]
    condition, diagnosis = draw.order(words.CONDITIONS)[:2]
    fill = {
        "name": draw.pick(("martha", "andrew", "john", "ruth")),
        "symptom": draw.pick(words.SYMPTOMS),
        "condition": condition,
        "diagnosis": diagnosis,
        "drug": drug,
        "other": other,
        "weeks": str(draw.between(2, 30)),
        "age": str(draw.between(20, 90)),
    }
    fill |= {words.sentence_case(key): words.sentence_case(value) for key, value in fill.items()}
    speakers = ("patient", "doctor") if index % SWAPPED_EVERY == SWAPPED_EVERY - 1 else ("doctor", "patient")
    turns = [f"[{speakers[place % 2]}] {turn.format_map(fill)}" for place, turn in enumerate(TURNS)]
    note = NOTE.format_map(fill | {"plan": draw.pick(PLANS).format_map(fill)})
    dataset, mark = draw.pick(DATASETS), f"D2N{number:03}"
    facts = (
        f"V{number:03}",
        "",
        draw.pick(("female", "male")),
        fill["age"],
        fill["Name"],
        "Doe",
        fill["symptom"],
        condition,
    )
    return Visit(dataset, mark, "\n".join(turns), note, (dataset, mark, *facts))
