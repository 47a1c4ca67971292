"""Where corpora stand: what the files, the settings and the newest attempt say, found without making anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pipeline_home import run_steps
from strange_corpus import DISTRIBUTION, write_corpus

from meds_pipeline.cli.main import cli
from meds_pipeline.cli.show_corpora import show_corpora, show_quarantined
from meds_pipeline.core.digests import RememberedHashes
from meds_pipeline.core.errors import MedsError
from meds_pipeline.home.store import Store
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.status.corpora import CorpusStatus, status_of, statuses
from meds_pipeline.status.faults import bad_share, quarantined
from meds_pipeline.steps.plan import out_of_date, plan
from meds_pipeline.steps.run import run_chain, run_step

ROWS = 27  # of the workbook that the twins write at 40 records
XLSX = "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx"
GATED = """
corpus: guarded
title: Guarded notes
about: Notes that upstream gives to those who signed
source: https://example.org/guarded
licence: by agreement
access: credentialed
tasks:
  x_guarded_title:
    name: guarded_title
    category: Text Summarization
    metric: bleu1_rougeL
    use: both
    definition: Give the note a title.
distributions:
  guarded:
    files:
      notes:
        path: notes.jsonl
        reader: jsonl
        columns: {text: VARCHAR, title: VARCHAR}
    recipes:
      x_guarded_title: SELECT source, text AS input, title AS outputs FROM notes
"""


@pytest.fixture
def raw(twin_raw: Path, tmp_path: Path) -> Path:
    """Raw files of one corpus that a test may change."""
    shutil.copytree(twin_raw / "meqsum", tmp_path / "raw" / "meqsum")
    return tmp_path / "raw"


def of(workspace: Workspace, name: str) -> CorpusStatus:
    """The status of a corpus as commands that only look see it."""
    return status_of(replace(workspace, store=Store(workspace.home, RememberedHashes)), name)


def test_a_corpus_goes_from_not_built_to_present_to_stale(raw: Path, opened: Callable[..., Workspace]) -> None:
    workspace = opened(raw=raw)
    assert of(workspace, "meqsum").state == "not built"
    run_steps(workspace, "raw_corpus", "instances", "verdicts")
    built = of(workspace, "meqsum")
    assert (built.state, built.records, built.faults, built.problem) == ("present", ROWS, 0, None)
    os.utime(raw / "meqsum" / XLSX, ns=(1, 1))
    changed = of(workspace, "meqsum")
    assert (changed.state, changed.records) == ("stale", ROWS)
    assert "raw_corpus: raw file" in str(changed.problem)
    run_steps(workspace, "raw_corpus")
    assert of(workspace, "meqsum").state == "present", "the bytes are the same"


def test_a_run_would_check_what_no_check_has_judged_by_what_it_asks_today(
    raw: Path, opened: Callable[..., Workspace]
) -> None:
    workspace, chain = opened(raw=raw), ("raw_corpus", "instances", "verdicts")

    def would(ws: Workspace) -> dict[str, str]:
        return {one.asset: one.would for one in out_of_date(ws, "corpora", ["meqsum"]).get("meqsum", [])}

    run_steps(workspace, *chain)
    assert would(workspace) == {"raw_corpus": "check", "instances": "check"}, "as after a kill before the checks"
    assert of(workspace, "meqsum").state == "present"
    assert all(done.outcome.state == "unchanged" for done in run_chain(workspace, chain, "meqsum"))
    assert would(workspace) == {}
    corpora = dict(workspace.catalog.corpora)
    corpora["meqsum"] = corpora["meqsum"].model_copy(update={"fault_threshold": 0.0})
    assert would(replace(workspace, catalog=replace(workspace.catalog, corpora=corpora))) == {"raw_corpus": "check"}


def test_a_corpus_is_stale_when_settings_change_its_verdicts(raw: Path, opened: Callable[..., Workspace]) -> None:
    run_steps(opened(raw=raw), "raw_corpus", "instances", "verdicts")
    other = opened(raw=raw, quality={"max_input_chars": 77})
    assert "verdicts: setting max_input_chars: 60000 -> 77" in str(of(other, "meqsum").problem)


def test_a_failed_attempt_leaves_the_last_good_output_stale(raw: Path, opened: Callable[..., Workspace]) -> None:
    workspace = opened(raw=raw)
    run_steps(workspace, "raw_corpus", "instances", "verdicts")
    (raw / "meqsum" / XLSX).rename(raw / "meqsum" / "elsewhere.xlsx")
    with pytest.raises(MedsError):
        run_step(workspace, "raw_corpus", "meqsum")
    standing = of(workspace, "meqsum")
    assert (standing.state, standing.records) == ("stale", ROWS)
    assert "no file matches" in str(standing.problem)


def test_a_corpus_whose_files_are_gone_is_stale_and_says_what_to_do(
    raw: Path, opened: Callable[..., Workspace]
) -> None:
    workspace = opened(raw=raw)
    run_steps(workspace, "raw_corpus", "instances", "verdicts")
    shutil.rmtree(raw / "meqsum")
    gone = of(workspace, "meqsum")
    assert (gone.state, gone.records, gone.distribution) == ("stale", ROWS, None)
    assert "meqsum is stale: corpus meqsum: its files are gone" in show_corpora([gone])
    assert f"Put them back below {raw}" in str(gone.problem)
    forgotten = CliRunner().invoke(cli, ["corpora", "forget", "meqsum", "--home", str(workspace.home)])
    assert "meqsum is in no later build" in forgotten.output
    assert of(workspace, "meqsum").state == "missing"


def test_faults_show_the_share_of_bytes_they_cover(tmp_path: Path, opened: Callable[..., Workspace]) -> None:
    arguments = write_corpus(tmp_path, [{"id": "1", "q": "Question?", "a": "Answer."}])
    lines = arguments["raw"] / DISTRIBUTION / "lines.jsonl"
    lines.write_text(lines.read_text() + "[" * (3 * len(lines.read_text()) - 3) + "\n")
    workspace = opened(**arguments)
    run_step(workspace, "raw_corpus", "strange")
    standing = of(workspace, "strange")
    assert (standing.faults, standing.fault_share) == (1, 0.75)
    assert "1 (75.0%)" in show_corpora([standing])
    shown = show_quarantined("strange", quarantined(workspace, "strange"), bad_share(workspace, "strange"), None)
    assert "1 bad records covering 75.0% of the bytes" in shown


def test_a_corpus_that_never_succeeded_is_failed(tmp_path: Path, opened: Callable[..., Workspace]) -> None:
    (tmp_path / "raw" / "meqsum").mkdir(parents=True)
    workspace = opened(raw=tmp_path / "raw")
    with pytest.raises(MedsError):
        run_step(workspace, "raw_corpus", "meqsum")
    assert of(workspace, "meqsum").state == "failed"


def test_an_incomplete_folder_says_what_is_missing(raw: Path, opened: Callable[..., Workspace]) -> None:
    (raw / "aci_bench").mkdir()
    (raw / "tico19").mkdir()
    workspace = opened(raw=raw)
    required, optional = of(workspace, "aci_bench"), of(workspace, "tico19")
    assert (required.state, optional.state) == ("not built", "not built")
    assert "file aci_bench/: no file matches data/challenge_data/" in str(required.problem)
    assert "file tico19/: no file matches any of data/" in str(optional.problem)
    assert "not built: corpus tico19" in show_corpora([optional])


def test_what_upstream_does_not_give_to_everyone_is_gated(raw: Path, opened: Callable[..., Workspace]) -> None:
    catalog = opened(raw=raw).home / "catalog"
    catalog.mkdir()
    (catalog / "guarded.yaml").write_text(GATED)
    workspace = opened(raw=raw)
    assert (of(workspace, "guarded").state, of(workspace, "medqa").state) == ("gated", "missing")
    assert of(workspace, "guarded").problem == "credentialed at https://example.org/guarded"


def test_looking_makes_nothing(raw: Path, opened: Callable[..., Workspace]) -> None:
    workspace = opened(raw=raw)
    run_steps(workspace, "raw_corpus", "instances", "verdicts")
    os.utime(raw / "meqsum" / XLSX, ns=(1, 1))
    before = {p: p.stat().st_mtime_ns for p in workspace.home.rglob("*")}
    looked = Workspace.look(workspace.home, raw)
    statuses(looked)
    plan(looked)
    assert {p: p.stat().st_mtime_ns for p in workspace.home.rglob("*")} == before


def test_an_empty_row_is_listed_with_the_record_it_is_from(tmp_path: Path, opened: Callable[..., Workspace]) -> None:
    folder = tmp_path / "raw" / "guarded"
    folder.mkdir(parents=True)
    good = b'{"text": "A note.", "title": "Title"}\n'
    (folder / "notes.jsonl").write_bytes(good + b'{"text": "Another.", "title": " "}\n{"text": \n')
    (opened(raw=folder.parent).home / "catalog").mkdir()
    (opened(raw=folder.parent).home / "catalog" / "guarded.yaml").write_text(GATED + "fault_threshold: 0.9\n")
    workspace = opened(raw=folder.parent)
    run_steps(workspace, "raw_corpus", "instances")
    fault, empty = quarantined(workspace, "guarded")
    assert (fault.record_index, fault.task) == (2, None)
    assert (empty.record_index, empty.start, empty.task) == (1, len(good), "x_guarded_title")
    assert empty.detail.startswith("an output is empty. Mend the recipe")
