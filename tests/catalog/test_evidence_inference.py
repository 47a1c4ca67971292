"""Evidence Inference: line breaks in cells, two spellings of a label, annotators at odds, offsets into the articles."""

from __future__ import annotations

import html
import unicodedata
from collections import defaultdict
from itertools import dropwhile
from typing import NamedTuple

import pytest
from build_corpus import Builds, Built, real_folder
from plain import blanks_cut, csv_rows

from meds_pipeline.readers import Record, get_reader

FINDINGS = {"1": "significantly increased", "-1": "significantly decreased", "0": "no significant difference"}


class Judged(NamedTuple):
    """One prompt on whose label the accepted annotations agree."""

    article: str
    question: str
    finding: str
    evidence: list[str]
    spans: list[tuple[int, int]]


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("evidence_inference", request.param)


def nl(lines: list[str]) -> str:
    """Lines as one text."""
    return "\n".join(lines)


def unescaped(text: str) -> str:
    """Text without HTML's names of characters; its fixed blank is a blank."""
    return html.unescape(text.replace("&nbsp;", " "))


def trimmed(text: str) -> str:
    """The text without blanks of any kind around it; line breaks stay."""

    def blank(letter: str) -> bool:
        return unicodedata.category(letter) == "Zs"

    ahead = "".join(dropwhile(blank, text))
    return "".join(dropwhile(blank, ahead[::-1]))[::-1]


@pytest.fixture(scope="module")
def judged(built: Built) -> dict[str, Judged]:
    prompts = {row["PromptID"]: row for row in csv_rows(built.folder / "annotations/prompts_merged.csv")}
    accepted = defaultdict(list)
    for row in csv_rows(built.folder / "annotations/v2_annotations.csv"):
        if row["Valid Label"] == row["Valid Reasoning"] == "True":
            accepted[row["PromptID"]].append(row)
    found = {}
    for number, rows in accepted.items():
        if len({row["Label Code"] for row in rows}) == 1:
            prompt = prompts[number]
            asked = [f"{part}: {prompt[part].strip(' ')}" for part in ("Outcome", "Intervention", "Comparator")]
            question = unescaped(nl(asked))
            quotes = list(dict.fromkeys(trimmed(row["Annotations"]) for row in rows))
            spans = [(int(row["Evidence Start"]), int(row["Evidence End"])) for row in rows]
            found[number] = Judged(prompt["PMCID"], question, FINDINGS[rows[0]["Label Code"]], quotes, spans)
    return found


def test_findings_rest_on_the_accepted_evidence(built: Built, judged: dict[str, Judged]) -> None:
    found = {row["record_key"]: (row["input"], row["outputs"][0]) for row in built.task("x_evidence_inference_finding")}
    assert found == {
        number: (blanks_cut(f"{one.question}\nPassage: {unescaped(nl(one.evidence))}"), one.finding)
        for number, one in judged.items()
    }


def test_articles_are_asked_for_finding_and_words(built: Built, judged: dict[str, Judged]) -> None:
    texts = {path.stem[3:]: path.read_text() for path in (built.folder / "annotations/txt_files").iterdir()}
    asked = {number: one for number, one in judged.items() if one.article in texts}
    for task in ("x_evidence_inference_article", "x_evidence_inference_span"):
        assert {row["record_key"]: row["input"] for row in built.task(task)} == {
            number: blanks_cut(f"Report: {texts[one.article]}\n{one.question}") for number, one in asked.items()
        }
    assert {row["record_key"]: row["outputs"] for row in built.task("x_evidence_inference_span")} == {
        number: list(map(blanks_cut, dict.fromkeys(trimmed(texts[one.article][start:end]) for start, end in one.spans)))
        for number, one in asked.items()
    }
    assert {row["record_key"]: row["outputs"][0] for row in built.task("x_evidence_inference_article")} == {
        number: one.finding for number, one in asked.items()
    }


def test_articles_stay_in_upstreams_split(built: Built) -> None:
    lists = {
        part: set((built.folder / f"annotations/splits/{part}_article_ids.txt").read_text().split())
        for part in ("train", "validation", "test")
    }
    for row in built.task("x_evidence_inference_finding"):
        assert row["subject"] in lists[row["split"]]


def test_counts(built: Built, judged: dict[str, Judged]) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.count("annotations/prompts_merged.csv") == 12865
        assert built.count("annotations/v2_annotations.csv") == 4876
        assert len({row["PromptID"] for row in built.records("annotations")}) == 2444
        assert (len(built.records("articles")), len(judged)) == (30, 2382)
        assert len(built.task("x_evidence_inference_span")) == 79


def test_the_six_jats_articles_can_be_read_though_no_recipe_needs_them() -> None:
    columns = {"title": "VARCHAR"}
    options = {"record": "article", "columns": columns, "paths": {"title": ".//article-title"}}
    paths = sorted((real_folder("evidence_inference") / "annotations/xml_files").iterdir())
    assert len(paths) == 6
    for path in paths:
        with path.open("rb") as raw:
            (record,) = get_reader("xml").read(raw, **options)
        assert isinstance(record, Record)
        assert record.values[0]
