"""Twin of BC5CDR in its IOB form: sentences on drugs and the diseases they treat or cause.

Format: `token<TAB>tag`, tags IOB2 over Chemical and Disease, a blank line after each sentence, no document boundaries;
punctuation and hyphens are tokens of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin
from meds_pipeline.twins.sentences import IobTwin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.twins.draw import Draw

# Slots c1, c2 become chemicals, d1, d2 diseases, e1 a disease that a drug may cause; the others are plain words.
TEMPLATES = (
    "{c1} caused {e1} in {n} {people}.",
    "{Severity} {e1} developed after {weeks} days of {c1}.",
    "We report {a_man} with {d1} who received {c1} and had {e1}.",
    "{c1} was more effective than {c2} in {people} with {d1}.",
    "Treatment with {c1} reduced {d1} but led to {e1}.",
    "{People} on {c1} and {c2} had no {e1}.",
    "The risk of {e1} rose with the dose of {c1} ({n} mg daily).",
    "{c1}-induced {e1} is rare in {people} with {d1}.",
    "After {c1} was stopped, the {e1} resolved within {weeks} days.",
    "Both {c1} and {c2} prevented {e1} in rats.",
    "{People} with {d1} or {d2} were enrolled in {a_design}.",
    "{d1} was the most frequent reason for admission ({n} cases).",
    "There is {severity} concern about {e1} in {people}.",
    "Plasma levels of {c1} were measured after {weeks} hours.",
    "{c1} or {c2} was given at {n} mg for {weeks} weeks.",
    "The half-life of {c1} was {weeks} hours in {people}.",
    "{People} were followed for {weeks} months in {a_design}.",
    "These findings need to be confirmed in a larger group of {people}.",
    "Blood pressure was recorded {weeks} times in {n} {people}.",
    "CONCLUSIONS: {c1} should be used with care in {people} with {d1}.",
)
CHEMICAL_FORMS = ("{}", "{}", "{}", "{}", "{} sodium", "{} hydrochloride")
EFFECT_FORMS = ("{}", "{}", "{}", "acute {}", "chronic {}", "recurrent {}")


@twin("bc5cdr_iob")
def bc5cdr_iob(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (one and a half times `records` sentences), devel and test (half of it each)."""
    return TWIN.files(order)


def _details(draw: Draw) -> dict[str, str]:
    chemicals, diseases = draw.order(words.DRUGS), draw.order(words.CONDITIONS)
    people, severity = draw.pick(words.POPULATIONS), draw.pick(("mild", "severe", "serious", "marked"))
    return {
        "c1": draw.pick(CHEMICAL_FORMS).format(chemicals[0]),
        "c2": chemicals[1],
        "d1": diseases[0],
        "d2": diseases[1],
        "e1": draw.pick(EFFECT_FORMS).format(draw.pick(words.ADVERSE_EFFECTS)),
        "people": people,
        "People": words.sentence_case(people),
        "severity": severity,
        "Severity": words.sentence_case(severity),
        "a_man": f"a {draw.between(20, 79)}-year-old {draw.pick(('man', 'woman'))}",
        "a_design": words.article(draw.pick(words.DESIGNS)),
        "n": str(draw.between(2, 300)),
        "weeks": str(draw.between(2, 30)),
    }


TWIN = IobTwin(
    key="bc5cdr",
    folder="data/BC5CDR-IOB",
    parts={"train": 1.5, "devel": 0.5, "test": 0.5},
    templates=TEMPLATES,
    details=_details,
    entities={"c": "Chemical", "d": "Disease", "e": "Disease"},
)
