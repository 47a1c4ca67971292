"""PubMedQA: every task against a few lines of plain Python over upstream's JSON."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

import pytest
from build_corpus import BOTH, Builds, Built
from plain import json_records

AIM = re.compile(r"OBJECTIVE|\bAIMS?\b|PURPOSE|\bGOALS?\b")


@dataclass(frozen=True)
class Paper:
    """One record as upstream has it."""

    pmid: str
    question: str
    context: str
    answer: str
    decision: str
    has_aim: bool
    held_out: bool


def papers_of(built: Built, name: str) -> list[Paper]:
    path = built.folder / "data" / name
    if not path.is_file():
        return []
    held_out = set(json_records(built.folder / "data/test_ground_truth.json"))
    return [
        Paper(
            pmid,
            record["QUESTION"],
            "\n".join(record["CONTEXTS"]),
            record["LONG_ANSWER"],
            record["final_decision"],
            any(AIM.search(label.upper()) for label in record["LABELS"]),
            pmid in held_out,
        )
        for pmid, record in json_records(path).items()
    ]


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("pubmedqa", request.param)


@pytest.fixture(scope="module")
def experts(built: Built) -> list[Paper]:
    return papers_of(built, "ori_pqal.json")


@pytest.fixture(scope="module")
def artificial(built: Built) -> list[Paper]:
    return papers_of(built, "ori_pqaa.json")


def test_question_answer_and_aim_tasks_have_the_experts_papers(built: Built, experts: list[Paper]) -> None:
    assert built.pairs("task11") == [(f"Context: {p.context}\nAnswer: {p.answer}", p.question) for p in experts]
    assert built.pairs("task13") == [(f"Passage: {p.context}", p.question) for p in experts]
    assert built.pairs("task14") == [(f"Passage: {p.context}", "1" if p.has_aim else "0") for p in experts]
    assert built.pairs("task15") == [(f"Question: {p.question}\nContext: {p.context}", p.answer) for p in experts]


def test_the_decision_tasks_part_by_upstreams_test_ids(
    built: Built, experts: list[Paper], artificial: list[Paper]
) -> None:
    def asked(papers: list[Paper]) -> list[tuple[str, str]]:
        return [(f"Context: {p.context}\nQuestion: {p.question}", p.decision) for p in papers]

    assert built.pairs("task123") == asked([p for p in experts if p.held_out])
    assert built.pairs("task124") == asked([p for p in experts if not p.held_out] + artificial)


def test_half_of_the_answers_are_another_papers_and_only_those_are_no(built: Built, experts: list[Paper]) -> None:
    expected: dict[str, tuple[str, str]] = {}
    for held_out in (False, True):
        part = [p for p in experts if p.held_out == held_out]
        part.sort(key=lambda p: (hashlib.md5(p.pmid.encode(), usedforsecurity=False).hexdigest(), p.pmid))
        for place, (paper, other) in enumerate(zip(part, part[1:] + part[:1], strict=True), 1):
            right = place % 2 == 0
            answer = paper.answer if right else other.answer
            expected[paper.pmid] = (f"Question: {paper.question}\nAnswer: {answer}", "yes" if right else "no")
    assert {row["record_key"]: (row["input"], row["outputs"][0]) for row in built.task("task12")} == expected
    own = {p.pmid: p.answer for p in experts}
    for row in built.task("task12"):
        matches = row["input"].endswith(f"\nAnswer: {own[row['record_key']]}")
        assert matches == (row["outputs"] == ["yes"])


def test_a_mismatched_pair_never_crosses_the_splits(built: Built, experts: list[Paper]) -> None:
    sides = {(p.answer, p.held_out) for p in experts}  # a twin's near copies share their answer
    for row in built.task("task12"):
        assert (row["input"].partition("\nAnswer: ")[2], row["split"] == "test") in sides


def test_sources_are_the_paper_its_test_id_and_the_paper_the_answer_is_from(built: Built) -> None:
    for row in [*built.task("task13")[:40], *built.task("task12")[:40]]:
        paths = [source["path"] for source in built.sources[row["instance_id"]]]
        papers = 2 if row["task_id"] == "task12" and row["outputs"] == ["no"] else 1
        assert paths.count("data/ori_pqal.json") == papers
        assert paths.count("data/test_ground_truth.json") == (papers if row["split"] == "test" else 0)


def test_sources_resolve_to_the_record_itself(built: Built) -> None:
    upstream = json_records(built.folder / "data/ori_pqal.json")
    for row in built.task("task15")[:: max(1, len(built.task("task15")) // 20)]:
        text = built.raw_texts(row)[0]
        value = json.loads(text if text.startswith("{") else text.partition(":")[2])
        assert value == upstream[row["record_key"]]


def test_splits_and_subjects(built: Built, experts: list[Paper], artificial: list[Paper]) -> None:
    assert built.faults == built.rejected == []
    split = {p.pmid: "test" if p.held_out else "train" for p in [*experts, *artificial]}
    for task_id in ("task11", "task12", "task13", "task14", "task15", "task123", "task124"):
        for row in built.task(task_id):
            assert row["subject"] == row["record_key"]
            assert row["split"] == split[row["subject"]]


def test_counts(built: Built) -> None:
    counts = {task: len(built.task(task)) for task in ("task11", "task12", "task13", "task14", "task15")}
    if built.origin == "real":
        assert set(counts.values()) == {1000}
        assert built.splits("task12") == {"test": 500, "train": 500}
        assert (len(built.task("task123")), len(built.task("task124"))) == (500, 500)
        answers = [row["outputs"][0] for row in built.task("task123")]
        assert {label: answers.count(label) for label in ("yes", "no", "maybe")} == {"yes": 276, "no": 169, "maybe": 55}
    else:
        assert set(counts.values()) == {600}
        assert (len(built.task("task123")), len(built.task("task124"))) == (300, 1500)
