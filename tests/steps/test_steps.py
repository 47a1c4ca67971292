"""Running steps: what failed is noted and named, what mended itself is forgotten, the last good output stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipeline_home import DATA_STEPS, run_steps
from strange_corpus import DISTRIBUTION, EVERYTHING, NAME, write_corpus, write_many

from meds_pipeline.core.errors import (
    CatalogError,
    MedsError,
    QualityError,
    RawFileError,
    RecipeError,
    StoreError,
    UnknownNameError,
)
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.status.corpora import forget
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.lineage import current_build
from meds_pipeline.steps.run import run_step

CORPUS_STEPS = ("raw_corpus", "instances", "verdicts")
RECORDS = [
    {"id": str(n), "q": f"question {n}", "a": f"answer {n}", "split": "train" if n % 3 else "test", "more": []}
    for n in range(12)
]


@pytest.mark.parametrize("asset", STEPS)
@pytest.mark.parametrize("partition", ["nosuch", "../../outside", ""])
def test_an_unknown_partition_is_refused_and_nothing_is_written(
    opened: Callable[..., Workspace], tmp_path: Path, asset: str, partition: str
) -> None:
    (tmp_path / "raw").mkdir()
    workspace = opened(raw=tmp_path / "raw")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UnknownNameError):
        run_step(workspace, asset, partition)
    assert sorted(tmp_path.rglob("*")) == before


def test_every_step_names_its_inputs_among_the_steps_before_it() -> None:
    for place, step in enumerate(STEPS.values()):
        assert set(step.reads) <= set(list(STEPS)[:place])


@pytest.mark.parametrize("asset", STEPS)
def test_every_step_declares_the_assets_it_was_made_of(built: Workspace, asset: str) -> None:
    step = STEPS[asset]
    made = [built.store.require(asset, name) for name in step.names(built)]
    assert {ref.asset for output in made for ref in output.manifest.inputs.values()} == set(step.reads)


def test_steps_run_before_what_they_read_say_what_to_run(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    workspace = opened(**write_corpus(tmp_path, RECORDS))
    for asset, partition in (
        ("instances", NAME),
        ("contamination", "all"),
        ("fine_tuned_model", "tiny"),
        ("scores", "tiny"),
    ):
        with pytest.raises(MedsError, match=r"Next: .*(meds run|Run )"):
            run_step(workspace, asset, partition)


def test_a_failing_recipe_is_noted_and_its_mending_clears_the_note(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    good = opened(**write_corpus(tmp_path, RECORDS))
    run_steps(good, *CORPUS_STEPS)
    standing = good.store.require("verdicts", NAME)
    broken = opened(**write_corpus(tmp_path, RECORDS, EVERYTHING.replace("a AS", "nosuch AS")))
    run_step(broken, "raw_corpus", NAME)
    with pytest.raises(RecipeError, match="nosuch"):
        run_step(broken, "instances", NAME)
    assert [(f.asset, f.partition, f.fingerprint) for f in broken.failures()] == [("instances", NAME, None)]
    assert broken.good_corpora() == {NAME: standing}
    (stale,) = current_build(broken).stale_names()
    assert stale.startswith(f"verdicts/{NAME}: corpus {NAME}, task x_lines: ")
    mended = opened(**write_corpus(tmp_path, RECORDS))
    run_steps(mended, *CORPUS_STEPS)
    assert mended.failures() == []
    assert current_build(mended).stale_names() == []


def test_an_unexpected_exception_is_noted_without_its_text(
    opened: Callable[..., Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from meds_pipeline.readers import driver

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("patient Jane Doe")

    monkeypatch.setattr(driver, "read_corpus", breaks)
    workspace = opened(**write_corpus(tmp_path, RECORDS))
    with pytest.raises(ZeroDivisionError):
        run_step(workspace, "raw_corpus", NAME)
    (failure,) = workspace.failures()
    assert "ZeroDivisionError" in failure.reason
    assert "Jane" not in failure.reason


def test_a_missing_file_keeps_the_last_good_output_named_stale(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    arguments = write_corpus(tmp_path, RECORDS)
    workspace = opened(**arguments)
    run_steps(workspace, *CORPUS_STEPS)
    before = current_build(workspace)
    (arguments["raw"] / DISTRIBUTION / "lines.jsonl").unlink()
    with pytest.raises(RawFileError, match=rf"corpus {NAME}.*no file matches lines\.jsonl"):
        run_step(workspace, "raw_corpus", NAME)
    after = current_build(workspace)
    assert [e.output.path for e in after.entries] == [e.output.path for e in before.entries]
    assert after.build_id != before.build_id
    assert "no file matches lines.jsonl" in after.stale_names()[0]


def test_a_faulty_catalog_file_stops_its_corpus_only_and_keeps_its_last_good_output(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    arguments = write_many(tmp_path, 3, [])
    workspace = opened(**arguments)
    run_steps(workspace, *CORPUS_STEPS)
    before = workspace.good_corpora()
    (arguments["catalog"]["extra"][0] / "strange01.yaml").write_text("corpus: strange01\ntitle: [\n")
    broken = opened(**arguments)
    with pytest.raises(CatalogError, match=r"strange01\.yaml"):
        run_step(broken, "raw_corpus", "strange01")
    assert broken.good_corpora() == before
    assert set(broken.catalog.tasks) == set(workspace.catalog.tasks)
    (stale,) = current_build(broken).stale_names()
    assert stale.startswith("verdicts/strange01: ")
    assert run_step(broken, "raw_corpus", "strange02").reused
    write_many(tmp_path / "again", 3, [])
    fresh = tmp_path / "again" / "many_catalog" / "strange01.yaml"
    (arguments["catalog"]["extra"][0] / "strange01.yaml").write_text(fresh.read_text())
    mended = opened(**arguments)
    assert all(run_steps(mended, *CORPUS_STEPS).values())
    assert mended.failures() == []


def test_nothing_is_built_on_changed_bytes_of_another_corpus(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    arguments = write_many(tmp_path, 2, [])
    one, other = "strange00", "strange01"
    plans = {"tiny": {"mixture": {"weights": {}}}}
    run_steps(opened("good", **arguments, plans=plans), *DATA_STEPS)
    home = opened(**arguments, plans=plans)
    run_steps(home, *CORPUS_STEPS)
    changed = home.store.require("instances", other).file("instances.parquet")
    rows = pq.read_table(changed)
    texts = pa.array([f"{text} changed" for text in rows["input"].to_pylist()])
    pq.write_table(rows.set_column(rows.schema.get_field_index("input"), "input", texts), changed)
    for asset in CORPUS_STEPS:
        run_step(home, asset, one)
    with pytest.raises(StoreError, match=rf"its input instances/{other} is damaged.*Materialize instances"):
        run_step(home, "duplicates", "all")
    assert home.store.outputs("duplicates", "all") == []
    run_steps(home, *DATA_STEPS)
    good = opened("good", **arguments, plans=plans)
    for asset in ("instances", "benchmark", "training_set"):
        for name in STEPS[asset].names(home):
            assert home.store.require(asset, name).digest == good.store.require(asset, name).digest


def test_a_corpus_whose_folder_is_gone_stays_in_the_build_named_stale(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    arguments = write_corpus(tmp_path, RECORDS)
    workspace = opened(**arguments)
    run_steps(workspace, *CORPUS_STEPS)
    before = current_build(workspace)
    (arguments["raw"] / DISTRIBUTION).rename(tmp_path / "elsewhere")
    assert workspace.present_corpora() == []
    assert workspace.corpora() == STEPS["raw_corpus"].names(workspace) == [NAME], "it stays a partition"
    after = current_build(workspace)
    assert after.roots == before.roots
    (stale,) = after.stale_names()
    assert stale.startswith(f"verdicts/{NAME}: corpus {NAME}: its files are gone; its last good output stays in use.")
    with pytest.raises(RawFileError, match="its files are gone"):
        run_step(workspace, "raw_corpus", NAME)
    assert current_build(workspace).stale_names() == [stale], "a run that says it changes no build"


def test_a_corpus_whose_folder_is_gone_leaves_when_asked_and_comes_back(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    arguments = write_corpus(tmp_path, RECORDS)
    folder = arguments["raw"] / DISTRIBUTION
    workspace = opened(**arguments)
    run_steps(workspace, *CORPUS_STEPS)
    before = current_build(workspace)
    with pytest.raises(RawFileError, match="its files are there"):
        forget(workspace, NAME)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(RawFileError):
        run_step(workspace, "raw_corpus", NAME)
    forget(workspace, NAME)
    assert (workspace.corpora(), workspace.failures(), current_build(workspace).roots) == ([], [], ())
    with pytest.raises(RawFileError, match="no raw files are there"):
        forget(workspace, NAME)
    (tmp_path / "elsewhere").rename(folder)
    assert all(run_steps(workspace, *CORPUS_STEPS).values()), "its outputs still stand"
    assert current_build(workspace) == before


@pytest.mark.parametrize("refused", ["raw_corpus", "instances"])
def test_nothing_is_built_on_a_refused_output(opened: Callable[..., Workspace], tmp_path: Path, refused: str) -> None:
    workspace = opened(**write_corpus(tmp_path, RECORDS))
    run_steps(workspace, *CORPUS_STEPS)
    last_good = workspace.store.require("verdicts", NAME).path
    changed = opened(**write_corpus(tmp_path, RECORDS[:9]))
    run_steps(changed, *CORPUS_STEPS[: CORPUS_STEPS.index(refused) + 1])
    changed.set_failure(
        refused, NAME, "a check found half of the rows empty", refused=changed.store.require(refused, NAME)
    )
    after = CORPUS_STEPS[CORPUS_STEPS.index(refused) + 1]
    with pytest.raises(QualityError, match=rf"corpus {NAME}: {refused} did not pass its checks: a check found"):
        run_step(changed, after, NAME)
    run_step(changed, refused, NAME)
    assert {f.asset for f in changed.failures()} == {refused, after}, "the same output is refused still"
    assert changed.store.require("verdicts", NAME).path == last_good
    assert current_build(changed).stale_names()


def test_refused_training_sets_train_no_model_and_give_no_baseline(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    workspace = opened(**write_corpus(tmp_path, RECORDS))
    run_steps(workspace, *list(STEPS)[: list(STEPS).index("training_set") + 1])
    workspace.set_failure("training_set", "tiny", "bad", refused=workspace.store.require("training_set", "tiny"))
    for asset, partition in (("packed_training_set", "tiny"), ("predictions", "majority")):
        with pytest.raises(QualityError, match="training_set did not pass its checks"):
            run_step(workspace, asset, partition)


def test_a_file_that_changes_while_it_is_read_makes_no_output(
    opened: Callable[..., Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from meds_pipeline.readers import driver

    arguments = write_corpus(tmp_path, RECORDS)
    read_corpus = driver.read_corpus

    def reads_and_is_overtaken(*given: Any) -> None:
        read_corpus(*given)
        with (arguments["raw"] / DISTRIBUTION / "lines.jsonl").open("a") as file:
            file.write("{}\n")

    monkeypatch.setattr(driver, "read_corpus", reads_and_is_overtaken)
    workspace = opened(**arguments)
    with pytest.raises(RawFileError, match=rf"corpus {NAME}, file lines\.jsonl: the file changed while it was read"):
        run_step(workspace, "raw_corpus", NAME)
    assert workspace.store.current("raw_corpus", NAME) is None


def test_a_file_that_may_not_be_read_is_named(
    opened: Callable[..., Workspace], twin_raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    shutil.copytree(twin_raw / "meqsum", tmp_path / "raw" / "meqsum")
    workspace = opened(raw=tmp_path / "raw")
    monkeypatch.setattr("meds_pipeline.core.digests.file_sha256", forbidden)
    with pytest.raises(
        RawFileError, match=r"corpus meqsum, file .*\.xlsx: it cannot be read: Permission denied\. Next"
    ):
        run_step(workspace, "raw_corpus", "meqsum")
    assert "MeQSum" in str(workspace.failure("raw_corpus", "meqsum"))


def test_a_weight_for_an_unknown_task_is_an_error(opened: Callable[..., Workspace], tmp_path: Path) -> None:
    plans = {"tiny": {"mixture": {"weights": {"task9999": 2}}}}
    workspace = opened(**write_corpus(tmp_path, RECORDS), plans=plans)
    run_steps(workspace, *list(STEPS)[: list(STEPS).index("training_set")])
    with pytest.raises(UnknownNameError, match=r"plan tiny weighs .* task9999"):
        run_step(workspace, "training_set", "tiny")


def test_another_base_model_in_the_same_folder_is_another_base(
    built: Workspace, opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(built.store.require("fine_tuned_model", "tiny").path / "model", base)
    arguments = write_corpus(tmp_path, RECORDS)
    plans = {"tiny": {"base": str(base), "fine_tuning": {"max_steps": 1}}}
    names = list(STEPS)
    workspace = opened(**arguments, plans=plans)
    run_steps(workspace, *names[: names.index("fine_tuned_model") + 1])
    first = [run_step(workspace, "predictions", name).output for name in ("tiny", "tiny-untuned")]
    weights = next(base.glob("*.safetensors"))
    data = weights.read_bytes()
    weights.write_bytes(data[:-400] + bytes(400))
    run_steps(workspace, *names[: names.index("fine_tuned_model") + 1])
    assert [run_step(workspace, "predictions", name).reused for name in ("tiny", "tiny-untuned")] == [False, False]
    weights.write_bytes(data)
    run_steps(workspace, *names[: names.index("fine_tuned_model") + 1])
    assert [run_step(workspace, "predictions", name).output.path for name in ("tiny", "tiny-untuned")] == [
        output.path for output in first
    ]
