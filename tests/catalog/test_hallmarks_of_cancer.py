"""Hallmarks of Cancer: two files a record, labels behind "<", " AND" with and without a blank, NULL and nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from build_corpus import Builds, Built

HALLMARKS = {
    *("sustaining proliferative signaling", "evading growth suppressors", "resisting cell death"),
    *("enabling replicative immortality", "inducing angiogenesis", "activating invasion and metastasis"),
    *("genomic instability and mutation", "tumor promoting inflammation", "cellular energetics"),
    "avoiding immune destruction",
}
Sentence = tuple[str, list[str]]


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("hallmarks_of_cancer", request.param)


@pytest.fixture(scope="module")
def abstracts(built: Built) -> dict[str, list[Sentence]]:
    """Sentences with their hallmarks, once for each sub-label, by PMID."""
    found: dict[str, list[Sentence]] = {}
    for path in sorted((built.folder / "text").iterdir()):
        labels = (built.folder / "labels" / path.name).read_text().split("<")[1:]
        named = [
            [h for label in cell.split(" AND") for h in HALLMARKS if label.lower().strip().startswith(h)]
            for cell in labels
        ]
        found[path.stem] = list(zip(path.read_text().splitlines(), named, strict=True))
    return found


def test_sentences_have_the_labels_that_stand_in_their_place(
    built: Built, abstracts: dict[str, list[Sentence]]
) -> None:
    expected = [
        (text.strip(), ", ".join(dict.fromkeys(named)) + "." if named else "none.")
        for sentences in abstracts.values()
        for text, named in sentences
    ]
    assert built.pairs("x_hallmarks_of_cancer_sentence") == expected


def test_abstracts_have_the_labels_of_their_sentences(built: Built, abstracts: dict[str, list[Sentence]]) -> None:
    expected = {}
    for pmid, sentences in abstracts.items():
        named = dict.fromkeys(hallmark for _, names in sentences for hallmark in names)
        if named:
            expected[pmid] = (" ".join(text.strip() for text, _ in sentences), ", ".join(named) + ".")
    found = {row["subject"]: (row["input"], row["outputs"][0]) for row in built.task("task106")}
    assert found == expected
    assert len(found) < len(abstracts) or built.origin == "twin"


def test_trace_shows_a_sentence_with_its_label(built: Built, abstracts: dict[str, list[Sentence]]) -> None:
    row = next(row for row in built.task("x_hallmarks_of_cancer_sentence") if row["outputs"] != ["none."])
    (text,) = built.raw_texts(row)
    sentence, label = text.split("\n[labels] ")
    assert sentence.strip() == row["input"]
    assert label.lower().startswith(row["outputs"][0].split(",")[0].rstrip("."))


def test_counts(built: Built, abstracts: dict[str, list[Sentence]]) -> None:
    assert built.faults == built.rejected == []
    assert len(built.files) == 2 * len(abstracts)
    if built.origin == "real":
        counts = Counter(hallmark for sentences in abstracts.values() for _, named in sentences for hallmark in named)
        assert (len(abstracts), len(built.records("sentences")), len(built.task("task106"))) == (300, 2761, 293)
        assert set(counts) == HALLMARKS
        answers = Counter(h for _, a in built.pairs("x_hallmarks_of_cancer_sentence") for h in a[:-1].split(", "))
        assert answers["genomic instability and mutation"] == 170
