"""BC5CDR as PubTator: whole abstracts, composite mentions, relations between identifiers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from build_corpus import Builds, Built


@dataclass
class Abstract:
    """One abstract as plain Python reads it."""

    text: str
    mentions: list[list[str]] = field(default_factory=list)
    relations: list[list[str]] = field(default_factory=list)

    def named(self, kind: str) -> list[str]:
        return list(dict.fromkeys(mention[3] for mention in self.mentions if mention[4] == kind))

    def name(self, identifier: str) -> str | None:
        return next((m[3] for m in self.mentions if identifier in m[5].split("|")), None)


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("bc5cdr_pubtator", request.param)


@pytest.fixture(scope="module")
def abstracts(built: Built) -> list[Abstract]:
    found = []
    for block in (built.folder / "CDR_sample.txt").read_text().strip("\n").split("\n\n"):
        title, abstract, *rows = block.split("\n")
        one = Abstract(f"{title.split('|t|', 1)[1]} {abstract.split('|a|', 1)[1]}")
        for cells in (row.split("\t") for row in rows):
            (one.relations if cells[1] == "CID" else one.mentions).append(cells)
        found.append(one)
    return found


def test_chemicals_and_diseases_are_listed_as_written(built: Built, abstracts: list[Abstract]) -> None:
    for task, kind in (("task126", "Chemical"), ("task127", "Disease")):
        assert built.pairs(task) == [(one.text, ", ".join(one.named(kind)) + ".") for one in abstracts]
    assert [row["outputs"] for row in built.task("task28")] == [one.named("Disease") for one in abstracts]


def test_relations_are_told_in_names_and_abstracts_where_they_cannot_be_are_left_out(
    built: Built, abstracts: list[Abstract]
) -> None:
    told = []
    for one in abstracts:
        pairs = [(one.name(chemical), one.name(disease)) for _, _, chemical, disease in one.relations]
        names = dict.fromkeys(f"{a} induces {b}".replace(", ", " ") for a, b in pairs)
        if not any(None in pair for pair in pairs):
            told.append((one.text, ", ".join(names) + "."))
    assert built.pairs("x_bc5cdr_induced_disease") == told
    assert len(told) < len(abstracts)


def test_a_composite_mention_names_all_its_diseases(built: Built) -> None:
    refs = [entity["refs"] for row in built.records("abstracts") for entity in row["entities"]]
    assert max(map(len, refs)) > 1


def test_counts(built: Built, abstracts: list[Abstract]) -> None:
    assert built.faults == built.rejected == []
    assert len(built.records("abstracts")) == len(abstracts)
    assert {row["subject"] for row in built.task("task126")} == {row["id"] for row in built.records("abstracts")}
    if built.origin == "real":
        assert len(abstracts) == 50
        assert sum(len(row["relations"]) for row in built.records("abstracts")) == 124
        answers = dict(built.pairs("x_bc5cdr_induced_disease"))
        assert next(a for text, a in answers.items() if text.startswith("Lidocaine-induced cardiac")) == (
            "Lidocaine induces cardiac asystole."
        )
