"""Twin of PriMock57: short consultations as two TextGrid files, and the note the doctor wrote.

Format: Praat's long text form, as Praat writes it or with tabs and CR LF as most of upstream's; silences are intervals
without text, turns of the two sides overlap in time, marks of the transcribers stand in the text. Notes are JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 20
VISITS_A_DAY = 12
TALK = (
    ("doctor", "Hello, <UNSURE>this is the</UNSURE> surgery. How can I help you?"),
    ("patient", "Hi. {complaint}."),
    ("doctor", "Sorry to hear that. <UNIN/> How long has it been going on?"),
    ("patient", "About {days} days, and I have {symptom} as well."),
    ("patient", "<UNIN/>"),
    ("doctor", "Do you have any illnesses? Do you take anything?"),
    ("patient", 'I have {condition}, they call it "{condition}". I take {drug}.'),
    ("doctor", "Right. I think we should try {other}. <INAUDIBLE_SPEECH/>"),
    ("patient", "Okay, thank you. Bye."),
)
COMPLAINTS = ("I have {main}", "It's {main} that worries me", "{main} won't go away")
NOTE = (
    "{days}/7 hx of {main}. Also {symptom}. \n\nPMH: {condition}\nDH: {drug}\n\n"
    "Imp: probably {diagnosis}\n\nPlan: {other}. Review in 2 weeks. \n"
)


@dataclass(slots=True)
class Tier:
    """What one side says: start, end and text of its turns."""

    turns: list[tuple[float, float, str]] = field(default_factory=list)


@twin("primock57")
def primock57(order: TwinOrder) -> Iterator[TwinFile]:
    """Write a twentieth of `records` consultations."""
    for index in range(order.share(SHARE)):
        day, number = divmod(index, VISITS_A_DAY)
        visit = f"day{day + 1}_consultation{number + 1:02}"
        draw = Draw(order.seed, "primock57", index)
        fill = _details(draw)
        complaint = draw.pick(COMPLAINTS).format_map(fill)
        highlights = [fill["main"], fill["condition"], fill["drug"]] if index % 7 else [""]
        note = {
            "day": day + 1,
            "consultation": number + 1,
            "presenting_complaint": complaint,
            "note": NOTE.format_map(fill),
            "highlights": highlights,
        }
        tiers = _tiers(draw, fill | {"complaint": complaint})
        yield TwinFile(f"notes/{visit}.json", json.dumps(note).encode())
        for speaker, tier in tiers.items():
            text = _text_grid(tier, speaker, plain=index % 3 == 0)
            yield TwinFile(f"transcripts/{visit}_{speaker}.TextGrid", text.encode())
    if order.faults:
        yield TwinFile("notes/day9_consultation99.json", b'{"day": 9, "consultation": 99, "note": "It breaks off')


def _details(draw: Draw) -> dict[str, str]:
    main, symptom = draw.order(words.SYMPTOMS)[:2]
    drug, other = draw.order(words.DRUGS)[:2]
    condition, diagnosis = draw.order(words.CONDITIONS)[:2]
    fill = {"main": main, "symptom": symptom, "drug": drug, "other": other}
    return fill | {"condition": condition, "diagnosis": diagnosis, "days": str(draw.between(2, 9))}


def _tiers(draw: Draw, fill: dict[str, str]) -> dict[str, Tier]:
    tiers = {"doctor": Tier(), "patient": Tier()}
    clock = 1.0
    for speaker, text in TALK:
        length = draw.between(10, 60) / 10
        tiers[speaker].turns.append((round(clock, 2), round(clock + length, 2), text.format_map(fill)))
        clock += length - (0.3 if draw.chance(0.2) and speaker == "doctor" else -0.2)
    return tiers


def _text_grid(tier: Tier, speaker: str, *, plain: bool) -> str:
    intervals, clock = [], 0.0
    for start, end, text in tier.turns:
        intervals += [(clock, start, ""), (start, end, text)]
        clock = end
    name, indent, blank = (words.sentence_case(speaker), "    ", " ") if plain else ("Speaker", "\t", "")
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", f"xmin = 0{blank}", f"xmax = {clock}{blank}"]
    lines += ["tiers? <exists> ", f"size = 1{blank}", "item []: ", f"{indent}item [1]:"]
    head = ['class = "IntervalTier"', f'name = "{name}"', "xmin = 0", f"xmax = {clock}"]
    lines += [f"{indent * 2}{line}{blank}" for line in [*head, f"intervals: size = {len(intervals)}"]]
    for place, (start, end, text) in enumerate(intervals, 1):
        quoted = text.replace('"', '""')
        lines.append(f"{indent * 2}intervals [{place}]:")
        lines += [f"{indent * 3}{line}{blank}" for line in (f"xmin = {start}", f"xmax = {end}", f'text = "{quoted}"')]
    ending = "\n" if plain else "\r\n"
    return "".join(f"{line}{ending}" for line in lines)
