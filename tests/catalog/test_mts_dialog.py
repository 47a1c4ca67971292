"""MTS-Dialog: whole talks in cells, carriage returns in one of the files, twenty section headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from build_corpus import BOTH, Builds, Built
from plain import csv_rows

TEXT, HEADER = "x_mts_dialog_section_text", "x_mts_dialog_section_header"
TEST, TRAIN, VALIDATION = "TestSet-1-MEDIQA-Chat-2023", "TrainingSet", "ValidationSet"
NAMES = {
    "FAM/SOCHX": "family and social history",
    "GENHX": "history of present illness",
    "PASTMEDICALHX": "past medical history",
    "CC": "chief complaint",
    "PASTSURGICAL": "past surgical history",
    "ALLERGY": "allergies",
    "ROS": "review of systems",
    "MEDICATIONS": "medications",
    "ASSESSMENT": "assessment",
    "EXAM": "physical examination",
    "DIAGNOSIS": "diagnosis",
    "DISPOSITION": "disposition",
    "PLAN": "plan",
    "EDCOURSE": "emergency department course",
    "IMMUNIZATIONS": "immunizations",
    "IMAGING": "imaging",
    "GYNHX": "gynecologic history",
    "PROCEDURES": "procedures",
    "OTHER_HISTORY": "other history",
    "LABS": "laboratory results",
}


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("mts_dialog", request.param)


@pytest.fixture(scope="module")
def talks(built: Built) -> list[tuple[str, str, str]]:
    """Section, text of the section and talk of every row, lines ended alike."""
    rows = [row for part in (TEST, TRAIN, VALIDATION) for row in csv_rows(folder_file(built, part))]
    return [
        (
            NAMES[row["section_header"]],
            row["section_text"].replace("\r\n", "\n").strip(" "),
            row["dialogue"].replace("\r\n", "\n").strip(" "),
        )
        for row in rows
    ]


def folder_file(built: Built, part: str) -> Path:
    return built.folder / f"Main-Dataset/MTS-Dialog-{part}.csv"


def test_talks_ask_for_the_text_of_their_section(built: Built, talks: list[tuple[str, str, str]]) -> None:
    assert built.pairs(TEXT) == [(f"Section: {name}\nDialogue:\n{talk}", text) for name, text, talk in talks]


def test_talks_ask_for_their_section(built: Built, talks: list[tuple[str, str, str]]) -> None:
    assert built.pairs(HEADER) == [(talk, name) for name, _, talk in talks]


def test_lines_end_alike_in_all_parts(built: Built) -> None:
    assert b"\r\nPatient" in folder_file(built, TRAIN).read_bytes()
    assert not any("\r" in asked + answer for asked, answer in built.pairs(TEXT))


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        sizes = {part: built.count(f"Main-Dataset/MTS-Dialog-{part}.csv") for part in (TRAIN, VALIDATION, TEST)}
        assert sizes == {TRAIN: 1201, VALIDATION: 100, TEST: 200}
        assert built.splits(TEXT) == built.splits(HEADER) == {"test": 200, "train": 1201, "validation": 100}
