"""Twin of MTS-Dialog: short talks of doctor and patient, each about one section of the note.

Format: one CSV a part; dialogues stand in one cell with a line a turn. As upstream, cells of the training file have
CR LF line breaks, those of the others LF, and all rows end in CR LF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw, distinct
from meds_pipeline.twins.formats import scattered, table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"TrainingSet": 1 / 8, "ValidationSet": 1 / 40, "TestSet-1-MEDIQA-Chat-2023": 1 / 20}
FAULT_EVERY = 25


class Talk(NamedTuple):
    """One kind of talk: the section it fills, its turns, and the text of the section."""

    header: str
    turns: tuple[str, ...]
    note: str


TALKS = (
    Talk(
        "FAM/SOCHX",
        ("Do any illnesses run in your family?", "Yes, my {relative} has {condition}.", "Do you smoke?", "No, never."),
        "{Relative} with {condition}. Nonsmoker.",
    ),
    Talk(
        "GENHX",
        ("How old are you?", "I am {age}.", "What brought you here?", "I have had {symptom} for {weeks} weeks now."),
        "The patient is a {age}-year-old with {symptom} for {weeks} weeks.",
    ),
    Talk(
        "PASTMEDICALHX",
        ("Have you been ill before?", "I was treated for {condition} some years ago.", "Anything else?", "No."),
        "{Condition}.",
    ),
    Talk("CC", ("What can I do for you today?", "It is {symptom} that bothers me."), "{Symptom}."),
    Talk("ALLERGY", ("Are you allergic to anything?", "Yes, {drug} gives me a rash."), "{Drug} causes rash."),
    Talk("ALLERGY", ("Any allergies to medicine?", "None that I know of."), "None."),
    Talk(
        "MEDICATIONS",
        ("What do you take at home?", "{Drug}, {weeks} milligrams a day.", "Nothing else?", "Only {other}."),
        "{Drug} {weeks} mg daily, {other}.",
    ),
    Talk(
        "ROS",
        ("Any {symptom}?", "Yes, a bit.", "Have you noticed {sign}?", "No, not at all."),
        "Positive for {symptom}. Negative for {sign}.",
    ),
    Talk("IMMUNIZATIONS", ("Have you had your flu shot?", "Yes, {weeks} weeks ago."), "Influenza {weeks} weeks ago."),
    Talk(
        "PLAN",
        ("I would like to start you on {drug}.", "When do I come back?", "In {weeks} weeks."),
        "Start {drug}. Return in {weeks} weeks.",
    ),
)

Row = tuple[str, str, str]


@twin("mts_dialog")
def mts_dialog(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the training file (an eighth of `records` talks), the validation file and the first test file."""
    seen: set[Row] = set()
    for part, share in PARTS.items():
        talks = [distinct(_talk, seen, order.seed, "mts_dialog", part, index) for index in range(order.share(share))]
        rows: list[tuple[str | int, ...]] = []
        for index, (header, note, dialogue) in enumerate(talks):
            rows.append((index, header, note, dialogue.replace("\n", "\r\n") if part == "TrainingSet" else dialogue))
        bad: list[tuple[str | int, ...]] = [(9998, "GENHX", "No dialogue"), (9999, "CC", "Five", "cells", "here")]
        found = scattered(rows, bad, FAULT_EVERY) if order.faults else rows
        content = table([("ID", "section_header", "section_text", "dialogue"), *found], ending="\r\n")
        yield TwinFile(f"Main-Dataset/MTS-Dialog-{part}.csv", content.encode())


def _talk(draw: Draw) -> Row:
    (drug, other), (symptom, sign) = draw.order(words.DRUGS)[:2], draw.order(words.SYMPTOMS)[:2]
    fill = {
        "drug": drug,
        "other": other,
        "symptom": symptom,
        "sign": sign,
        "condition": draw.pick(words.CONDITIONS),
        "relative": draw.pick(words.RELATIVES),
        "age": str(draw.between(19, 92)),
        "weeks": str(draw.between(2, 60)),
    }
    fill |= {words.sentence_case(key): words.sentence_case(value) for key, value in fill.items()}
    talk = draw.pick(TALKS)
    said = (turn.format_map(fill) for turn in talk.turns)
    lines = [f"{'Patient' if place % 2 else 'Doctor'}: {turn} " for place, turn in enumerate(said)]
    return talk.header, talk.note.format_map(fill), "\n".join(lines).rstrip()
