"""MedQuAD: a document and its questions from one file, answers that were taken out, runs of blanks and line breaks."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from build_corpus import Builds, Built
from lxml import etree


class Asked(NamedTuple):
    """One question."""

    key: str
    focus: str
    kind: str
    question: str
    answer: str
    concepts: list[str]


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("medquad", request.param)


@pytest.fixture(scope="module")
def documents(built: Built) -> dict[str, etree._Element]:
    paths = sorted(built.folder.glob("*/*.xml"))
    return {f"{path.parent.name}/{path.stem}": etree.parse(path).getroot() for path in paths}


@pytest.fixture(scope="module")
def asked(documents: dict[str, etree._Element]) -> list[Asked]:
    found = []
    for key, root in documents.items():
        focus = tidy(root.findtext("Focus"))
        for pair in root.iter("QAPair"):
            question = pair.find("Question")
            assert question is not None
            number, kind = question.get("qid") or "", question.get("qtype") or ""
            text, answer = tidy(question.text), tidy(pair.findtext("Answer"))
            concepts = sorted(node.text or "" for node in root.iter("CUI"))
            found.append(Asked(f"{key.split('/')[0]}/{number}", focus, kind, text, answer, concepts))
    return found


def tidy(text: str | None) -> str:
    lines = (" ".join(re.split(r"[ \t\xa0]+", line)).strip() for line in (text or "").split("\n"))
    return "\n".join(line for line in lines if line).strip()


def test_questions_with_an_answer_give_both(built: Built, asked: list[Asked]) -> None:
    found = {row["record_key"]: (row["input"], row["outputs"][0]) for row in built.task("task103")}
    assert found == {one.key: (one.question, one.answer) for one in asked if one.answer}
    assert not any("  " in text for pair in found.values() for text in pair)


def test_answers_that_were_taken_out_are_listed(built: Built, asked: list[Asked]) -> None:
    gone = [one.key for one in asked if not one.answer]
    assert sorted(row["record_key"] for row in built.rejected) == sorted(gone)
    assert {key.split("/")[0] for key in gone} == {"10_MPlus_ADAM_QA"}
    assert built.faults == []


def test_questions_have_a_type_and_documents_synonyms(
    built: Built, asked: list[Asked], documents: dict[str, etree._Element]
) -> None:
    assert {row["record_key"]: (row["input"], row["outputs"][0]) for row in built.task("x_medquad_question_type")} == {
        one.key: (one.question, one.kind) for one in asked
    }
    named = {key: [tidy(node.text) for node in root.iter("Synonym")] for key, root in documents.items()}
    assert {row["record_key"]: row["outputs"] for row in built.task("x_medquad_synonym")} == {
        key: list(dict.fromkeys(names)) for key, names in named.items() if names
    }


def test_one_topic_is_one_subject_in_all_collections(built: Built, asked: list[Asked]) -> None:
    subjects = {row["record_key"]: row["subject"] for row in built.task("x_medquad_question_type")}
    by_topic: dict[str, set[str]] = {}
    by_concept: dict[str, set[str]] = {}
    for one in asked:
        by_topic.setdefault(one.focus.lower(), set()).add(subjects[one.key])
        if one.concepts:
            by_concept.setdefault(one.concepts[0], set()).add(subjects[one.key])
        else:
            assert subjects[one.key] in {one.focus.lower(), *(c for other in asked for c in other.concepts)}
    assert all(len(found) == 1 for found in by_topic.values())
    assert all(concept in found or len(found) == 1 for concept, found in by_concept.items())


def test_a_pair_is_traced_to_itself_not_to_its_document(built: Built) -> None:
    row = built.task("task103")[0]
    (text,) = built.raw_texts(row)
    assert text.startswith("<QAPair")
    assert text.count("<Question") == 1


def test_counts(built: Built, asked: list[Asked], documents: dict[str, etree._Element]) -> None:
    assert (len(built.records("pairs")), len(built.records("documents"))) == (len(asked), len(documents))
    if built.origin == "real":
        assert (len(documents), len(asked), len(built.task("task103")), len(built.rejected)) == (617, 1818, 1592, 226)
