"""BC5CDR as IOB: every task against a few lines of plain Python over upstream's sentences."""

from __future__ import annotations

import re

import pytest
from build_corpus import BOTH, Builds, Built
from plain import sentences

NOTHING = "There is no related enetity."
SPLITS = {"devel": "validation", "test": "test", "train": "train"}
Sentence = list[tuple[str, str]]


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("bc5cdr_iob", request.param)


@pytest.fixture(scope="module")
def parts(built: Built) -> dict[str, list[Sentence]]:
    folder = built.folder / "data/BC5CDR-IOB"
    return {path.stem: sentences(path) for path in sorted(folder.glob("*.tsv"))}


def named(sentence: Sentence, kind: str) -> list[str]:
    """Distinct entities of a kind in order, cut out of the tag string: B, then every I that follows it."""
    tokens = [token for token, _ in sentence]
    marks = "".join(tag[0] if tag.endswith(kind) else "O" for _, tag in sentence)
    return list(dict.fromkeys(" ".join(tokens[m.start() : m.end()]) for m in re.finditer("BI*", marks)))


def text(sentence: Sentence) -> str:
    return " ".join(token for token, _ in sentence)


@pytest.mark.parametrize(("task", "kind"), [("task126", "Chemical"), ("task127", "Disease")])
def test_entities_are_listed_once_each_or_the_sentinel(
    built: Built, parts: dict[str, list[Sentence]], task: str, kind: str
) -> None:
    expected = [
        (text(sentence), ", ".join(found) + "." if (found := named(sentence, kind)) else NOTHING)
        for part in parts.values()
        for sentence in part
    ]
    assert built.pairs(task) == expected
    assert NOTHING in {answer for _, answer in expected}


def test_any_disease_of_a_sentence_answers_task28(built: Built, parts: dict[str, list[Sentence]]) -> None:
    expected = [
        (text(sentence), named(sentence, "Disease"))
        for part in parts.values()
        for sentence in part
        if named(sentence, "Disease")
    ]
    assert [(row["input"], row["outputs"]) for row in built.task("task28")] == expected
    assert max(len(outputs) for _, outputs in expected) > 1
    assert all(output in sentence for sentence, outputs in expected for output in outputs)


def test_upstreams_files_are_the_splits(built: Built, parts: dict[str, list[Sentence]]) -> None:
    assert built.faults == built.rejected == []
    sizes = {SPLITS[part]: len(found) for part, found in parts.items()}
    assert built.splits("task126") == built.splits("task127") == sizes
    if built.origin == "real":
        assert sizes == {"test": 4797, "validation": 4581}
        assert len(built.task("task126")) == len(built.task("task127")) == 9378


def test_sources_resolve_to_the_sentences_lines(built: Built, parts: dict[str, list[Sentence]]) -> None:
    lines = ["\n".join("\t".join(row) for row in sentence) for part in parts.values() for sentence in part]
    rows = built.task("task126")
    for place in range(0, len(rows), max(1, len(rows) // 50)):
        (raw,) = built.raw_texts(rows[place])
        assert raw.strip() == lines[place]
