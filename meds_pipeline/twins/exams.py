"""Invented exam questions in three languages: which drug belongs to a class, told by the ending of its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words

if TYPE_CHECKING:
    from meds_pipeline.twins.draw import Draw

LETTERS = "ABCDE"


class DrugClass(NamedTuple):
    """Drugs of one ending: their ATC main group and what they are called in three languages."""

    ending: str
    atc: str
    en: str
    fr: str
    es: str

    @property
    def a_drug(self) -> str:
        """The English name with its article."""
        return f"{'an' if self.en[0] in 'aeioA' else 'a'} {self.en}"


CLASSES = (
    DrugClass("april", "C", "ACE inhibitor", "inhibiteur de l'enzyme de conversion", "inhibidor de la ECA"),
    DrugClass("olol", "C", "beta blocker", "bêtabloquant", "betabloqueante"),
    DrugClass("sartan", "C", "angiotensin blocker", "antagoniste de l'angiotensine", "antagonista de la angiotensina"),
    DrugClass("statin", "C", "lipid-lowering drug", "hypolipémiant", "hipolipemiante"),
    DrugClass("prazole", "A", "acid blocker", "inhibiteur de la pompe à protons", "inhibidor de la bomba de protones"),
    DrugClass("gliptin", "A", "glucose-lowering drug", "antidiabétique oral", "antidiabético oral"),
    DrugClass("cillin", "J", "penicillin", "antibiotique de type pénicilline", "antibiótico betalactámico"),
    DrugClass("floxacin", "J", "quinolone", "antibiotique de type quinolone", "antibiótico quinolónico"),
    DrugClass("vir", "J", "antiviral", "antiviral", "antivírico"),
    DrugClass("tinib", "L", "kinase inhibitor", "inhibiteur de kinase", "inhibidor de quinasas"),
    DrugClass("profen", "M", "pain reliever", "antalgique", "analgésico"),
    DrugClass("oxetine", "N", "antidepressant", "antidépresseur", "antidepresivo"),
    DrugClass("azepam", "N", "sedative", "sédatif", "sedante"),
    DrugClass("lukast", "R", "asthma drug", "antiasthmatique", "antiasmático"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        classes: The classes asked for; the right options are those of one of them.
        options: Drug names in order.
        right: Places of the right ones, ascending.
    """

    classes: tuple[DrugClass, ...]
    options: tuple[str, ...]
    right: tuple[int, ...]

    def lettered(self) -> dict[str, str]:
        """Options by capital letter."""
        return dict(zip(LETTERS, self.options, strict=False))


def draw_question(draw: Draw, options: int, right: int = 1) -> Question:
    """Draw a question with `right` right ones (five at most) among `options` options (five at most)."""
    classes = tuple(draw.order(CLASSES)[: (right + 1) // 2])
    fitting = [drug for drug in draw.order(words.DRUGS) if drug.endswith(tuple(kind.ending for kind in classes))]
    # Each class asked for gives its first drug before any gives its second.
    firsts = [next(drug for drug in fitting if drug.endswith(kind.ending)) for kind in classes]
    chosen = [*firsts, *(drug for drug in fitting if drug not in firsts)][:right]
    others = [drug for drug in draw.order(words.DRUGS) if drug not in fitting][: options - right]
    shown = draw.order([*chosen, *others])
    return Question(classes, tuple(shown), tuple(place for place, drug in enumerate(shown) if drug in chosen))
