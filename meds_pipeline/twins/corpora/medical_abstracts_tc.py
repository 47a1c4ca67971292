"""Twin of the Medical Abstracts corpus: abstracts whose condition decides their class.

Format: a CSV of class names and one CSV a part with class number and abstract. As upstream, an abstract of two classes
is two rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins.draw import Draw, distinct
from meds_pipeline.twins.formats import scattered, table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin
from meds_pipeline.twins.studies import Finding, Study, draw_study

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"train": 1 / 8, "test": 1 / 16}
TWICE_EVERY = 20
FAULT_EVERY = 25
NAMES = (
    (1, "neoplasms"),
    (2, "digestive system diseases"),
    (3, "nervous system diseases"),
    (4, "cardiovascular diseases"),
    (5, "general pathological conditions"),
)
CLASS_WORDS = {
    1: ("lymphoma", "leukemia", "cancer", "melanoma"),
    2: ("hepatitis", "cirrhosis", "pancreatitis", "colitis", "celiac"),
    3: ("migraine", "epilepsy", "sclerosis", "depression", "schizophrenia", "insomnia"),
    4: ("hypertension", "fibrillation", "heart", "stroke", "angina"),
}
GENERAL = 5
FINDINGS: tuple[Finding, ...] = ("yes", "no", "maybe")


@twin("medical_abstracts_tc")
def medical_abstracts_tc(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the class names, train (an eighth of `records` abstracts) and test (a sixteenth)."""
    yield TwinFile("medical_tc_labels.csv", table([("condition_label", "condition_name"), *NAMES]).encode())
    seen: set[Study] = set()
    for part, share in PARTS.items():
        rows: list[tuple[str | int, ...]] = []
        for index in range(order.share(share)):
            study = distinct(_study, seen, order.seed, "medical_abstracts", part, index)
            label, text = _label(study.terms[1]), _text(study)
            rows.append((label, text))
            if index % TWICE_EVERY == TWICE_EVERY - 1 and label != GENERAL:
                rows.append((GENERAL, text))
        bad: list[tuple[str | int, ...]] = [("many", "A class that is no number."), (1, "Three cells", "in this row")]
        found = scattered(rows, bad, FAULT_EVERY) if order.faults else rows
        yield TwinFile(f"medical_tc_{part}.csv", table([("condition_label", "medical_abstract"), *found]).encode())


def _study(draw: Draw) -> Study:
    return draw_study(draw, draw.pick(FINDINGS), aim=draw.chance(0.5))


def _label(condition: str) -> int:
    named = (label for label, stems in CLASS_WORDS.items() if any(stem in condition.lower() for stem in stems))
    return next(named, GENERAL)


def _text(study: Study) -> str:
    """Title, sections and conclusion in one line, with the blank that upstream leaves at the end."""
    return " ".join([study.question, *(section.text for section in study.sections), study.conclusion, ""])
