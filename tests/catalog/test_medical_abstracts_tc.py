"""Medical Abstracts: an abstract of two classes stands twice in the file and is one instance with two right answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from build_corpus import BOTH, Builds, Built, build
from plain import csv_rows

TASK = "x_medical_abstracts_tc_condition"


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("medical_abstracts_tc", request.param)


@pytest.fixture(scope="module")
def expected(built: Built) -> dict[str, dict[str, set[str]]]:
    """Classes of each abstract by part."""
    names = {row["condition_label"]: row["condition_name"] for row in csv_rows(built.folder / "medical_tc_labels.csv")}
    parts: dict[str, dict[str, set[str]]] = {}
    for path in built.folder.glob("medical_tc_t*.csv"):
        found = parts.setdefault(path.stem.removeprefix("medical_tc_"), {})
        for row in csv_rows(path):
            found.setdefault(row["medical_abstract"].strip(), set()).add(names[row["condition_label"]])
    return parts


def test_every_abstract_is_one_instance_with_all_its_classes(
    built: Built, expected: dict[str, dict[str, set[str]]]
) -> None:
    for part, abstracts in expected.items():
        found = {row["input"]: row["outputs"] for row in built.task(TASK) if row["split"] == part}
        assert {text: set(classes) for text, classes in found.items()} == abstracts
        assert all(classes == sorted(classes) for classes in found.values())
    assert len(built.task(TASK)) == sum(map(len, expected.values()))


def test_an_instance_names_its_rows_and_the_rows_of_its_classes(built: Built) -> None:
    both = [row for row in built.task(TASK) if len(row["outputs"]) == 2]
    assert both
    assert all(len(row["source"]) == 4 for row in both)


def test_an_abstract_of_both_files_is_held_out(tmp_path: Path) -> None:
    raw = tmp_path / "raw/medical_abstracts_tc"
    raw.mkdir(parents=True)
    (raw / "medical_tc_labels.csv").write_text("condition_label,condition_name\n1,neoplasms\n5,general\n")
    (raw / "medical_tc_train.csv").write_text('condition_label,medical_abstract\n1,"Seen twice. "\n1,Once.\n')
    (raw / "medical_tc_test.csv").write_text('condition_label,medical_abstract\n5,"Seen twice. "\n')
    made = build("medical_abstracts_tc", "real", tmp_path / "built", real=tmp_path / "raw")
    found = {row["input"]: (row["split"], row["outputs"]) for row in made.task(TASK)}
    assert found == {"Seen twice.": ("test", ["general", "neoplasms"]), "Once.": ("train", ["neoplasms"])}


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.count("medical_tc_test.csv") == 1500
        assert built.count("medical_tc_labels.csv") == 5
        assert built.splits(TASK) == {"test": 1468}
