"""Expectation suites, without Dagster: what is refused, how it is named, what is kept."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from strange_corpus import DISTRIBUTION, EVERYTHING, NAME, TASK, write_corpus

from meds_pipeline.core.digests import file_sha256
from meds_pipeline.core.errors import QualityError, UnknownNameError
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.quality.suites import Finding, Suite, suite, suites
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.checks import check
from meds_pipeline.steps.loss import accept
from meds_pipeline.steps.run import run_chain, run_step

Open = Callable[..., Workspace]
CHAIN = ("raw_corpus", "instances", "verdicts")


@pytest.fixture
def damaged(twin_raw: Path, tmp_path: Path) -> Path:
    """Raw files whose labelled PubMedQA records 3 and 5 have lost their question."""
    raw = tmp_path / "raw"
    shutil.copytree(twin_raw, raw)
    path = raw / "pubmedqa" / "data" / "ori_pqal.json"
    records = json.loads(path.read_text())
    for key in [list(records)[3], list(records)[5]]:
        del records[key]["QUESTION"]
    path.write_text(json.dumps(records))
    return raw


def lenient(ws: Workspace) -> Workspace:
    """The same home with a threshold for PubMedQA that half of it may be bad."""
    corpus = ws.catalog.corpora["pubmedqa"].model_copy(update={"fault_threshold": 0.5})
    return replace(ws, catalog=replace(ws.catalog, corpora={**ws.catalog.corpora, "pubmedqa": corpus}))


def test_every_checked_asset_is_a_step_and_every_suite_passes_on_the_twins(built: Workspace) -> None:
    assert {s.asset for s in suites().values()} == {"raw_corpus", "instances", "training_set", "predictions", "scores"}
    for name, asked in suites().items():
        for partition in STEPS[asked.asset].names(built):
            result = check(built, name, partition).result
            assert result.refused == (), result.reason
            assert result.rows > 0
            assert len(result.findings) == len(asked.expectations)


def test_each_expectation_says_what_it_asks() -> None:
    for asked in suites().values():
        for expectation in asked.expectations:
            assert expectation["severity"] in ("critical", "warning")
            assert len(expectation["meta"]["about"]) > 10


def test_nothing_is_built_on_what_a_suite_could_not_judge(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = opened(**write_corpus(tmp_path, [{"id": "1", "q": "why", "a": "so", "split": "train"}]))
    run_step(ws, "raw_corpus", NAME)
    whole = suite("raw_files")
    monkeypatch.setattr("meds_pipeline.steps.checks.suite", lambda _: replace(whole, select="SELECT nothing"))
    with pytest.raises(Exception, match="nothing"):
        check(ws, "raw_files", NAME)
    monkeypatch.undo()
    with pytest.raises(QualityError, match="raw_files could not be checked"):
        run_step(ws, "instances", NAME)
    check(ws, "raw_files", NAME)
    run_step(ws, "instances", NAME)


def test_too_many_bad_records_refuse_the_corpus_and_are_named(opened: Open, damaged: Path) -> None:
    ws = opened(raw=damaged)
    run_step(ws, "raw_corpus", "pubmedqa")
    result = check(ws, "raw_files", "pubmedqa").result
    (refused,) = result.refused
    assert refused.rows[0]["path"] == "data/ori_pqal.json"
    assert refused.failing == 1
    assert "ori_pqal.json" in result.reason
    assert "record 3 (" in result.reason
    assert "record 5 (" in result.reason
    with pytest.raises(QualityError, match="record 3"):
        run_step(ws, "instances", "pubmedqa")


def test_a_cut_file_refuses_the_corpus_until_it_is_accepted(opened: Open, twin_raw: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(twin_raw / "pubmedqa", raw / "pubmedqa")
    path = raw / "pubmedqa" / "data" / "ori_pqaa.json"
    path.write_bytes(path.read_bytes()[:-200])
    ws = lenient(opened(raw=raw))
    run_step(ws, "raw_corpus", "pubmedqa")
    (refused,) = check(ws, "raw_files", "pubmedqa").result.refused
    assert "no file is cut" in refused.about
    assert refused.rows[0]["path"] == "data/ori_pqaa.json"
    accept(ws, "pubmedqa")
    assert check(ws, "raw_files", "pubmedqa").result.refused == ()


def test_a_fault_weighs_its_bytes(opened: Open, tmp_path: Path) -> None:
    ws, path = counted(opened, tmp_path, 1200)
    path.write_text(path.read_text() + "{" * 100_000 + "\n")
    run_step(ws, "raw_corpus", NAME)
    (refused,) = check(ws, "raw_files", NAME).result.refused
    assert "of the bytes in them" in refused.about
    assert "1 bad of 1201 records, 60.1 % of their bytes" in str(refused)


def counted(opened: Open, root: Path, count: int) -> tuple[Workspace, Path]:
    """A home of a corpus of so many records, and its file."""
    arguments = write_corpus(root, [{"id": str(n), "q": f"Question {n}?", "a": f"Answer {n}."} for n in range(count)])
    return opened(**arguments), arguments["raw"] / DISTRIBUTION / "lines.jsonl"


@pytest.mark.parametrize(("kept", "is_refused"), [(79, True), (81, False)])
def test_over_a_fifth_fewer_records_than_in_the_last_good_output_refuse_the_corpus_until_it_is_accepted(
    opened: Open, tmp_path: Path, kept: int, is_refused: bool
) -> None:
    ws, path = counted(opened, tmp_path, 100)
    done = [d.outcome.state for d in run_chain(ws, CHAIN, NAME)]
    assert done == ["built"] * 3
    good = ws.good(NAME)
    whole = path.read_text().splitlines(keepends=True)
    path.write_text("".join(whole[:kept]))
    states = [d.outcome for d in run_chain(ws, CHAIN, NAME)]
    if not is_refused:
        assert [o.state for o in states] == ["built"] * 3
        assert [d.outcome.state for d in run_chain(ws, CHAIN, NAME)] == ["unchanged"] * 3
        return
    assert [o.state for o in states] == ["refused", "not run", "not run"]
    assert f"{kept} records, 100 before" in states[0].problem
    assert f"`meds run --accept {NAME}` takes fewer" in states[0].problem
    assert ws.good(NAME) == good
    note = accept(ws, NAME)
    assert note.files == {"lines.jsonl": file_sha256(path)}
    assert [d.outcome.state for d in run_chain(ws, CHAIN, NAME)] == ["unchanged", "built", "built"]
    assert ws.failures() == []
    slower = replace(ws, settings=ws.settings.model_copy(update={"reader_seconds": 61}))
    assert [d.outcome.state for d in run_chain(slower, CHAIN, NAME)] == ["built", "unchanged", "unchanged"]
    path.write_text("".join(whole[:5]))
    assert next(run_chain(ws, CHAIN, NAME)).outcome.state == "refused", "other files were not accepted"


def test_a_recipe_that_loses_instances_is_refused_until_it_is_accepted(opened: Open, tmp_path: Path) -> None:
    rows = [{"id": str(n), "q": f"Question {n}?", "a": f"Answer {n}."} for n in range(20)]
    ws = opened(**write_corpus(tmp_path, rows))
    assert [d.outcome.state for d in run_chain(ws, CHAIN, NAME)] == ["built"] * 3
    accept(ws, NAME)
    lossy = opened(**write_corpus(tmp_path, rows, f"{EVERYTHING} WHERE source % 2 = 0"))
    states = [d.outcome for d in run_chain(lossy, CHAIN, NAME)]
    assert [o.state for o in states] == ["unchanged", "refused", "not run"], "the files were accepted, not this recipe"
    assert f"task_id {TASK}, lost 10 instances, 20 before" in states[1].problem
    accept(lossy, NAME)
    assert [d.outcome.state for d in run_chain(lossy, CHAIN, NAME)] == ["unchanged", "unchanged", "built"]


def test_fewer_records_than_the_catalog_states_refuse_a_first_build(opened: Open, tmp_path: Path) -> None:
    ws, _ = counted(opened, tmp_path, 79)
    yaml = next((tmp_path / "strange_catalog").iterdir())
    yaml.write_text(yaml.read_text().replace("reader: jsonl\n", "reader: jsonl\n        records: 100\n"))
    stated = opened(raw=ws.raw, catalog={"extra": [yaml.parent]})
    run_step(stated, "raw_corpus", NAME)
    (refused,) = check(stated, "raw_files", NAME).result.refused
    assert "path (all of lines), lost 79 records, 100 stated by the catalog" in str(refused)
    assert run_step(ws, "raw_corpus", NAME).reused, "what is expected of a file shapes nothing that is read from it"


def test_mended_files_clear_the_refusal(opened: Open, damaged: Path, twin_raw: Path) -> None:
    ws = opened(raw=damaged)
    run_step(ws, "raw_corpus", "pubmedqa")
    assert check(ws, "raw_files", "pubmedqa").result.refused
    shutil.copy(twin_raw / "pubmedqa/data/ori_pqal.json", damaged / "pubmedqa/data/ori_pqal.json")
    run_step(ws, "raw_corpus", "pubmedqa")
    assert not check(ws, "raw_files", "pubmedqa").result.refused
    assert ws.failures() == []
    assert not run_step(ws, "instances", "pubmedqa").reused


def test_a_higher_threshold_judges_the_same_output_anew(opened: Open, damaged: Path) -> None:
    ws = opened(raw=damaged)
    run_step(ws, "raw_corpus", "pubmedqa")
    assert check(ws, "raw_files", "pubmedqa").result.refused
    assert check(ws, "raw_files", "pubmedqa").reused
    again = check(lenient(ws), "raw_files", "pubmedqa")
    assert not again.reused
    assert not again.result.refused
    assert ws.failure("raw_corpus", "pubmedqa") is None


def test_empty_rows_are_a_warning_that_counts_them_and_names_their_task(opened: Open, tmp_path: Path) -> None:
    rows = [{"q": f"Question {n}?", "a": "" if n % 5 == 0 else f"Answer {n}."} for n in range(20)]
    ws = opened(**write_corpus(tmp_path, rows, "SELECT source, q AS input, a AS outputs FROM lines"))
    for step in ("raw_corpus", "instances"):
        run_step(ws, step, NAME)
    assert check(ws, "instances", NAME).result.warned == ()
    (warned,) = check(ws, "recipes", NAME).result.warned
    assert warned.rows == ({"task_id": TASK, "rows": 20, "empty_rows": 4, "empty_share": 0.2},)


def test_a_task_without_instances_is_a_warning(opened: Open, tmp_path: Path) -> None:
    recipe = "SELECT source, q AS input, a AS outputs FROM lines WHERE a = 'no answer is this'"
    ws = opened(**write_corpus(tmp_path, [{"q": "Question?", "a": "Answer."}], recipe))
    for step in ("raw_corpus", "instances"):
        run_step(ws, step, NAME)
    result = check(ws, "recipes", NAME).result
    assert [f.about for f in result.warned] == ["the task has at least one instance"]
    assert result.remark.startswith("expected that the task has at least one instance, but 1 of 1 rows differ")


def test_a_suite_that_only_warns_leaves_a_refusal_alone(opened: Open, tmp_path: Path) -> None:
    ws = opened(**write_corpus(tmp_path, [{"q": "", "a": ""}], "SELECT source, q AS input, a AS outputs FROM lines"))
    for step in ("raw_corpus", "instances"):
        run_step(ws, step, NAME)
    assert check(ws, "instances", NAME).result.refused
    assert not check(ws, "recipes", NAME).result.refused
    with pytest.raises(QualityError, match="at least one instance"):
        ws.require_good("instances", NAME)


def test_at_most_one_suite_may_refuse_the_outputs_of_an_asset() -> None:
    refusing = [asked.asset for asked in suites().values() if asked.may_refuse]
    assert len(refusing) == len(set(refusing))


def test_a_standing_result_needs_no_great_expectations(built: Workspace) -> None:
    check(built, "instances", "meqsum")
    code = (
        "import sys, pathlib\n"
        "from meds_pipeline.steps.checks import check\n"
        "from meds_pipeline.home.workspace import Workspace\n"
        "ws = Workspace.open(pathlib.Path(sys.argv[1]), None, {'twins': {'records': int(sys.argv[2])}})\n"
        "assert check(ws, 'instances', 'meqsum').reused\n"
        "assert 'great_expectations' not in sys.modules\n"
    )
    records = str(built.settings.twins.records)
    done = subprocess.run(
        [sys.executable, "-c", code, str(built.home), records], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_column_that_is_not_there_is_an_error_and_no_verdict(
    built: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = suite("instances")
    wrong = {**asked.expectations[1], "kwargs": {"column": "no_such_column"}}
    broken = Suite("instances", "instances", "", asked.names, (wrong,), asked.select)
    monkeypatch.setattr("meds_pipeline.quality.suites.suites", lambda: {"instances": broken})
    with pytest.raises(QualityError, match="no_such_column"):
        check(built, "instances", "meqsum")
    (failure,) = built.failures()
    assert "no_such_column" in failure.reason
    built.clear_failure("instances", "meqsum")  # other tests read this home too


def test_unknown_suite_names_the_known() -> None:
    with pytest.raises(UnknownNameError, match="raw_files"):
        suite("raw_fiels")


def test_a_finding_names_three_rows_and_says_that_there_are_more() -> None:
    rows = tuple({"id": n} for n in range(5))
    finding = Finding(
        expectation="e", about="ids are odd", severity="critical", success=False, checked=9, failing=5, rows=rows
    )
    assert str(finding) == "expected that ids are odd, but 5 of 9 rows differ: id 0; id 1; id 2; ..."
