"""Twins of the two forms of the DDI corpus: the same documents as XML by sentence and as brat by document.

As upstream, offsets of the XML are inclusive at both ends, an entity may stand in two pieces, file names hold blanks,
MEDLINE sentences end in a carriage return, some sentences and some annotation files are empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import quoteattr

from meds_pipeline.twins import words
from meds_pipeline.twins.annotated import Mention, Name, Passage, filled, joined
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"Train": 1 / 15, "Test": 1 / 40}
FAULT_EVERY = 10


class Statement(NamedTuple):
    """A sentence, the type of interaction it states and the places of the two drugs among its mentions."""

    text: str
    kind: str | None = None
    pair: tuple[int, int] = (0, 1)


STATEMENTS = (
    Statement("{a} raises the plasma level of {b} by {n} percent.", "mechanism"),
    Statement("{b} slows the clearance of {a}.", "mechanism"),
    Statement("Taking {a} with {b} may cause {effect}.", "effect"),
    Statement("{effect} was seen when {b} was added to {a} and {c}.", "effect"),
    Statement("{a} should not be given together with {b}.", "advise"),
    Statement("The dose of {b} should be halved in people on {a}, not in those on {c}.", "advise"),
    Statement("{a} interacts with {b}.", "int"),
    Statement("{a} had no effect on {b}."),
    Statement("{a} was given once a day."),
    Statement("{Group} and {b} were not studied."),
    Statement("There is no report so far."),
    Statement(""),
)


@dataclass(frozen=True, slots=True)
class Document:
    """One document: where it is filed, and its sentences with what each states."""

    part: str
    database: str
    name: str
    sentences: tuple[tuple[Passage, Statement], ...]


@twin("ddi_corpus")
def ddi_corpus(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (a fifteenth of `records` documents) and test as XML."""
    for number, document in enumerate(_documents(order)):
        mark = f"DDI-{document.database}.d{number}"
        ending = "&#xd;&#xa;" if document.database == "MedLine" else ""
        body = [_sentence(f"{mark}.s{place}", *one, ending) for place, one in enumerate(document.sentences)]
        if order.faults and number % FAULT_EVERY == FAULT_EVERY - 1:
            body.append('    <sentence id="x" text="Too short">\n        <entity id="x.e0" charOffset="4-99"\n')
            body.append('            type="drug" text="short"/>\n    </sentence>\n')
        head = f'<?xml version="1.0" encoding="UTF-8"?>\n<document id="{mark}">\n'
        path = f"DDICorpus/{document.part}/{document.database}/{document.name}.xml"
        yield TwinFile(path, f"{head}{''.join(body)}</document>\n".encode())


@twin("ddi_corpus_brat", "ddi_corpus")
def ddi_corpus_brat(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the same documents as text and annotation files."""
    yield TwinFile("DDICorpusBrat/annotation.conf", b"[entities]\n\nDRUG\nBRAND\nGROUP\nDRUG_N\n")
    for document in _documents(order):
        stated = [one for one in document.sentences if one[0].text]
        text = joined([passage for passage, _ in stated], " ")
        lines = [_brat_line(place, mention) for place, mention in enumerate(text.mentions, 1)]
        done = 0
        for passage, statement in stated:
            if statement.kind:
                one, other = (done + place + 1 for place in statement.pair)
                count = sum(line.startswith("R") for line in lines) + 1
                lines.append(f"R{count}\t{statement.kind.upper()} Arg1:T{one} Arg2:T{other}\n")
            done += len(passage.mentions)
        path = f"DDICorpusBrat/{document.part}/{document.database}/{document.name}"
        yield TwinFile(f"{path}.txt", text.text.encode())
        yield TwinFile(f"{path}.ann", "".join(lines).encode())
    if order.faults:
        yield TwinFile("DDICorpusBrat/Train/MedLine/93999991.txt", b"Veltapril interacts with itself.")
        yield TwinFile("DDICorpusBrat/Train/MedLine/93999991.ann", b"R1\tEFFECT Arg1:T1 Arg2:T98\n")


def _brat_line(place: int, mention: Mention) -> str:
    spans, text = _pieces(mention)
    return f"T{place}\t{mention.name.kind.upper()} {';'.join(f'{start} {end}' for start, end in spans)}\t{text}\n"


def _pieces(mention: Mention) -> tuple[list[tuple[int, int]], str]:
    """Spans and text of a mention: of a name with parts only its first and its last word."""
    text, start = mention.name.text, mention.start
    if not mention.name.parts:
        return [(start, mention.end)], text
    first, last = text.index(" "), text.rindex(" ") + 1
    return [(start, start + first), (start + last, mention.end)], f"{text[:first]} {text[last:]}"


def _documents(order: TwinOrder) -> Iterator[Document]:
    for part, share in PARTS.items():
        for index in range(order.share(share)):
            draw = Draw(order.seed, "ddi_corpus", part, index)
            fill = _details(draw)
            # The first sentence states an interaction, so that no document is without.
            chosen = dict.fromkeys([draw.pick(STATEMENTS[:7]), *draw.order(STATEMENTS)[:3]])
            sentences = tuple((filled(one.text, fill), one) for one in chosen)
            drug = str(fill["plain"])
            number = index + (500 if part == "Test" else 0)
            if index % 3 == 2:
                yield Document(part, "MedLine", str(93_000_001 + number), sentences)
            else:
                yield Document(part, "DrugBank", f"{words.sentence_case(drug)} acid {number}_ddi", sentences)


def _details(draw: Draw) -> dict[str, str | Name]:
    drugs = draw.order(words.DRUGS)
    brand = Name(drugs[1].upper(), "brand")
    return {
        "a": Name(drugs[0], "drug"),
        "b": draw.pick((brand, Name(drugs[1], "drug"), Name(f"{drugs[1]} derivatives", "group"))),
        "c": Name(drugs[2], "drug_n"),
        "Group": Name(f"{drugs[3]} and {drugs[4]} derivatives", "group", parts=("and",)),
        "plain": drugs[0],
        "effect": draw.pick(words.ADVERSE_EFFECTS),
        "n": str(draw.between(10, 90)),
    }


def _sentence(mark: str, passage: Passage, statement: Statement, ending: str) -> str:
    lines = [f'    <sentence id="{mark}" text={quoteattr(passage.text)[:-1]}{ending}">']
    for place, mention in enumerate(passage.mentions):
        spans, text = _pieces(mention)
        offsets = ";".join(f"{start}-{end - 1}" for start, end in spans)
        lines.append(f'        <entity id="{mark}.e{place}" charOffset="{offsets}"')
        lines.append(f'            type="{mention.name.kind}" text={quoteattr(text)}/>')
    count = len(passage.mentions)
    pairs = [(one, other) for one in range(count) for other in range(one + 1, count)]
    for place, (one, other) in enumerate(pairs):
        stated = f'"true" type="{statement.kind}"' if statement.kind and (one, other) == statement.pair else '"false"'
        lines.append(f'        <pair id="{mark}.p{place}" e1="{mark}.e{one}"')
        lines.append(f'            e2="{mark}.e{other}" ddi={stated}/>')
    return "\n".join([*lines, "    </sentence>\n"])
