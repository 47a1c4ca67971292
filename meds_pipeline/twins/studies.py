"""Invented clinical studies: a question, an abstract in sections, the finding and its conclusion.

The finding (yes, no, maybe) decides the wording of results and conclusion and nothing else, and each wording carries a
cue of its own ("significantly lower", "did not differ", "inconclusive"), so that a reader, or a small model, can tell
the finding from the results, and cannot from the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from meds_pipeline.twins import words

if TYPE_CHECKING:
    from meds_pipeline.twins.draw import Draw

Finding = Literal["yes", "no", "maybe"]

QUESTIONS = (
    "Does {arm} reduce {outcome} in {people} with {condition}?",
    "Is {arm} effective in lowering {outcome} among {people} with {condition}?",
    "Can {arm} decrease {outcome} in {people} treated for {condition}?",
    "{Condition} in {people}: does {arm} reduce {outcome}?",
    "Is {arm} associated with reduced {outcome} in {people} with {condition}?",
    "Should {arm} be used to reduce {outcome} in {people} with {condition}?",
)
AIMS = (
    "To determine whether {arm} reduces {outcome} in {people} with {condition}.",
    "The aim of this study was to find out whether {arm} lowers {outcome} in {people} with {condition}.",
    "We aimed to assess the effect of {arm} on {outcome} among {people} with {condition}.",
    "Our objective was to compare {arm} with {control} for {outcome} in {condition}.",
)
BACKGROUNDS = (
    "{Condition} is common in {people}, and {outcome} remains a burden despite standard care.",
    "Among {people} with {condition}, {outcome} is frequent and costly, and options are few.",
    "Evidence on {arm} in {condition} is sparse, although {outcome} is a frequent problem of {people}.",
    "{Outcome} is a known complication of {condition}, and {arm} has been proposed for {people}.",
)
METHODS = (
    "In {a_design}, {n} {people} with {condition} received {arm} or {control} for {weeks} weeks.",
    "{A_design} followed {n} {people} given {arm} and matched controls given {control} over {weeks} weeks.",
    "We assigned {n} {people} to {arm} or {control} and recorded {outcome} for {weeks} weeks.",
    "{n} {people} with {condition} took part in {a_design} of {arm} against {control}.",
)
RESULTS: dict[Finding, tuple[str, ...]] = {
    "yes": (
        "{Outcome} was significantly lower with {arm} than with {control} ({few}% versus {many}%, P = 0.00{digit}).",
        "Compared with {control}, {arm} significantly reduced {outcome} from {many}% to {few}%.",
        "There was a marked reduction in {outcome} with {arm} ({few}% against {many}% with {control}).",
        "{Outcome} clearly improved with {arm}, and the benefit persisted at {weeks} weeks ({few}% versus {many}%).",
        "The odds of {outcome} were halved with {arm}, a strong benefit over {control} (P = 0.00{digit}).",
    ),
    "no": (
        "{Outcome} did not differ between {arm} and {control} ({many}% versus {same}%, P = 0.{p}).",
        "There was no difference in {outcome} between {arm} and {control} ({many}% versus {same}%).",
        "{Outcome} was similar in both groups ({many}% with {arm}, {same}% with {control}).",
        "{Arm} had no effect on {outcome}, which was unchanged at {weeks} weeks (P = 0.{p}).",
        "{Arm} failed to reduce {outcome} ({many}% versus {same}% with {control}, P = 0.{p}).",
    ),
    "maybe": (
        "A change in {outcome} was seen only in {subgroup}, and the overall result was inconclusive.",
        "{Outcome} tended to be lower with {arm}, but the result was imprecise ({few}% versus {many}%, P = 0.0{near}).",
        "Findings for {outcome} were mixed: better with {arm} at first, worse at {weeks} weeks.",
        "The trend in {outcome} was borderline (P = 0.0{near}) and depended on the analysis chosen.",
        "Results were conflicting, with less {outcome} under {arm} in {subgroup} only.",
    ),
}
CONCLUSIONS: dict[Finding, tuple[str, ...]] = {
    "yes": (
        "{Arm} reduces {outcome} in {people} with {condition} and can be considered in routine care.",
        "In {people} with {condition}, {arm} lowers {outcome} and is better than {control}.",
        "{Arm} is an effective way to reduce {outcome} in {people} with {condition}.",
    ),
    "no": (
        "{Arm} does not reduce {outcome} in {people} with {condition}, and its use for this purpose is not supported.",
        "In {people} with {condition}, {arm} is no better than {control} and does not lower {outcome}.",
        "Our data do not support {arm} to reduce {outcome} in {people} with {condition}.",
    ),
    "maybe": (
        "Whether {arm} reduces {outcome} in {people} with {condition} is uncertain, and larger studies are needed.",
        "{Arm} may reduce {outcome} in some {people} with {condition}, but the evidence is not firm.",
        "It is unclear whether {arm} lowers {outcome} in {people} with {condition}.",
    ),
}
AIM_LABELS = ("OBJECTIVE", "OBJECTIVE", "OBJECTIVES", "AIM", "AIMS")
METHODS_LABELS = ("METHODS", "METHODS", "METHODS", "STUDY DESIGN", "PATIENTS AND METHODS")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an abstract under upstream's label, for example METHODS."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Study:
    """One invented study.

    Attributes:
        question: A closed question, about twelve words.
        sections: Two or three parts without the conclusion, about fifty words in all.
        finding: What the results say to the question.
        conclusion: One sentence that answers the question in words.
        terms: Subject headings.
        year: Year of publication.
    """

    question: str
    sections: tuple[Section, ...]
    finding: Finding
    conclusion: str
    terms: tuple[str, ...]
    year: int


def draw_study(draw: Draw, finding: Finding, *, aim: bool) -> Study:
    """Draw a study with the given finding.

    Args:
        draw: Stream of choices.
        finding: What its results say.
        aim: Whether it opens with its aim (label OBJECTIVE, AIM or a plural) or with background.
    """
    fill = _details(draw)

    def say(templates: tuple[str, ...]) -> str:
        return draw.pick(templates).format_map(fill)

    opening = Section(draw.pick(AIM_LABELS), say(AIMS)) if aim else Section("BACKGROUND", say(BACKGROUNDS))
    methods = Section(draw.pick(METHODS_LABELS), words.sentence_case(say(METHODS)))
    results = Section("RESULTS", say(RESULTS[finding]))
    return Study(
        question=say(QUESTIONS),
        # Every tenth abstract goes without methods, as some real ones do.
        sections=(opening, results) if draw.chance(0.1) else (opening, methods, results),
        finding=finding,
        conclusion=say(CONCLUSIONS[finding]),
        terms=("Humans", fill["Condition"], fill["Arm"], draw.pick(("Female", "Male", "Aged", "Adult"))),
        year=draw.between(1998, 2023),
    )


def _details(draw: Draw) -> dict[str, str]:
    """Draw the facts of one study; a capitalised key holds the same words for the start of a sentence."""
    drug = draw.chance(0.75)
    many = draw.between(24, 48)
    design = words.article(draw.pick(words.DESIGNS))
    fill = {
        "arm": draw.pick(words.DRUGS if drug else words.INTERVENTIONS),
        "control": draw.pick(("placebo", "placebo", "standard care")) if drug else "usual care",
        "outcome": draw.pick(words.OUTCOMES),
        "people": draw.pick(words.POPULATIONS),
        "condition": draw.pick(words.CONDITIONS),
        "subgroup": draw.pick(words.SUBGROUPS),
        "a_design": design,
        "n": str(draw.between(40, 480)),
        "weeks": str(draw.between(4, 52)),
        "few": str(many - draw.between(9, 17)),
        "many": str(many),
        "same": str(many + draw.between(-1, 1)),
        "digit": str(draw.between(1, 9)),
        "near": str(draw.between(5, 9)),
        "p": str(draw.between(31, 94)),
    }
    return fill | {words.sentence_case(key): words.sentence_case(value) for key, value in fill.items()}
