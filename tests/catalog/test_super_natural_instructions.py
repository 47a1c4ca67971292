"""Super-NaturalInstructions: both generations of the format, and files whose tasks belong to other corpora."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from build_corpus import Built, build, real_folder
from plain import json_records

MMLU = "x_super_natural_instructions_mmlu"
FILES = {
    "task22": "task1431_",
    "task23": "task1432_",
    "x_super_natural_instructions_organ": "task1485_",
    "x_super_natural_instructions_keyword": "task620_",
}
OWNED = {
    "pubmedqa_super_ni": ("task12", "task846_pubmedqa_classification.json"),
    "bc5cdr_super_ni": ("task28", "task1449_disease_entity_extraction_bc5cdr_dataset.json"),
}


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build("super_natural_instructions", request.param, tmp_path_factory.mktemp("super_ni"))


def instances(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json_records(path)["Instances"]
    return found


def wanted(paths: list[Path]) -> list[tuple[str, list[str], str | None]]:
    return [(one["input"].strip(" "), one["output"], one.get("id")) for path in paths for one in instances(path)]


def found(built: Built, task: str) -> list[tuple[str, list[str], str | None]]:
    return [(row["input"], row["outputs"], row["record_key"]) for row in built.task(task)]


@pytest.mark.parametrize("task", FILES)
def test_a_task_is_the_instances_of_its_file(built: Built, task: str) -> None:
    assert found(built, task) == wanted(sorted(built.folder.glob(f"{FILES[task]}*.json")))


def test_mmlu_is_all_its_medical_subjects(built: Built) -> None:
    paths = sorted(built.folder.glob("*_mmmlu_*.json"))
    assert len(paths) >= 2
    assert found(built, MMLU) == wanted(paths)
    assert {outputs[0] for _, outputs, _ in found(built, MMLU)} <= set("ABCD")


def test_inputs_begin_with_a_word(built: Built) -> None:
    organ = "x_super_natural_instructions_organ"
    assert any(one["input"].startswith(" ") for one in instances(next(built.folder.glob("task1485_*"))))
    assert not any(row["input"].startswith(" ") for row in built.task(organ))


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.raw.manifest.rows["files"] == 10
        assert built.raw.manifest.rows["records"] == 86
        assert [len(built.task(task)) for task in (*FILES, MMLU)] == [10, 14, 10, 4, 32]


@pytest.mark.parametrize("origin", ["twin", "real"])
@pytest.mark.parametrize("distribution", OWNED)
def test_files_of_other_corpora_serve_those(distribution: str, origin: str, tmp_path: Path) -> None:
    task, name = OWNED[distribution]
    if origin == "real":
        folder = tmp_path / "raw" / distribution
        folder.mkdir(parents=True)
        shutil.copy(real_folder("super_natural_instructions") / name, folder)
    made = build(distribution, "real" if origin == "real" else "twin", tmp_path / "built", real=tmp_path / "raw")
    assert found(made, task) == wanted([made.folder / name])
    assert made.faults == made.rejected == []
    if origin == "real":
        assert len(made.task(task)) == {"task12": 6, "task28": 10}[task]
