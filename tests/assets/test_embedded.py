"""`meds run`: real runs on real homes, as the UI finds them afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from strange_corpus import write_corpus, write_many

from assets.metadata import describe
from assets.nightly import due_corpora, ranges
from assets.partitions import sync_partitions
from meds_pipeline.core.errors import RawFileError, UnknownNameError
from meds_pipeline.core.events import Started, Working
from meds_pipeline.definitions import defs, run_all
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.run import run_chain
from resources.launcher import PROCESS_TAG, cancel_gone, own_process

if TYPE_CHECKING:
    from conftest import Ran

Instances = Callable[[Path], dg.DagsterInstance]
REQUIRED = {"outcome", "bytes", "seconds", "fingerprint", "folder", "facts"}
SAME_BYTES = ("instances", "verdicts", "benchmark", "training_set", "packed_training_set")


def latest(instance: dg.DagsterInstance, asset: str, partition: str) -> dg.AssetMaterialization:
    partitions = None if partition == "all" else [partition]
    filters = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=partitions)
    (record,) = instance.fetch_materializations(filters, limit=1).records
    assert record.asset_materialization is not None
    return record.asset_materialization


def outputs(workspace: Workspace) -> list[tuple[str, str]]:
    return [(asset, partition) for asset, step in STEPS.items() for partition in step.names(workspace)]


def test_a_fresh_home_gets_every_output_and_says_so(ran: Ran) -> None:
    assert ran.summary.ok, ran.summary.bad
    assert {(o.asset, o.partition): o.state for o in ran.summary.outcomes} == dict.fromkeys(
        outputs(ran.workspace), "built"
    )
    assert Counter(e for e in ran.events if isinstance(e, Started)) == Counter(
        Started(asset, partition) for asset, partition in outputs(ran.workspace)
    )
    assert any(isinstance(e, Working) and e.what.startswith("training") for e in ran.events)


def test_two_workers_make_the_bytes_that_one_process_makes(ran: Ran, built: Workspace) -> None:
    for asset, partition in outputs(ran.workspace):
        if asset in SAME_BYTES:
            mine, theirs = (ws.store.require(asset, partition).digest for ws in (ran.workspace, built))
            assert mine == theirs, f"{asset} of {partition}"


def test_the_ui_finds_every_materialization_with_its_identity_and_metadata(ran: Ran, instance_of: Instances) -> None:
    instance = instance_of(ran.workspace.home)
    for asset, partition in outputs(ran.workspace):
        found, output = latest(instance, asset, partition), ran.workspace.store.require(asset, partition)
        assert set(found.metadata) >= REQUIRED, asset
        assert found.tags is not None
        assert found.tags["dagster/data_version"] == output.digest
        assert found.tags["dagster/code_version"] == STEPS[asset].version
        counts = {key.removeprefix("rows/"): v.value for key, v in found.metadata.items() if key.startswith("rows/")}
        assert counts == output.manifest.rows


def test_previews_and_pictures_are_there(ran: Ran, instance_of: Instances) -> None:
    instance = instance_of(ran.workspace.home)
    rows = latest(instance, "instances", "meqsum").metadata["preview"]
    assert isinstance(rows, dg.TableMetadataValue)
    assert rows.records[0].data["task_id"] == "task114"
    assert latest(instance, "benchmark", "all").metadata["tasks in no release"].value == []
    drawn = [latest(instance, "fine_tuned_model", "tiny").metadata["loss curve"]]
    drawn += [latest(instance, "scores", "tiny").metadata[f"{scorer} scores"] for scorer in ("official", "corrected")]
    assert all(str(value.value).startswith("![picture](data:image/png;base64,iVBOR") for value in drawn)


def test_figures_are_numbers_whose_trend_dagster_plots(ran: Ran, instance_of: Instances) -> None:
    instance = instance_of(ran.workspace.home)
    scores, trained = latest(instance, "scores", "tiny").metadata, latest(instance, "fine_tuned_model", "tiny").metadata
    named = {name for name in scores if name.startswith(("official ", "corrected ")) and not name.endswith(" scores")}
    assert named >= {"corrected overall main", "corrected MCQA main", "official MCQA accuracy"}
    numbers = [*(scores[name] for name in named), trained["loss"]]
    assert all(isinstance(number, dg.FloatMetadataValue) for number in numbers)
    assert isinstance(trained["tokens"], dg.IntMetadataValue)


def test_records_are_previewed_from_the_first_file_that_has_some(ran: Ran, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(ran.raw / "pubmedqa", raw / "pubmedqa")
    (raw / "pubmedqa" / "data" / "ori_pqaa.json").unlink()
    workspace = Workspace.open(tmp_path / "home", raw, ran.settings)
    (done,) = run_chain(workspace, ["raw_corpus"], "pubmedqa")
    said = describe(workspace, done)
    assert isinstance(said["preview of labelled"], dg.TableMetadataValue)
    assert {name for name in said if name.startswith("columns of")} == {
        f"columns of {entry}" for entry in ("artificial", "labelled", "test_ids")
    }


def test_every_catalog_folder_that_cannot_be_used_is_told_by_its_name(tmp_path: Path) -> None:
    raw, settings = strange(tmp_path, [{"id": "1", "q": "question", "a": "answer", "split": "train"}])
    settings["catalog"]["extra"] += [str(tmp_path / name) for name in ("ours", "theirs")]
    summary = run_all(tmp_path / "home", raw, settings)
    assert {"ours", "theirs"} <= {o.partition for o in summary.bad if o.asset == "raw_corpus"}


def test_each_job_is_a_run_that_the_ui_can_execute_again(ran: Ran, instance_of: Instances) -> None:
    runs = instance_of(ran.workspace.home).get_runs()
    jobs = Counter(run.job_name for run in runs)
    assert jobs == {"corpus_data": 1, "release": 1, "train": 1, "evaluate": 3, "compare": 1, "publish": 1}
    assert {run.run_id for run in runs} == set(ran.summary.run_ids)
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    assert {run.remote_job_origin.location_name for run in runs if run.remote_job_origin} == {
        "meds_pipeline.definitions"
    }
    assert all(run.remote_job_origin and ".dagster/repository" in run.tags for run in runs)


def test_a_second_run_changes_nothing_and_loads_nothing_heavy(ran: Ran) -> None:
    code = (
        "import json, pathlib, sys\n"
        "from meds_pipeline.definitions import run_all\n"
        "summary = run_all(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), json.loads(sys.argv[3]))\n"
        "heavy = [name for name in ('great_expectations', 'torch', 'matplotlib') if name in sys.modules]\n"
        "print(json.dumps([sorted({o.state for o in summary.outcomes}), heavy]))\n"
    )
    settings = json.dumps({**ran.settings, "workers": 1})
    command = [sys.executable, "-c", code, str(ran.workspace.home), str(ran.raw), settings]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [["unchanged"], []]


def test_a_refused_corpus_stops_alone_names_its_records_and_recovers(
    ran: Ran, tmp_path: Path, instance_of: Instances
) -> None:
    raw, home = tmp_path / "raw", tmp_path / "home"
    shutil.copytree(ran.raw, raw)
    shutil.copytree(ran.workspace.home, home)
    good = Workspace.open(home, raw, ran.settings).store.require("verdicts", "pubmedqa").digest

    path = raw / "pubmedqa" / "data" / "ori_pqal.json"
    whole = path.read_text()
    records = json.loads(whole)
    del records[list(records)[7]]["QUESTION"]
    path.write_text(json.dumps(records))
    summary = run_all(home, raw, ran.settings)
    assert [(o.asset, o.partition, o.state) for o in summary.bad] == [("raw_corpus", "pubmedqa", "refused")]
    assert "ori_pqal.json" in summary.bad[0].problem
    assert "record 7 (" in summary.bad[0].problem
    states = {(o.asset, o.partition): o.state for o in summary.outcomes}
    assert states["instances", "pubmedqa"] == states["verdicts", "pubmedqa"] == "not run"
    assert states["verdicts", "meqsum"] == states["verdicts", "bc5cdr"] == states["scores", "tiny"] == "unchanged"
    assert states["lineage", "all"] == "built"  # it says now that pubmedqa is stale
    workspace = Workspace.open(home, raw, ran.settings)
    assert workspace.store.require("verdicts", "pubmedqa").digest == good
    (newest,) = instance_of(home).get_runs(dg.RunsFilter(job_name="corpus_data"), limit=1)
    assert newest.status.value == "FAILURE"
    assert newest.tags["dagster/asset_partition_range_start"] == "pubmedqa"
    assert newest.tags["dagster/asset_partition_range_end"] == "pubmedqa"

    path.write_text(whole)
    mended = run_all(home, raw, ran.settings)
    assert mended.ok, mended.bad
    assert workspace.failures() == []


def test_strict_stops_at_the_first_corpus_that_fails(ran: Ran, twin_raw: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(twin_raw / "meqsum", raw / "meqsum")
    shutil.copytree(twin_raw / "pubmedqa", raw / "pubmedqa")
    (raw / "pubmedqa" / "data" / "ori_pqal.json").unlink()
    summary = run_all(tmp_path / "home", raw, {**ran.settings, "workers": 1}, strict=True)
    assert not summary.ok
    assert "pubmedqa" in summary.problem
    assert {o.asset for o in summary.outcomes} == {"raw_corpus", "instances", "verdicts"}


def strange(folder: Path, records: list[dict[str, str]]) -> tuple[Path, dict[str, Any]]:
    """Raw folder and settings of a home with one corpus of its own."""
    given = write_corpus(folder, records)
    return given["raw"], {"catalog": {"extra": [str(path) for path in given["catalog"]["extra"]]}, "workers": 1}


@pytest.mark.parametrize("count", [8, pytest.param(58, marks=pytest.mark.slow)])
def test_three_failing_corpora_leave_the_others_good_in_one_run(
    tmp_path: Path, instance_of: Instances, count: int
) -> None:
    broken = [1, count // 2, count - 1]
    given = write_many(tmp_path, count, broken)
    settings = {"catalog": {"extra": [str(path) for path in given["catalog"]["extra"]]}, "workers": 2, "models": {}}
    settings["models"] = {name: {"kind": "majority", "plan": "tiny"} for name in ("tiny", "tiny-untuned", "majority")}
    summary = run_all(tmp_path / "home", given["raw"], settings)
    assert {o.partition for o in summary.bad} == {*(f"strange{number:02}" for number in broken), "all"}
    held = next(o.problem for o in summary.bad if o.asset == "benchmark")
    assert all(f"--without strange{number:02}" in held for number in broken)
    instance = instance_of(tmp_path / "home")
    (run,) = instance.get_runs(dg.RunsFilter(job_name="corpus_data"))
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert len(instance.get_materialized_partitions(dg.AssetKey("verdicts"))) == count - len(broken)
    store = Workspace.open(tmp_path / "home", given["raw"], settings).store
    assert store.current("benchmark", "all") is None, "a release would lack them for good"
    assert store.current("duplicates", "all") is not None
    assert due_corpora(instance, Workspace.look(tmp_path / "home", None, settings)) == [
        f"strange{number:02}" for number in broken
    ]


def test_without_a_test_item_nothing_is_frozen_and_one_failure_says_why(tmp_path: Path, instance_of: Instances) -> None:
    records = [{"id": str(n), "q": f"question {n}", "a": "answer", "split": "train"} for n in range(4)]
    raw, settings = strange(tmp_path, records)
    summary = run_all(tmp_path / "home", raw, settings)
    assert [(o.asset, o.state) for o in summary.bad] == [("benchmark", "failed")]
    assert "no item" in summary.bad[0].problem
    states = Counter(o.state for o in summary.outcomes)
    assert states["not run"] == 12  # contamination, the plan, its three models, comparisons, the leaderboard
    assert not summary.ok
    workspace = Workspace.open(tmp_path / "home", raw, settings)
    assert workspace.store.current("benchmark", "all") is None
    (failed,) = instance_of(tmp_path / "home").get_runs(dg.RunsFilter(job_name="release"))
    assert failed.status == dg.DagsterRunStatus.FAILURE


def test_where_no_corpus_is_good_that_is_the_one_failure(tmp_path: Path) -> None:
    raw, settings = strange(tmp_path, [])
    summary = run_all(tmp_path / "home", raw, settings)
    assert [(o.asset, o.partition, o.state) for o in summary.bad] == [("raw_corpus", "strange", "refused")]
    assert {o.state for o in summary.outcomes if o.asset not in ("raw_corpus", "lineage")} == {"not run"}
    assert not summary.ok


def test_names_and_folders_are_checked_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="pubmedqa"):
        run_all(tmp_path / "home", None, {"twins": {"records": 20}}, corpora=["pubmdqa"])
    with pytest.raises(RawFileError, match="does not exist"):
        run_all(tmp_path / "other", tmp_path / "nothing")


def test_partitions_follow_the_home(ran: Ran, tmp_path: Path, twin_raw: Path) -> None:
    raw = tmp_path / "raw"
    for name in ("meqsum", "pubmedqa"):
        shutil.copytree(twin_raw / name, raw / name)
    with dg.instance_for_test() as instance:
        sync_partitions(instance, Workspace.open(tmp_path / "home", raw, ran.settings))
        assert instance.get_dynamic_partitions("corpora") == ["meqsum", "pubmedqa"]
        shutil.rmtree(raw / "meqsum")
        shutil.copytree(twin_raw / "bc5cdr_iob", raw / "bc5cdr_iob")
        sync_partitions(instance, Workspace.open(tmp_path / "home", raw, ran.settings))
        assert sorted(instance.get_dynamic_partitions("corpora")) == ["bc5cdr", "pubmedqa"]
        assert instance.get_dynamic_partitions("plans") == ["tiny"]


def test_what_a_killed_process_left_is_canceled_and_what_lives_is_not() -> None:
    """A run executed again has the tags of the first one, whose process may be gone: it lives elsewhere."""
    job = defs.resolve_job_def("publish")
    cases: dict[str, dict[str, Any]] = {
        "dead": {"started": 0.0},
        "living": {},
        "elsewhere": {"started": 0.0, "host": "another"},
        "again": {"started": 0.0, "run": "the first one"},
    }
    with dg.instance_for_test() as instance:
        names: dict[str, str] = {}
        for name, said in cases.items():
            run_id = str(uuid.uuid4())
            names[run_id] = name
            mine = json.loads(own_process(run_id)[PROCESS_TAG])
            tags = {PROCESS_TAG: json.dumps({**mine, **said})}
            instance.create_run_for_job(job, run_id=run_id, status=dg.DagsterRunStatus.STARTED, tags=tags)
        cancel_gone(instance)
        canceled = dg.RunsFilter(statuses=[dg.DagsterRunStatus.CANCELED])
        ended = {names[run.run_id] for run in instance.get_runs(canceled)}
        assert ended == {"dead"}


@pytest.mark.parametrize(
    ("wanted", "most", "expected"),
    [
        ("abcde", None, ["ae"]),
        ("abcde", 2, ["ab", "cd", "ee"]),
        ("abcde", 1, ["aa", "bb", "cc", "dd", "ee"]),
        ("ace", None, ["aa", "cc", "ee"]),
        ("abde", 3, ["ab", "de"]),
        ("", None, []),
    ],
)
def test_runs_carry_the_wanted_corpora_only_and_no_more_than_asked(
    wanted: str, most: int | None, expected: list[str]
) -> None:
    tags = [list(found.values()) for found in ranges(set(wanted), list("abcde"), most)]
    assert ["".join(ends) for ends in tags] == expected
