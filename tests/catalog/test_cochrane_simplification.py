"""Cochrane simplification: three parallel files, versions of one review, a toy folder that is left alone."""

from __future__ import annotations

import pytest
from build_corpus import Builds, Built

SPLITS = {"train": "train", "val": "validation", "test": "test"}


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("cochrane_simplification", request.param)


@pytest.fixture(scope="module")
def reviews(built: Built) -> list[tuple[str, str, str, str]]:
    """Split, abstract, summary and DOI of every review, line by line."""
    found = []
    for part in sorted(SPLITS):
        files = [built.folder / f"data/data-1024/{part}.{kind}" for kind in ("source", "target", "doi")]
        if files[0].exists():
            columns = [file.read_text().removesuffix("\n").split("\n") for file in files]
            found += [(SPLITS[part], *(cell.strip() for cell in line)) for line in zip(*columns, strict=True)]
    return [(split, abstract, summary, doi) for split, abstract, summary, doi in found]


def test_each_abstract_stands_beside_its_summary(built: Built, reviews: list[tuple[str, str, str, str]]) -> None:
    found = built.task("x_cochrane_simplification")
    assert [(row["split"], row["input"], row["outputs"][0], row["record_key"]) for row in found] == reviews


def test_both_sides_are_told_apart(built: Built, reviews: list[tuple[str, str, str, str]]) -> None:
    sides = [(abstract, "experts") for _, abstract, _, _ in reviews]
    sides += [(summary, "general public") for _, _, summary, _ in reviews]
    assert sorted(built.pairs("x_cochrane_audience")) == sorted(sides)


def test_versions_of_a_review_are_one_subject(built: Built) -> None:
    for row in built.task("x_cochrane_simplification"):
        assert row["subject"] == row["record_key"].split(".pub")[0]
        assert ".CD" in row["subject"] or ".MR" in row["subject"]


def test_counts(built: Built, reviews: list[tuple[str, str, str, str]]) -> None:
    assert built.faults == built.rejected == []
    assert len(built.records("reviews")) == len(reviews)
    if built.origin == "real":
        assert built.splits("x_cochrane_simplification") == {"validation": 411}
        assert [file["records"] for file in built.files] == [411, 0, 0]
