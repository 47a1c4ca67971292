"""The release: a frozen choice that depends on content alone, with examples that give nothing away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from pipeline_home import run_steps
from strange_corpus import write_corpus

from meds_pipeline.core.errors import StoreError
from meds_pipeline.core.outputs import Output
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.scoring.registry import bench_category
from meds_pipeline.steps.benchmark import freeze as freeze_release
from meds_pipeline.steps.run import run_step


@pytest.fixture(scope="module")
def items(built: Workspace) -> list[dict[str, Any]]:
    return pq.read_table(built.store.require("benchmark", "all").file("items.parquet")).to_pylist()


def test_items_are_held_out_and_of_scored_tasks(built: Workspace, items: list[dict[str, Any]]) -> None:
    with duckdb.connect(str(built.home / "lineage.duckdb"), read_only=True) as con:
        split = dict(con.execute("SELECT instance_id, split FROM instance").fetchall())
    assert items
    assert {split[item["instance_id"]] for item in items} == {"test"}
    assert {built.catalog.tasks[item["task_id"]][1].use for item in items} <= {"both", "bench"}


def test_items_count_in_the_categories_of_the_benchmark(items: list[dict[str, Any]]) -> None:
    found = {item["task_id"]: item["category"] for item in items}
    assert (found["task123"], found["task126"], found["task12"]) == ("MCQA", "NER", "Fact Verification")
    assert bench_category("x_new", "Question Answering", "accuracy_choice") == "MCQA"
    assert bench_category("x_new", "Named Entity Recognition", "f1_entities_micro") == "NER"
    assert bench_category("x_new", "Translation", "bleu1_rougeL") == "Translation"


def test_no_content_is_asked_twice(items: list[dict[str, Any]]) -> None:
    contents = [item["content_id"] for item in items]
    assert len(contents) == len(set(contents))


def test_examples_come_from_training_and_show_no_item(built: Workspace, items: list[dict[str, Any]]) -> None:
    with duckdb.connect(str(built.home / "lineage.duckdb"), read_only=True) as con:
        known = {row[0]: row[1:] for row in con.execute("SELECT instance_id, split, subject FROM instance").fetchall()}
    asked = {" ".join(item["input"].lower().split()) for item in items}
    subjects = {item["subject"] for item in items if item["subject"]}
    shots = [shot for item in items for shot in item["shots"]]
    assert shots
    for shot in shots:
        split, subject = known[shot["instance_id"]]
        assert split == "train"
        assert subject is None or subject not in subjects
        assert " ".join(shot["input"].lower().split()) not in asked


def test_a_task_that_never_trains_takes_examples_from_the_task_it_names(items: list[dict[str, Any]]) -> None:
    assert all(len(item["shots"]) == 3 for item in items if item["task_id"] == "task123")


def test_frozen_release_stays_when_settings_and_data_move_on(
    twin_raw: Path, opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "meqsum").symlink_to(twin_raw / "meqsum")
    workspace = opened("home", raw)
    run_steps(workspace, "raw_corpus", "instances", "verdicts", "benchmark")
    frozen = workspace.store.require("benchmark", "all").digest
    (raw / "bc5cdr_iob").symlink_to(twin_raw / "bc5cdr_iob")
    later = opened("home", raw, benchmark={"items_per_task": 3})
    run_steps(later, "raw_corpus", "instances", "verdicts")
    again = run_step(later, "benchmark", "all")
    assert again.reused
    assert again.output.digest == frozen
    assert freeze_release(later, "second").digest != frozen
    renamed = opened("home", raw, benchmark={"release": "second", "items_per_task": 3})
    assert run_step(renamed, "benchmark", "all").reused


def test_items_whose_source_is_gone_are_flagged_not_swapped(
    twin_raw: Path, opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    path = raw / "bc5cdr_iob" / "data" / "BC5CDR-IOB" / "test.tsv"
    path.parent.mkdir(parents=True)
    sentences = (twin_raw / path.relative_to(raw)).read_text().split("\n\n")
    path.write_text("\n\n".join(sentences))
    workspace = opened("home", raw)
    run_steps(workspace, "raw_corpus", "instances", "verdicts", "benchmark", "lineage")
    path.write_text("\n\n".join(sentences[: len(sentences) // 2]))
    run_steps(workspace, "raw_corpus", "instances", "verdicts", "lineage")
    with duckdb.connect(str(workspace.home / "lineage.duckdb"), read_only=True) as con:
        items, flagged = con.execute(
            "SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM flagged_item)"
        ).fetchall()[0]
    assert 0 < flagged < items == workspace.store.require("benchmark", "all").manifest.rows["items"]


def freeze(workspace: Workspace) -> Output:
    run_steps(workspace, "raw_corpus", "instances", "verdicts")
    return run_step(workspace, "benchmark", "all").output


RECORDS = [
    {"id": f"r{n}", "q": f"question number {n}", "a": f"answer {n}", "split": "train" if n % 3 else "test", "more": []}
    for n in range(120)
]


def test_no_example_is_nearly_an_item(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    words = " ".join(f"word{n}" for n in range(60))
    twin = {"id": "near", "q": f"{words} more", "a": "a", "split": "train", "more": []}
    asked = {"id": "asked", "q": words, "a": "a", "split": "test", "more": []}
    far = {"id": "far", "q": "of something else", "a": "a", "split": "train", "more": []}
    release = freeze(opened(**write_corpus(tmp_path, [twin, asked, far])))
    (item,) = pq.read_table(release.file("items.parquet")).to_pylist()
    assert [shot["input"] for shot in item["shots"]] == ["of something else"]


def test_the_choice_depends_on_content_alone(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    shuffled = sorted(RECORDS, key=lambda record: str(record["id"])[::-1])
    releases = [
        freeze(opened("one", **write_corpus(tmp_path / "one", RECORDS), threads=1)),
        freeze(opened("two", **write_corpus(tmp_path / "two", RECORDS), threads=2)),
        freeze(opened("three", **write_corpus(tmp_path / "three", shuffled), threads=2)),
    ]
    assert len({release.file("items.parquet").read_bytes() for release in releases}) == 1
    assert len({release.digest for release in releases}) == 1


def test_more_data_never_moves_the_choice_among_the_old(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    def chosen(count: int) -> list[str]:
        workspace = opened(str(count), **write_corpus(tmp_path / str(count), RECORDS[:count]))
        return pq.read_table(freeze(workspace).file("items.parquet"))["content_id"].to_pylist()

    few, many = chosen(60), chosen(120)
    kept = [content for content in few if content in many]
    assert kept == [content for content in many if content in few]
    assert 0 < len(kept) < len(many)


def test_a_release_is_the_same_when_its_name_comes_back(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    first = freeze(opened(**write_corpus(tmp_path, RECORDS)))
    changed = write_corpus(tmp_path, RECORDS[30:])
    workspace = opened(**changed)
    run_steps(workspace, "raw_corpus", "instances", "verdicts")
    freeze_release(workspace, "second")
    second = freeze(opened(**changed, benchmark={"release": "second"}))
    assert second.digest != first.digest
    back = opened(**changed)
    assert freeze(back).path == first.path
    assert back.store.require("benchmark", "all").path == first.path


def test_a_damaged_release_is_named_not_made_again(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    release = freeze(opened(**write_corpus(tmp_path, RECORDS)))
    release.file("items.parquet").write_bytes(b"")
    changed = opened(**write_corpus(tmp_path, RECORDS[30:]))
    with pytest.raises(StoreError, match=r"frozen release 'default' is damaged.*another one"):
        freeze(changed)
    assert freeze_release(changed, "second").path != release.path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("metric: bleu1_rougeL", "metric: accuracy_substring"),
        ("definition: Answer.", "definition: Answer it."),
        ("definition: Answer.", 'definition: Answer., labels: ["answer 0"]'),
    ],
)
def test_the_digest_covers_what_is_asked_and_how_it_is_scored(
    opened: Callable[..., Workspace], tmp_path: Path, old: str, new: str
) -> None:
    def digest(name: str, *change: str) -> str:
        arguments = write_corpus(tmp_path / name, RECORDS[:1])
        path = tmp_path / name / "strange_catalog" / "strange.yaml"
        path.write_text(path.read_text().replace(*change) if change else path.read_text())
        release = freeze(opened(name, **arguments))
        return str(pq.read_table(release.file("lineage/benchmark_release.parquet"))["digest"][0])

    assert digest("before") != digest("after", old, new)
