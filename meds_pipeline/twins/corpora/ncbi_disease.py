"""Twins of the three forms of the NCBI Disease Corpus: the same abstracts as PubTator, as brat and as IOB sentences.

Hazards of upstream's files are kept: a blank line in front, identifiers joined by `|` or `+` or with a blank before
them, a mention with stray blanks, one document that is there twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.twins import words
from meds_pipeline.twins.annotated import Name, Passage, brat_mentions, filled, joined, pubtator, tokens
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.formats import iob, scattered
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "ncbi_disease"
PARTS = {"train": 1 / 12, "devel": 1 / 40, "test": 1 / 30}
FILE_NAMES = {"train": "train", "devel": "develop", "test": "test"}
FIRST = {"train": 92_000_001, "devel": 92_300_001, "test": 92_600_001}
FAULT_EVERY = 20
TITLES = (
    "Mutations of {gene} in families with {d1}.",
    "A gene for {d1} maps to chromosome {few}.",
    "{d1} and {d2}: linkage to {gene}.",
)
SENTENCES = (
    "{d1} is caused by mutations of {gene}.",
    "We studied {n} {m1} patients.",
    "The {m2} locus lies close to {gene}.",
    "{Both} were found in {n} families.",
    "Several {class} map to chromosome {few}.",
    "No mutation was seen in {people} without {d2}.",
    "{gene} is expressed in many tissues.",
    "These findings may help in counseling.",
)
CLASSES = ("inherited disorders", "neoplasms", "metabolic diseases")


@dataclass(frozen=True, slots=True)
class Document:
    """One abstract by sentences; the first is the title."""

    number: str
    sentences: tuple[Passage, ...]


@twin("ncbi_disease")
def ncbi_disease(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (a twelfth of `records` abstracts and one of them again), develop and test as PubTator."""
    bad = ["92999991|t|T.\n92999991|a|A.\n92999991\t90\t95\tfever\tModifier\tD900001\n\n", "92999992|t|Alone.\n\n"]
    for part in PARTS:
        documents = list(_documents(order, part))
        texts = [_pubtator(document) for document in documents + (documents[:1] if part == "train" else [])]
        body = "".join(scattered(texts, bad, FAULT_EVERY) if order.faults else texts)
        yield TwinFile(f"original-data/{part}/NCBI{FILE_NAMES[part]}set_corpus.txt", f"\n{body}".encode())


@twin("ncbi_disease_standoff", FOLDER)
def ncbi_disease_standoff(order: TwinOrder) -> Iterator[TwinFile]:
    """Write a text and an annotation file for each abstract."""
    for part in PARTS:
        for document in _documents(order, part):
            text = joined([document.sentences[0], joined(document.sentences[1:], " ")], "\n")
            yield TwinFile(f"standoff/{part}/{document.number}.txt", f"{text.text} \n".encode())
            yield TwinFile(f"standoff/{part}/{document.number}.ann", "".join(_brat(text)).encode())
        if order.faults:
            yield TwinFile(f"standoff/{part}/92999991.txt", b"A title.\nToo short. \n")
            yield TwinFile(f"standoff/{part}/92999991.ann", b"T1\tModifier 90 94\taway\n")


@twin("ncbi_disease_conll", FOLDER)
def ncbi_disease_conll(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the sentences of each part with the one type Disease."""
    for part in PARTS:
        sentences = [list(tokens(s, "Disease")) for document in _documents(order, part) for s in document.sentences]
        fault = b"A line without a tab\n\n" if order.faults else b""
        yield TwinFile(f"conll/{part}.tsv", iob(sentences) + fault)


def _documents(order: TwinOrder, part: str) -> Iterator[Document]:
    for index in range(order.share(PARTS[part])):
        draw = Draw(order.seed, "ncbi_disease", part, index)
        fill = _details(draw)
        chosen = [draw.pick(TITLES), *draw.order(SENTENCES)[:5]]
        yield Document(str(FIRST[part] + index), tuple(filled(template, fill) for template in chosen))


def _details(draw: Draw) -> dict[str, str | Name]:
    found = draw.order(range(len(words.CONDITIONS)))
    names, refs = [words.CONDITIONS[i] for i in found], [_ref(i) for i in found]
    kind = draw.below(len(CLASSES))
    return {
        "d1": Name(names[0], "SpecificDisease", (refs[0],)),
        "d2": Name(names[1], "SpecificDisease", (refs[1],)),
        "m1": Name(names[2], "Modifier", (refs[2],)),
        "m2": Name(names[0], "Modifier", (refs[0],)),
        "Both": Name(f"{names[3]} or {names[4]}", "CompositeMention", (refs[3], refs[4])),
        "class": Name(CLASSES[kind], "DiseaseClass", (f"D94000{kind}",)),
        "gene": f"{draw.pick(('VEL', 'QUOR', 'TAZ', 'DORN'))}{draw.between(1, 9)}",
        "people": draw.pick(words.POPULATIONS),
        "n": str(draw.between(2, 90)),
        "few": str(draw.between(1, 22)),
    }


def _ref(index: int) -> str:
    return f"OMIM:9{index:05}" if index % 7 == 0 else f"D9{index:05}"


def _pubtator(document: Document) -> str:
    title, abstract = document.sentences[0], joined(document.sentences[1:], " ")
    whole = title + Passage(" ", ()) + abstract
    rows = []
    for place, mention in enumerate(whole.mentions):
        name = mention.name
        joint, blank = ("+" if place % 2 else "|"), " " if place % 11 == 5 else ""
        text = f"{name.text}  " if document.number.endswith("07") and place == 0 else name.text
        rows.append((str(mention.start), str(mention.end), text, name.kind, blank + joint.join(name.refs)))
    return pubtator(document.number, title, abstract, rows)


def _brat(text: Passage) -> Iterator[str]:
    for place, (line, mention) in enumerate(zip(brat_mentions(text.mentions), text.mentions, strict=True), 1):
        refs = "+".join(mention.name.refs)
        yield line
        yield f"N{place}\tReference T{place} {refs if refs.startswith('OMIM') else f'MeSH:{refs}'}\n"
