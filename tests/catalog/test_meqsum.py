"""MeQSum: the one task against the sheet as calamine gives it."""

from __future__ import annotations

import html
import json

import pytest
from build_corpus import BOTH, Builds, Built
from plain import blanks_cut
from python_calamine import CalamineWorkbook

FILE = "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx"


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("meqsum", request.param)


@pytest.fixture(scope="module")
def sheet(built: Built) -> list[list[str]]:
    header, *rows = CalamineWorkbook.from_path(str(built.folder / FILE)).get_sheet_by_index(0).to_python()
    assert header == ["File", "CHQ", "Summary"]
    return [[str(cell) for cell in row] for row in rows]


def test_every_row_is_a_question_and_its_summary(built: Built, sheet: list[list[str]]) -> None:
    assert built.faults == built.rejected == []
    assert built.pairs("task114") == [
        (blanks_cut(html.unescape(question)), blanks_cut(html.unescape(summary))) for _, question, summary in sheet
    ]
    assert [row["record_key"] for row in built.task("task114")] == [name for name, _, _ in sheet]


def test_sources_resolve_to_the_row(built: Built, sheet: list[list[str]]) -> None:
    rows = built.task("task114")
    for place in range(0, len(rows), max(1, len(rows) // 20)):
        (source,) = built.sources[rows[place]["instance_id"]]
        assert source["start"] == place + 2  # the row as a spreadsheet numbers it, below the header
        (raw,) = built.raw_texts(rows[place])
        assert list(json.loads(raw).values()) == sheet[place]


def test_a_tenth_is_held_out_by_its_file(built: Built, sheet: list[list[str]]) -> None:
    splits = built.splits("task114")
    assert set(splits) == {"test", "train"}
    assert 0.06 <= splits["test"] / len(sheet) <= 0.14
    by_subject: dict[str, set[str]] = {}
    for row in built.task("task114"):
        by_subject.setdefault(row["subject"], set()).add(row["split"])
    assert all(len(found) == 1 for found in by_subject.values())
    if built.origin == "real":
        assert len(sheet) == 1000
