"""BC2GM: one gene of a sentence (task31), and all of them."""

from __future__ import annotations

import pytest
from build_corpus import BOTH, Builds, Built
from plain import mentions, sentences

NONE = "There is no related enetity."


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("bc2gm_iob", request.param)


@pytest.fixture(scope="module")
def expected(built: Built) -> list[tuple[str, list[str]]]:
    files = sorted((built.folder / "data/BC2GM-IOB").iterdir())
    read = [sentence for path in files for sentence in sentences(path)]
    return [(" ".join(token for token, _ in sentence), mentions(sentence)) for sentence in read]


def test_every_sentence_asks_for_all_genes(built: Built, expected: list[tuple[str, list[str]]]) -> None:
    wanted = [(text, ", ".join(genes) + "." if genes else NONE) for text, genes in expected]
    assert built.pairs("x_bc2gm_entities") == wanted


def test_sentences_with_a_gene_accept_any_of_them(built: Built, expected: list[tuple[str, list[str]]]) -> None:
    found = [(row["input"], row["outputs"]) for row in built.task("task31")]
    assert found == [(text, genes) for text, genes in expected if genes]


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.count("data/BC2GM-IOB/devel.tsv") == 2519
        assert built.count("data/BC2GM-IOB/test.tsv") == 5038
        assert built.splits("x_bc2gm_entities") == {"test": 5038, "validation": 2519}
        assert built.splits("task31") == {"test": 2570, "validation": 1292}
