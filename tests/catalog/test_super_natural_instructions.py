"""Super-NaturalInstructions: both generations of the format, and files whose tasks belong to other corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from build_corpus import BOTH, Builds, Built, Origin
from plain import blanks_cut, json_records

from meds_pipeline.catalog import load_catalog
from meds_pipeline.home.presence import active

MMLU = "x_super_natural_instructions_mmlu"
FILES = {
    "x_super_natural_instructions_organ": "task1485_",
    "x_super_natural_instructions_keyword": "task620_",
}
OWNED = [
    ("pubmedqa_super_ni", "task12", "task846_pubmedqa_classification.json", 6),
    ("bc5cdr_super_ni", "task28", "task1449_disease_entity_extraction_bc5cdr_dataset.json", 10),
    ("headqa_super_ni", "task22", "task1431_head_qa_answer_generation.json", 10),
    ("headqa_super_ni", "task23", "task1432_head_qa_language_translation_en_to_es.json", 14),
]
"""Distribution of another corpus, its task, the task's file, and how many instances the real one has."""


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("super_natural_instructions", request.param)


def instances(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json_records(path)["Instances"]
    return found


def wanted(paths: list[Path]) -> list[tuple[str, list[str], str | None]]:
    return [
        (blanks_cut(one["input"]), [blanks_cut(output) for output in one["output"]], one.get("id"))
        for path in paths
        for one in instances(path)
    ]


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
        assert [len(built.task(task)) for task in (*FILES, MMLU)] == [10, 4, 32]


@pytest.mark.parametrize("origin", BOTH)
@pytest.mark.parametrize(("distribution", "task", "name", "number"), OWNED)
def test_files_of_other_corpora_serve_those(
    distribution: str, task: str, name: str, number: int, origin: Origin, builds: Builds
) -> None:
    made = builds(distribution, origin)
    assert found(made, task) == wanted([made.folder / name])
    assert made.faults == made.rejected == []
    if made.origin == "real":
        assert len(made.task(task)) == number


def test_a_folder_shared_with_other_corpora_asks_for_none_of_their_files(tmp_path: Path) -> None:
    raw = tmp_path / "super_natural_instructions"
    raw.mkdir()
    (raw / "task1431_head_qa_answer_generation.json").write_text("{}")
    pubmedqa = load_catalog().corpora["pubmedqa"]
    assert active(pubmedqa, tmp_path) is None
    (raw / "task846_pubmedqa_classification.json").write_text("{}")
    presence = active(pubmedqa, tmp_path)
    assert presence is not None
    assert presence.distribution == "pubmedqa_super_ni"
