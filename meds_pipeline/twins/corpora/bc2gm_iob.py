"""Twin of BC2GM in its IOB form: sentences on invented genes and proteins.

Format as `bc5cdr_iob`, with the one type GENE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin
from meds_pipeline.twins.sentences import IobTwin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.twins.draw import Draw

STEMS = ("VEL", "QUOR", "TAZ", "MIB", "DORN", "PELK", "RUSK", "ZELT", "FARN", "KOB")
FORMS = ("{}{}", "{}{}", "{}-{}", "{} {}", "{}{} kinase", "{}{} protein", "{}{} receptor", "{}-{} promoter")
TEMPLATES = (
    "{g1} binds to {g2} in vitro.",
    "Mutations of {g1} were found in {n} {people} with {condition}.",
    "Expression of {g1} was induced by {drug}.",
    "{g1} phosphorylates {g2}, which then activates {g3}.",
    "We cloned the human {g1} gene and mapped it to chromosome {few}.",
    "Loss of {g1} raised the level of {g2} in mice.",
    "No change of {g1} was seen after {n} days of {drug}.",
    "The {g1} / {g2} complex was purified.",
    "{n} {people} took part in {a_design}.",
    "Treatment with {drug} improved {condition}.",
    "Blood was drawn after {few} hours.",
    "The mechanism is not known.",
)


@twin("bc2gm_iob")
def bc2gm_iob(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (an eighth of `records` sentences), devel and test (a twentieth each)."""
    return TWIN.files(order)


def _details(draw: Draw) -> dict[str, str]:
    stems = draw.order(STEMS)
    genes = [draw.pick(FORMS).format(stem, draw.between(1, 9)) for stem in stems[:3]]
    return {
        "g1": genes[0],
        "g2": genes[1],
        "g3": genes[2],
        "drug": draw.pick(words.DRUGS),
        "condition": draw.pick(words.CONDITIONS),
        "people": draw.pick(words.POPULATIONS),
        "a_design": words.article(draw.pick(words.DESIGNS)),
        "n": str(draw.between(2, 400)),
        "few": str(draw.between(2, 20)),
    }


TWIN = IobTwin(
    key="bc2gm",
    folder="data/BC2GM-IOB",
    parts={"train": 1 / 8, "devel": 1 / 20, "test": 1 / 20},
    templates=TEMPLATES,
    details=_details,
    entities={"g": "GENE"},
)
