"""Twins of CasiMedicos-Arg: exam cases on drug classes in English and Spanish, unpacked and as upstream's .tar.gz.

Format: a token, a blank and a tag a line, a blank line behind each sentence; in Spanish a third column on tagged tokens
and a blank at the end of the others. A case begins at QUESTION TYPE. Options a case does not have read "nan", and a
sentence of a case may begin like an option ("5-10 minutes").
"""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.exams import DrugClass, draw_question
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"train": 1 / 15, "dev": 1 / 60, "test": 1 / 60}
FIELDS = ("CARDIOLOGY", "PHARMACOLOGY", "HEMATOLOGY", "GENETICS AND IMMUNOLOGY")
FOUR_OPTIONS_EVERY, TRAP_EVERY, FAULT_EVERY = 5, 6, 10


class Sentence(NamedTuple):
    """One sentence and what it is: Premise, Claim or nothing."""

    text: str
    kind: str | None = None


class Wording(NamedTuple):
    """How a case is told in one language."""

    case: str
    premise: str
    trap: str
    question: str
    right: str
    why: str


WORDINGS = {
    "EN": Wording(
        "A {age}-year-old {sex} comes with {condition}.",
        "The blood pressure is {n} mmHg.",
        "5-10 minutes later the pulse is {few}.",
        "Which of these drugs is a {kind}?",
        "The right answer is {number}.",
        "The name ends in {ending}, as those of its class do.",
    ),
    "ES": Wording(
        "Paciente de {age} años, {sexo}, acude por {condition}.",
        "La presión arterial es de {n} mmHg.",
        "5-10 minutos después el pulso es de {few}.",
        "¿Cuál de estos fármacos es un {kind}?",
        "La respuesta correcta es la {number}.",
        "El nombre termina en {ending}, como los de su clase.",
    ),
}


@twin("casimedicos_arg")
def casimedicos_arg(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (a fifteenth of `records` cases), dev and test (a sixtieth each) in both languages."""
    for language in WORDINGS:
        for part, share in PARTS.items():
            cases = [_render(_case(order.seed, part, i, language), language) for i in range(order.share(share))]
            if order.faults:
                cases.insert(FAULT_EVERY, "QUESTION O\nTYPE: O\n\nA line that is no IOB\nword\n\n")
            yield TwinFile(f"casimedicos-arg/{language}/{part}.tsv", "".join(cases).encode())


@twin("casimedicos_arg_archive")
def casimedicos_arg_archive(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the same files as one archive; it is not compressed, since other zlibs compress otherwise."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in casimedicos_arg(order):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    yield TwinFile("casimedicos-arg.tar.gz", gzip.compress(out.getvalue(), compresslevel=0, mtime=0))


def _case(seed: int, part: str, index: int, language: str) -> Iterator[Sentence]:
    """One case; the languages draw alike, so they are translations of each other."""
    draw = Draw(seed, "casimedicos", part, index)
    wording = WORDINGS[language]
    question = draw_question(draw, 4 if index % FOUR_OPTIONS_EVERY == FOUR_OPTIONS_EVERY - 1 else 5)
    kind, right = question.classes[0], question.right[0] + 1
    fill = _details(draw, kind, language) | {"number": right}
    yield Sentence(f"QUESTION TYPE: {draw.pick(FIELDS)}")
    yield Sentence("CLINICAL CASE:")
    yield Sentence(wording.case.format_map(fill), "Premise")
    if index % TRAP_EVERY == TRAP_EVERY - 1:
        yield Sentence(wording.trap.format_map(fill))
    yield Sentence(wording.premise.format_map(fill), "Premise")
    yield Sentence(wording.question.format_map(fill))
    options = [*question.options, *(["nan"] * (5 - len(question.options)))]
    for place, option in enumerate(options, 1):
        if option == "nan":
            yield Sentence(f"{place}- {option}")
        else:
            yield Sentence(f"{place}- {words.sentence_case(option)}", "Claim")
    yield Sentence(f"CORRECT ANSWER: {right}")
    yield Sentence(wording.right.format_map(fill), "Claim")
    yield Sentence(wording.why.format_map(fill), "Premise")


def _details(draw: Draw, kind: DrugClass, language: str) -> dict[str, object]:
    woman = draw.chance(0.5)
    return {
        "age": draw.between(19, 88),
        "sex": "woman" if woman else "man",
        "sexo": "mujer" if woman else "varón",
        "condition": draw.pick(words.CONDITIONS),
        "n": draw.between(95, 180),
        "few": draw.between(55, 130),
        "kind": kind.en if language == "EN" else kind.es,
        "ending": kind.ending,
    }


def _render(sentences: Iterator[Sentence], language: str) -> str:
    return "".join(f"{''.join(_lines(sentence, language))}\n" for sentence in sentences)


def _lines(sentence: Sentence, language: str) -> Iterator[str]:
    begun = False
    for token in sentence.text.split(" "):
        # The number of an option is no part of the claim it makes.
        inside = sentence.kind is not None and not (token[:-1].isdigit() and token.endswith("-"))
        tag = f"{'I' if begun else 'B'}-{sentence.kind}" if inside else "O"
        begun = begun or inside
        third = "" if language == "EN" else " HighQuality" if inside else " "
        yield f"{token} {tag}{third}\n"
