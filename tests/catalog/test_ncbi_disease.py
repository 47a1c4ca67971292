"""The NCBI Disease Corpus in three forms: one content, identifiers joined in two ways, a document that stands twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from build_corpus import Builds, Built, Row
from plain import mentions, pointed_at, sentences

FORMS = ("ncbi_disease", "ncbi_disease_standoff", "ncbi_disease_conll")
TYPES = {
    "SpecificDisease": "specific disease",
    "DiseaseClass": "disease class",
    "CompositeMention": "composite mention",
    "Modifier": "modifier",
}
SPLITS = {"train": "train", "devel": "validation", "test": "test"}
Mention = tuple[int, int, str, str, str]


@pytest.fixture(scope="module", params=["twin", "real"])
def forms(request: pytest.FixtureRequest, builds: Builds) -> dict[str, Built]:
    return {name: builds(name, request.param) for name in FORMS}


def pubtator(folder: Path) -> list[tuple[str, str, str, list[Mention]]]:
    """Part, number, text and mentions of every abstract."""
    found = []
    for part in sorted(SPLITS):
        (path,) = (folder / f"original-data/{part}").iterdir()
        for block in re.split(r"\n\n+", path.read_text().strip("\n")):
            title, abstract, *rows = block.split("\n")
            number, _, text = title.partition("|t|")
            cells = [row.split("\t") for row in rows]
            refs = [", ".join(re.split(r"[|+]", cell[5].strip())) for cell in cells]
            marks = [(int(c[1]), int(c[2]), c[3].strip(), c[4], ref) for c, ref in zip(cells, refs, strict=True)]
            found.append((part, number, f"{text} {abstract.partition('|a|')[2]}", marks))
    return found


def test_recipes_say_what_the_files_say(forms: dict[str, Built]) -> None:
    built = forms["ncbi_disease"]
    names, concepts, types = [], [], []
    for _, _, text, marks in pubtator(built.folder):
        said = list(dict.fromkeys(mark[2] for mark in marks))
        names.append((text.rstrip(), said))
        firsts: dict[str, tuple[str, str]] = {}
        for start, end, mention, kind, refs in marks:
            marked = pointed_at(text.rstrip(), start, end, 200)
            firsts.setdefault(mention, (marked, refs.removeprefix("MESH:")))
            types.append((marked, TYPES[kind]))
        concepts += firsts.values()
    assert [(row["input"], row["outputs"]) for row in built.task("task27")] == names
    listed = [(text, ", ".join(name.replace(", ", " ") for name in said) + ".") for text, said in names]
    assert built.pairs("x_ncbi_disease_entities") == listed
    assert sorted(built.pairs("x_ncbi_disease_concept")) == sorted(concepts)
    assert sorted(built.pairs("x_ncbi_disease_mention_type")) == sorted(types)


def test_standoff_gives_the_same_instances_as_pubtator(forms: dict[str, Built]) -> None:
    whole, standoff = forms["ncbi_disease"], forms["ncbi_disease_standoff"]
    there = {row["pmid"] for row in standoff.records("abstracts")}
    for task in ("task27", "x_ncbi_disease_entities", "x_ncbi_disease_concept", "x_ncbi_disease_mention_type"):
        assert contents(standoff, task, there) == contents(whole, task, there)


def contents(built: Built, task: str, numbers: set[str]) -> set[tuple[str, str, str]]:
    rows = (row for row in built.task(task) if row["subject"] in numbers)
    return {(row["subject"], row["input"], "|".join(row["outputs"])) for row in rows}


def test_sentences_list_their_diseases(forms: dict[str, Built]) -> None:
    built = forms["ncbi_disease_conll"]
    paths = sorted((built.folder / "conll").iterdir())
    expected = []
    for path in paths:
        for sentence in sentences(path):
            named = ", ".join(name.replace(" , ", " ") for name in mentions(sentence))
            answer = f"{named}." if named else "There is no related entity."
            expected.append((" ".join(token for token, _ in sentence), answer))
    found: list[Row] = built.task("x_ncbi_disease_entities")
    assert [(row["input"], row["outputs"][0]) for row in found] == expected
    assert {row["split"] for row in found} == {SPLITS[path.stem] for path in paths}


def test_counts(forms: dict[str, Built]) -> None:
    for built in forms.values():
        assert built.faults == built.rejected == []
    parts = [part for part, *_ in pubtator(forms["ncbi_disease"].folder)]
    assert forms["ncbi_disease"].splits("task27") == {
        split: parts.count(part) for part, split in sorted(SPLITS.items(), key=lambda pair: pair[1])
    }
    numbers = [row["id"] for row in forms["ncbi_disease"].records("abstracts")]
    assert len(numbers) == len(set(numbers)) + 1
    if forms["ncbi_disease"].origin == "real":
        assert len(numbers) == 793
        assert len(forms["ncbi_disease_standoff"].records("abstracts")) == 200
        assert forms["ncbi_disease_conll"].count("conll/devel.tsv") == 923
        assert forms["ncbi_disease_conll"].count("conll/test.tsv") == 940
        assert len(forms["ncbi_disease"].task("x_ncbi_disease_mention_type")) == 5145 + 787 + 960
