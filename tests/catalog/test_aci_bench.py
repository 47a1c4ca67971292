"""ACI-BENCH as CSV and as JSON: whole talks and notes in cells, metadata beside them, the plan cut from the note."""

from __future__ import annotations

from pathlib import Path

import pytest
from build_corpus import Builds, Built
from plain import csv_rows, json_records

PARTS = ("clef_taskC_test3", "clinicalnlp_taskB_test1", "clinicalnlp_taskC_test2", "train", "valid")
HEADINGS = {"ASSESSMENT", "ASSESSMENT AND PLAN", "IMPRESSION", "PLAN"}


@pytest.fixture(scope="module", params=["twin", "real"])
def forms(request: pytest.FixtureRequest, builds: Builds) -> dict[str, Built]:
    return {n: builds(n, request.param) for n in ("aci_bench", "aci_bench_json")}


@pytest.fixture(scope="module")
def visits(forms: dict[str, Built]) -> list[dict[str, str]]:
    return [row | {"part": part} for part in PARTS for row in rows_of(forms["aci_bench"].folder, part)]


def rows_of(folder: Path, part: str) -> list[dict[str, str]]:
    path = folder / f"data/challenge_data/{part}.csv"
    return csv_rows(path) if path.exists() else []


def test_visits_give_notes(forms: dict[str, Built], visits: list[dict[str, str]]) -> None:
    expected = [(visit["dialogue"].strip(), visit["note"].strip()) for visit in visits]
    assert forms["aci_bench"].pairs("x_aci_bench_note") == expected
    assert [row["record_key"] for row in forms["aci_bench"].task("x_aci_bench_note")] == [
        v["encounter_id"] for v in visits
    ]


def test_the_plan_runs_from_its_heading_to_the_end(forms: dict[str, Built], visits: list[dict[str, str]]) -> None:
    for row, visit in zip(forms["aci_bench"].task("x_aci_bench_plan"), visits, strict=True):
        lines = visit["note"].strip().split("\n")
        first = next(place for place, line in enumerate(lines) if line.strip() in HEADINGS)
        assert row["outputs"] == ["\n".join(lines[first:])]


def test_complaints_come_from_the_metadata(forms: dict[str, Built], visits: list[dict[str, str]]) -> None:
    told = {}
    for path in (forms["aci_bench"].folder / "data/challenge_data").glob("*_metadata.csv"):
        told |= {row["encounter_id"]: row["cc"].strip() for row in csv_rows(path)}
    found = {row["record_key"]: row["outputs"][0] for row in forms["aci_bench"].task("x_aci_bench_complaint")}
    assert found == {visit["encounter_id"]: told[visit["encounter_id"]] for visit in visits}


def test_json_gives_the_same_instances(forms: dict[str, Built]) -> None:
    for task in ("x_aci_bench_note", "x_aci_bench_plan"):
        mine, other = forms["aci_bench"].task(task), forms["aci_bench_json"].task(task)
        assert [row["instance_id"] for row in mine] == [row["instance_id"] for row in other]
        assert [row["subject"] for row in mine] == [row["subject"] for row in other]


def test_counts(forms: dict[str, Built], visits: list[dict[str, str]]) -> None:
    for built in forms.values():
        assert built.faults == built.rejected == []
    if forms["aci_bench"].origin == "real":
        assert len(visits) == forms["aci_bench"].count("data/challenge_data/train.csv") == 67
        path = "data/challenge_data_json/train.json"
        assert forms["aci_bench_json"].count(path) == 67
        assert len(json_records(forms["aci_bench_json"].folder / path)["data"]) == 67
