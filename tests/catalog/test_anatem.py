"""AnatEM: every sentence with its anatomical entities, upstream's files as splits."""

from __future__ import annotations

import pytest
from build_corpus import BOTH, Builds, Built
from plain import mentions, sentences

NONE = "There is no related enetity."


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("anatem_iob", request.param)


def test_every_sentence_asks_for_its_entities(built: Built) -> None:
    expected = []
    for path in sorted((built.folder / "data/AnatEM-IOB").iterdir()):
        for sentence in sentences(path):
            found = mentions(sentence)
            text = " ".join(token for token, _ in sentence)
            expected.append((text, ", ".join(found) + "." if found else NONE))
    assert built.pairs("x_anatem_entities") == expected
    assert built.faults == built.rejected == []


def test_upstreams_files_are_the_splits(built: Built) -> None:
    splits = built.splits("x_anatem_entities")
    if built.origin == "twin":
        assert splits == {"test": 30, "train": 75, "validation": 30}
    else:
        assert splits == {"test": 3830, "validation": 2118}
        assert built.count("data/AnatEM-IOB/devel.tsv") == 2118
        assert built.count("data/AnatEM-IOB/test.tsv") == 3830


def test_sentences_without_entity_have_the_sentinel(built: Built) -> None:
    if built.origin == "real":
        answers = [answer for _, answer in built.pairs("x_anatem_entities")]
        assert answers.count(NONE) == 996 + 1522
        assert sum(answer.endswith(".") for answer in answers) == len(answers)
