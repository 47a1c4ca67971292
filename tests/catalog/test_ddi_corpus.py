"""The DDI corpus as XML and as brat: inclusive offsets, entities in pieces, file names with blanks, empty files."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from build_corpus import Builds, Built
from lxml import etree
from plain import pointed_at

NONE = "There is no related entity."
TYPES = {"int": "unspecified"}
KINDS = {
    "drug": "generic drug",
    "brand": "brand name",
    "group": "drug group",
    "drug_n": "substance not for humans",
}


@pytest.fixture(scope="module", params=["twin", "real"])
def xml(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("ddi_corpus", request.param)


@pytest.fixture(scope="module", params=["twin", "real"])
def brat(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("ddi_corpus_brat", request.param)


@pytest.fixture(scope="module")
def nodes(xml: Built) -> list[etree._Element]:
    paths = sorted((xml.folder / "DDICorpus").rglob("*.xml"))
    return [node for path in paths for node in etree.parse(path).iter("sentence")]


def listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(name.replace(", ", " ") for name in names)) + "." if names else NONE


def interacting(node: etree._Element) -> list[tuple[str, etree._Element, etree._Element]]:
    entities = {entity.get("id"): entity for entity in node.iter("entity")}
    true = (pair for pair in node.iter("pair") if pair.get("ddi") == "true")
    return [(pair.get("type") or "", entities[pair.get("e1")], entities[pair.get("e2")]) for pair in true]


def span(entity: etree._Element) -> tuple[int, int]:
    """From the first letter of its first piece to behind the last letter of its last one."""
    offsets = re.findall(r"\d+", entity.get("charOffset") or "")
    return int(offsets[0]), int(offsets[-1]) + 1


def test_sentences_give_drugs_pairs_and_types(xml: Built, nodes: list[etree._Element]) -> None:
    drugs, pairs, types, kinds = [], [], [], []
    for node in nodes:
        text = (node.get("text") or "").strip(" \r\n")
        if text:
            drugs.append((text, listed([entity.get("text") or "" for entity in node.iter("entity")])))
        if node.find("pair") is not None:
            said = [f"{one.get('text')} with {other.get('text')}" for _, one, other in interacting(node)]
            pairs.append((text, listed(said)))
        for kind, one, other in interacting(node):
            marks = [(at, mark) for entity in (one, other) for at, mark in zip(span(entity), ("[[", "]]"), strict=True)]
            letters = list(text)
            for at, mark in sorted(marks, key=lambda mark: (mark[0], mark[1] == "[["), reverse=True):
                letters.insert(at, mark)
            asked = f"Text: {''.join(letters)}\nDrugs: {one.get('text')} and {other.get('text')}"
            types.append((asked, TYPES.get(kind, kind)))
        for entity in node.iter("entity"):
            kinds.append((pointed_at(text, *span(entity), 300), KINDS[entity.get("type") or ""]))
    assert Counter(xml.pairs("x_ddi_corpus_entities")) == Counter(drugs)
    assert Counter(xml.pairs("x_ddi_corpus_interactions")) == Counter(pairs)
    assert Counter(xml.pairs("x_ddi_corpus_type")) == Counter(types)
    assert Counter(xml.pairs("x_ddi_corpus_drug_type")) == Counter(kinds)


def test_a_question_on_two_drugs_has_one_answer(xml: Built) -> None:
    answers: dict[str, set[str]] = {}
    for asked, answer in xml.pairs("x_ddi_corpus_type"):
        assert asked.count("[[") == asked.count("]]") == 2
        answers.setdefault(asked, set()).add(answer)
    assert all(len(found) == 1 for found in answers.values())


def test_an_entity_in_pieces_keeps_both(xml: Built) -> None:
    pieces = [e for row in xml.records("sentences") for e in row["entities"] if len(e["spans"]) > 1]
    for row in xml.records("sentences"):
        for entity in row["entities"]:
            found = [row["text"][span["start"] : span["end"]] for span in entity["spans"]]
            assert "".join(" ".join(found).split()) == "".join(entity["text"].split())
    assert pieces


def test_documents_give_the_annotated_pairs(brat: Built) -> None:
    drugs, types = Counter[tuple[str, str]](), Counter[str]()
    for path in sorted((brat.folder / "DDICorpusBrat").rglob("*.txt")):
        lines = [line.split("\t") for line in Path(path).with_suffix(".ann").read_text().splitlines()]
        drugs[path.read_text(), listed([cells[2] for cells in lines if cells[0].startswith("T")])] += 1
        named = (cells[1].split()[0].lower() for cells in lines if cells[0].startswith("R"))
        types.update(TYPES.get(kind, kind) for kind in named)
    assert Counter(brat.pairs("x_ddi_corpus_entities")) == drugs
    assert Counter(answer for _, answer in brat.pairs("x_ddi_corpus_type")) == types


def test_counts_of_the_xml(xml: Built, nodes: list[etree._Element]) -> None:
    empty = sum(not (node.get("text") or "").strip() for node in nodes)
    assert (xml.faults, len(xml.rejected)) == ([], empty)
    assert {row["reason"] for row in xml.rejected} <= {"input is empty"}
    if xml.origin == "real":
        records = xml.records("sentences")
        relations = [relation for row in records for relation in row["relations"]]
        assert (len(xml.files), len(records), empty) == (250, 2239, 9)
        assert (len(relations), sum(r["type"] is not None for r in relations)) == (9465, 1222)
        assert sum(len(row["entities"]) for row in records) == 4548
        assert Counter(answer for _, answer in xml.pairs("x_ddi_corpus_type")) == {
            "effect": 554,
            "mechanism": 345,
            "advise": 267,
            "unspecified": 56,
        }
        assert len(xml.task("x_ddi_corpus_drug_type")) == 4548


def test_counts_of_brat(brat: Built) -> None:
    assert brat.faults == brat.rejected == []
    if brat.origin == "real":
        assert len(brat.records("documents")) == 120
        assert len(brat.task("x_ddi_corpus_type")) == 524
        assert [NONE for _, answer in brat.pairs("x_ddi_corpus_entities") if answer == NONE] == [NONE] * 9
