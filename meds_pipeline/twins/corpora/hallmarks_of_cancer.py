"""Twin of Hallmarks of Cancer: abstracts whose sentences show hallmarks by their wording.

Format: one tokenized sentence a line in text/<pmid>.txt; in labels/<pmid>.txt one line with the labels of each sentence
behind a "<", several joined by " AND" with or without a blank behind it, and nothing, a blank or NULL where there are
none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 12
FIRST = 94_000_001
HALLMARKS = (
    ("Sustaining proliferative signaling--Cell cycle", "{drug} kept the cells dividing by growth signals"),
    ("Sustaining proliferative signaling--Receptors", "growth factor receptors were active throughout"),
    ("Evading growth suppressors--By evading contact inhibition", "cells no longer stopped growing on contact"),
    ("Resisting cell death--Apoptosis", "{drug} protected the cells from apoptosis"),
    ("Enabling replicative immortality--Senescence", "cells escaped senescence and divided without end"),
    ("Inducing angiogenesis", "new blood vessels grew into the tumor"),
    ("Activating invasion and metastasis--Metastasis", "cells spread to the lung and formed metastases"),
    ("Genomic instability and mutation--Mutation", "mutations and strand breaks piled up in the genome"),
    ("Tumor promoting inflammation--Inflammation--", "chronic inflammation fed the tumor"),
    ("Cellular energetics--Glycolysis/Warburg effect", "the cells switched to glycolysis"),
    ("Avoiding immune destruction--Immune response", "T cells did not recognize the tumor"),
)
PLAIN = (
    "We studied {n} {people} with {condition} .",
    "Cells were cultured for {n} hours with {drug} .",
    "Little is known about {condition} in {people} .",
    "Further studies are needed ( Fig . {few} ) .",
)


@twin("hallmarks_of_cancer")
def hallmarks_of_cancer(order: TwinOrder) -> Iterator[TwinFile]:
    """Write a text and a label file for each of a twelfth of `records` abstracts."""
    for index in range(order.share(SHARE)):
        draw = Draw(order.seed, "hallmarks", index)
        sentences = [_sentence(draw) for _ in range(draw.between(4, 7))]
        if index % 25 != 24:  # a few abstracts have no hallmark at all
            sentences[draw.below(len(sentences))] = _shown(draw, draw.order(HALLMARKS)[: draw.between(1, 2)])
        labels = "<".join(["", *(label for _, label in sentences)])
        yield TwinFile(f"text/{FIRST + index}.txt", "".join(f"{text}\n" for text, _ in sentences).encode())
        yield TwinFile(f"labels/{FIRST + index}.txt", labels.encode())
    if order.faults:
        yield TwinFile("text/94999991.txt", b"One sentence with two labels .\n")
        yield TwinFile("labels/94999991.txt", b"< < ")


def _sentence(draw: Draw) -> tuple[str, str]:
    if draw.chance(0.3):
        return _shown(draw, [draw.pick(HALLMARKS)])
    return _filled(draw, draw.pick(PLAIN)), draw.pick((" ", " ", "", "NULL"))


def _shown(draw: Draw, hallmarks: list[tuple[str, str]]) -> tuple[str, str]:
    text = _filled(draw, f"We found that {' and that '.join(cue for _, cue in hallmarks)} .")
    return text, draw.pick((" AND", " AND ")).join(label for label, _ in hallmarks) + draw.pick(("", " "))


def _filled(draw: Draw, template: str) -> str:
    return template.format(
        drug=draw.pick(words.DRUGS),
        people=draw.pick(words.POPULATIONS),
        condition=draw.pick(words.CONDITIONS),
        n=draw.between(2, 300),
        few=draw.between(1, 9),
    )
