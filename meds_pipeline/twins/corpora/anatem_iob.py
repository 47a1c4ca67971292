"""Twin of AnatEM in its IOB form: sentences on organs, tissues, cells and tumors.

Format as `bc5cdr_iob`, with the one type Anatomy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin
from meds_pipeline.twins.sentences import IobTwin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.twins.draw import Draw

ORGANS = ("liver", "left kidney", "spleen", "lungs", "pancreas", "thyroid gland", "heart", "brain", "colon", "bladder")
TISSUES = ("skeletal muscle", "bone marrow", "gastric mucosa", "white matter", "aortic wall", "synovial membrane")
CELLS = ("hepatocytes", "T cells", "macrophages", "tumor cells", "beta cells", "mast cells", "motor neurons")
PARTS = ("mitochondria", "cell membrane", "cytoplasm", "nuclei", "axons", "basement membrane")
SAMPLES = ("serum", "plasma", "urine", "whole blood", "saliva")
TEMPLATES = (
    "Expression was highest in the {o1} and low in the {o2}.",
    "{c1} and {c2} were isolated from the {o1} of treated mice.",
    "Levels of {drug} in {s1} fell within {n} hours.",
    "The {p1} of {c1} showed swelling after {drug}.",
    "Biopsies of the {t1} contained many {c1}.",
    "{n} samples of {s1} and {s2} were stored for {n} days.",
    "Damage to the {t1} preceded failure of the {o1}.",
    "Staining of the {p1} was seen in {c1} but not in {c2}.",
    "A mass in the {o1} had spread to the {o2}.",
    "Figure {n}",
    "{n} {people} were enrolled in {a_design}.",
    "These results were confirmed by a second experiment.",
    "{drug} was given for {n} days.",
    "Methods have been described elsewhere [{n}].",
)


@twin("anatem_iob")
def anatem_iob(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (an eighth of `records` sentences), devel and test (a twentieth each)."""
    return TWIN.files(order)


def _details(draw: Draw) -> dict[str, str]:
    organs, cells, samples = draw.order(ORGANS), draw.order(CELLS), draw.order(SAMPLES)
    return {
        "o1": organs[0],
        "o2": organs[1],
        "t1": draw.pick(TISSUES),
        "c1": cells[0],
        "c2": cells[1],
        "p1": draw.pick(PARTS),
        "s1": samples[0],
        "s2": samples[1],
        "drug": draw.pick(words.DRUGS),
        "people": draw.pick(words.POPULATIONS),
        "a_design": words.article(draw.pick(words.DESIGNS)),
        "n": str(draw.between(2, 400)),
    }


TWIN = IobTwin(
    key="anatem",
    folder="data/AnatEM-IOB",
    parts={"train": 1 / 8, "devel": 1 / 20, "test": 1 / 20},
    templates=TEMPLATES,
    details=_details,
    entities=dict.fromkeys("otcps", "Anatomy"),
)
