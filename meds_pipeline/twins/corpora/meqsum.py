"""Twin of MeQSum: questions people send to a library, each with a one-sentence summary.

Format: one sheet `QS` with the columns File, CHQ, Summary. The summary follows from the question's intent and the drug
or condition it names; small talk around it is to be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.formats import xlsx
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx"
SHARE = 2 / 3
NEAR_COPY_EVERY = 50
FAULT_EVERY = 80


class Intent(NamedTuple):
    """What people ask: ways of asking, and the one way it is summed up."""

    asks: tuple[str, ...]
    summary: str


INTENTS = (
    Intent(
        (
            "Can {drug} cause {symptom}? What other side effects does it have?",
            "Is {symptom} a side effect of {drug}, and are there other side effects?",
        ),
        "What are the side effects of {drug}?",
    ),
    Intent(
        ("Who makes {drug}? My pharmacy cannot tell me.", "I need to know which company is the maker of {drug}."),
        "Who manufactures {drug}?",
    ),
    Intent(
        (
            "Is it safe to take {drug} together with {other}?",
            "My doctor added {other} to my {drug}. Do the two interact?",
        ),
        "What are the interactions between {drug} and {other}?",
    ),
    Intent(
        ("How many pills of {drug} may I take in a day?", "What is the right dose of {drug} and how often?"),
        "What is the recommended dosage of {drug}?",
    ),
    Intent(
        (
            "What can be done for {condition}? Is there a cure?",
            "Please send me anything on new treatment of {condition}.",
        ),
        "What are the treatments for {condition}?",
    ),
    Intent(
        ("Does {condition} run in families? Should we be tested?", "Is there a genetic test for {condition}?"),
        "Is {condition} inherited, and where can I get genetic testing?",
    ),
    Intent(
        ("What brings on {condition}? Nobody could tell me.", "Why does someone get {condition} at all?"),
        "What causes {condition}?",
    ),
    Intent(
        ("What may I eat with {condition}? Are there foods to avoid?", "I would like a diet plan for {condition}."),
        "What diet is recommended for {condition}?",
    ),
)
OPENINGS = (
    "My {relative} is {age} and has had {condition} for {years} years.",
    "I am {age} years old and was told last month that I have {condition}.",
    "Hello, I am writing for my {relative}, who has {condition} and {symptom}.",
    "I have {symptom} since I started {drug} for {condition}.",
    "I take {drug} every morning.",
    "My {relative} was given {drug} at the hospital {years} years ago.",
)
CLOSINGS = ("Thank you.", "Thanks for your help!", "Please answer soon.", "I live in [LOCATION].", "")
SUBJECTS = ("question", "{drug}", "{condition}", "need help", "please advise")


@twin("meqsum")
def meqsum(order: TwinOrder) -> Iterator[TwinFile]:
    """Write one workbook of two thirds of `records` questions."""
    seen: set[str] = set()
    rows = [_row(order.seed, index, seen) for index in range(order.share(SHARE))]
    for index in range(NEAR_COPY_EVERY - 1, len(rows), NEAR_COPY_EVERY):
        _, question, summary = rows[(index * 7 + 3) % (len(rows) // 2)]
        rows[index] = (rows[index][0], f"{question} Thank you for reading this, case {index + 1}.", summary)
    yield TwinFile(FILE, xlsx("QS", [("File", "CHQ", "Summary"), *(_with_faults(rows) if order.faults else rows)]))


def _row(seed: int, index: int, seen: set[str]) -> tuple[str, str, str]:
    """Draw question `index`, again where its text has occurred."""
    attempt = 0
    while True:
        draw = Draw(seed, "meqsum", index, attempt)
        question, summary = _question(draw)
        if question not in seen:
            seen.add(question)
            name = f"1-{130_000_000 + index}.xml.txt" if draw.chance(0.5) else f"{10_000 + index}.txt"
            return name, question, summary
        attempt += 1


def _question(draw: Draw) -> tuple[str, str]:
    drug, other = draw.order(words.DRUGS)[:2]
    fill = {
        "drug": drug,
        "other": other,
        "condition": draw.pick(words.CONDITIONS),
        "symptom": draw.pick(words.SYMPTOMS),
        "relative": draw.pick(words.RELATIVES),
        "age": str(draw.between(24, 86)),
        "years": str(draw.between(2, 19)),
    }
    intent = draw.pick(INTENTS)
    parts = (draw.pick(OPENINGS), draw.pick(intent.asks), draw.pick(CLOSINGS))
    text = " ".join(part for part in parts if part).format_map(fill)
    subject = draw.pick(SUBJECTS).format_map(fill)
    message = f"SUBJECT: {subject}\nMESSAGE: {text}" if draw.chance(0.7) else f"{subject}\n{text}"
    return message, intent.summary.format_map(fill)


def _with_faults(rows: list[tuple[str, str, str]]) -> Iterator[tuple[str | float | None, ...]]:
    """Put a malformed row after every eightieth good one: no summary, no question, a number for a question."""
    kinds: tuple[tuple[str | float | None, str | float | None], ...] = (
        ("What is this for?", None),
        (None, "What is this for?"),
        (12.5, "What is this for?"),
    )
    for place, row in enumerate(rows):
        yield row
        if place % FAULT_EVERY == FAULT_EVERY - 1:
            yield (f"{place}x.txt", *kinds[place // FAULT_EVERY % len(kinds)])
