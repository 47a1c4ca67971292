"""The command line: quick to start, JSON for scripts, one line for an error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from strange_corpus import write_corpus, write_many

from meds_pipeline.cli.main import cli
from meds_pipeline.core.errors import MedsError, RawFileError, StoreError
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps.checks import check
from meds_pipeline.steps.run import run_chain, run_step


def meds(*arguments: str) -> str:
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, meds_pipeline.cli; print([m for m in sys.modules if '.' not in m])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"torch", "transformers", "dagster", "pandas", "great_expectations", "duckdb", "pyarrow", "nltk", "rich"}
    assert not heavy & set(json.loads(loaded.replace("'", '"')))


def test_an_error_is_one_line_on_stderr_and_exit_code_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "meds_pipeline",
            "corpora",
            "--home",
            str(tmp_path / "h"),
            "--raw",
            str(tmp_path / "none"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "raw folder does not exist" in done.stderr
    assert "Next:" in done.stderr


def test_a_home_of_twins_takes_no_raw_files(built: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RawFileError, match="holds synthetic twins"):
        Workspace.open(built.home, tmp_path)


def test_a_home_of_raw_files_finds_them_again(twin_raw: Path, tmp_path: Path) -> None:
    Workspace.open(tmp_path / "home", twin_raw)
    again = Workspace.open(tmp_path / "home")
    assert (again.origin, again.raw) == ("real", twin_raw.resolve())


def test_corpora_lists_state_licence_and_counts(built: Workspace) -> None:
    rows = {row["corpus"]: row for row in json.loads(meds("corpora", "--home", str(built.home), "--json"))}
    assert rows["pubmedqa"]["state"] == "present"
    assert rows["pubmedqa"]["licence"] == "MIT"
    assert rows["meqsum"]["instances"] == rows["meqsum"]["records"] > 0
    files = (built.raw / "pubmedqa/data").iterdir()
    assert rows["pubmedqa"]["records"] == sum(len(json.loads(path.read_text())) for path in files)
    assert rows["pubmedqa"]["problem"] is None
    assert rows["medqa"]["state"] == "missing"
    assert "Give the folder that holds mediq_imedqa/ with its files to --raw" in rows["medqa"]["problem"]
    lines = meds("corpora", "--home", str(built.home)).splitlines()
    assert lines.index("Named Entity Recognition") < next(n for n, t in enumerate(lines) if t.startswith("bc5cdr"))
    assert f"{len(rows)} corpora: 3 present, {len(rows) - 3} missing" in lines


def test_one_corpus_is_shown_in_full(built: Workspace) -> None:
    shown = meds("corpora", "--home", str(built.home), "show", "anatem")
    corpus = built.catalog.corpus("anatem")
    assert all(text in shown for text in (corpus.title, corpus.about, corpus.licence, corpus.source))
    found = json.loads(meds("corpora", "--home", str(built.home), "show", "pubmedqa", "--json"))
    assert (found["about"], found["distribution"]) == (built.catalog.corpus("pubmedqa").about, "pubmedqa")


def test_looking_at_a_home_nobody_ran_in_settles_nothing(twin_raw: Path, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    for raw, state in (([], "missing"), (["--raw", str(twin_raw)], "not built")):
        rows = json.loads(meds("corpora", "--home", home, *raw, "--json"))
        assert {row["state"] for row in rows} == {state}
        assert meds("corpora", "--home", home, *raw, "show", "pubmedqa")
    assert not (tmp_path / "home").exists()


def test_a_home_of_twins_refuses_a_corpus_without_a_twin(built: Workspace, tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_corpus(tmp_path, [])
    home.mkdir()
    (home / "meds.yaml").write_text("catalog: {extra: [../strange_catalog]}\n")
    for command in (["corpus", "check", "strange"], ["run", "--corpus", "strange"]):
        done = CliRunner().invoke(cli, [*command, "--home", str(home)])
        assert isinstance(done.exception, RawFileError)
        assert "no synthetic twin" in str(done.exception)
        assert "holds strange_lines/ with its files to --raw" in str(done.exception)
        assert not (home / "origin.json").exists(), "it may still become a home of real files"
    with pytest.raises(RawFileError, match=r"Give the folder .* to --raw, and another --home: .* twins"):
        built.obtainable("medqa")
    with pytest.raises(RawFileError, match="holds synthetic twins, and a new corpus has none"):
        CliRunner().invoke(cli, ["corpus", "new", "clinic", "--home", str(built.home)], catch_exceptions=False)


def test_a_run_accepts_less_of_the_corpora_it_is_told_of(tmp_path: Path) -> None:
    arguments, home = write_many(tmp_path, 2, [1]), tmp_path / "home"
    home.mkdir()
    (home / "meds.yaml").write_text("catalog: {extra: [../many_catalog]}\nworkers: 1\n")
    ws = Workspace.open(home, arguments["raw"])
    states = [d.outcome.state for d in run_chain(ws, ("raw_corpus", "instances", "verdicts"), "strange00")]
    assert states == ["built"] * 3
    lines = arguments["raw"] / "strange00_lines" / "lines.jsonl"
    lines.write_text("".join(lines.read_text().splitlines(keepends=True)[:4]))
    assert run_step(ws, "raw_corpus", "strange00").output.manifest.rows["records"] == 4
    assert "--accept strange00" in check(ws, "raw_files", "strange00").result.reason
    # The other corpus is no JSON at all, so the run stops before it trains.
    done = CliRunner().invoke(cli, ["run", "--home", str(home), "--strict", "--quiet", "--accept", "strange00"])
    assert done.exit_code == 1
    assert {failure.partition for failure in ws.failures()} == {"strange01"}
    good = ws.good("strange00")
    assert good is not None
    assert ws.instances_of(good).manifest.rows["instances"] == 4
    assert isinstance(CliRunner().invoke(cli, ["run", "--home", str(home), "--accept", "nosuch"]).exception, MedsError)


def test_faults_of_a_corpus_name_place_and_next_step(twin_raw: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw" / "bc5cdr_iob" / "data" / "BC5CDR-IOB"
    raw.mkdir(parents=True)
    good = (twin_raw / "bc5cdr_iob" / "data" / "BC5CDR-IOB" / "test.tsv").read_text()
    (raw / "test.tsv").write_text("Tagless\n\n" + good)
    home = str(tmp_path / "home")
    run_step(Workspace.open(Path(home), tmp_path / "raw"), "raw_corpus", "bc5cdr")
    printed = meds("corpora", "--home", home, "faults", "bc5cdr")
    assert printed == meds("corpora", "faults", "bc5cdr", "--home", home)
    assert "test.tsv record 0" in printed
    assert "1 bad records covering 0.3% of the bytes and 0 empty rows in bc5cdr. Good records went on." in printed
    assert "Correct the line" in printed
    assert json.loads(meds("corpora", "--home", home, "faults", "bc5cdr", "--json"))[0]["reason"] == "missing_tag"


def test_faults_say_when_a_corpus_is_not_used_and_why(twin_raw: Path, tmp_path: Path) -> None:
    raw, home = tmp_path / "raw", tmp_path / "home"
    folder = raw / "pubmedqa" / "data"
    shutil.copytree(twin_raw / "pubmedqa", raw / "pubmedqa")
    (folder / "ori_pqal.json").unlink()
    workspace = Workspace.open(home, raw)
    with pytest.raises(RawFileError):
        run_step(workspace, "raw_corpus", "pubmedqa")
    done = CliRunner().invoke(cli, ["corpora", "faults", "pubmedqa", "--home", str(home)])
    assert isinstance(done.exception, StoreError)
    assert "it could not be read." in str(done.exception)
    assert "ori_pqal.json" in str(done.exception)

    records = json.loads((twin_raw / "pubmedqa" / "data" / "ori_pqal.json").read_text())
    for record in list(records.values())[:9]:
        del record["QUESTION"]
    (folder / "ori_pqal.json").write_text(json.dumps(records))
    run_step(workspace, "raw_corpus", "pubmedqa")
    check(workspace, "raw_files", "pubmedqa")
    printed = meds("corpora", "faults", "pubmedqa", "--home", str(home))
    assert "9 bad records" in printed
    assert "pubmedqa is not used: raw_files: " in printed
    assert "went on" not in printed


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("mediq_imedqa", "is no corpus but a form of medqa"),
        ("meqsum", "no raw files are there"),
        ("x", "no corpus 'x'"),
    ],
)
def test_a_corpus_that_cannot_be_run_is_named_before_anything_runs(
    twin_raw: Path, tmp_path: Path, name: str, problem: str
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(twin_raw / "pubmedqa", raw / "pubmedqa")
    done = CliRunner().invoke(cli, ["run", "--raw", str(raw), "--home", str(tmp_path / "home"), "--corpus", name])
    assert isinstance(done.exception, MedsError)
    assert problem in str(done.exception)
    assert "Next: " in str(done.exception)


def test_a_dry_run_knows_the_corpora_of_a_home_of_twins_before_they_are_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    found = json.loads(meds("run", "--dry-run", "--json", "--home", str(home), "--corpus", "meqsum"))
    assert {one["partition"] for one in found if one["asset"] == "verdicts"} == {"meqsum"}
    assert {one["partition"] for one in found if one["asset"] == "training_set"} == {"tiny"}, "no model uses another"
    assert not home.exists()


def test_trace_prints_the_chain(built: Workspace) -> None:
    with duckdb.connect(str(built.home / "lineage.duckdb"), read_only=True) as con:
        sample = con.execute("SELECT min(sample_id) FROM sample").fetchall()[0][0]
    tree = json.loads(meds("trace", "sample", sample, "--home", str(built.home), "--json"))
    assert tree["name"] == sample
    text = meds("trace", "sample", sample, "--home", str(built.home))
    assert text.startswith("A sample of task")
    assert "record" in text
    assert "sha256" not in text
    assert "sha256" in meds("trace", "sample", sample, "--home", str(built.home), "--full")


def test_trace_opens_with_the_answer_in_words(built: Workspace) -> None:
    rows = json.loads(meds("leaderboard", "--home", str(built.home), "--json"))
    row = next(row for row in rows if (row["name"], row["model"], row["scorer"]) == ("task123", "tiny", "corrected"))
    said = meds("trace", "score", row["score_id"], "--home", str(built.home)).splitlines()
    assert said[0].startswith(f"tiny has {row['value']:.1f} % (95 % interval {row['low']:.1f} to ")
    assert said[0].endswith(f"over {row['n']} items of the release default.")
    assert said[1].startswith("tiny (tuned) stands on 60 training samples of plan tiny made from ")
    item = next(line.split()[2] for line in said if line.startswith(("├── item", "└── item")))
    words = meds("trace", "item", item, "--home", str(built.home)).splitlines()
    assert words[0].startswith(f"Item {item[:12]} of task123, release default, was made from record ")
    assert {line.split()[0] for line in words[1:4]} == set(built.settings.models)


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_ids_of_scores_are_whole_in_any_terminal(built: Workspace, columns: str) -> None:
    rows = json.loads(meds("leaderboard", "--home", str(built.home), "--json"))
    done = CliRunner().invoke(cli, ["leaderboard", "--home", str(built.home)], env={"COLUMNS": columns})
    assert [line[:12] for line in done.stdout.splitlines()[1 : len(rows) + 1]] == [row["score_id"][:12] for row in rows]
    assert {row["scorer"] for row in rows[:9]} == {"corrected"}


def test_options_before_a_subcommand_count_more_than_the_environment(built: Workspace, tmp_path: Path) -> None:
    def state(*arguments: str, home: Path) -> str:
        done = CliRunner().invoke(cli, ["corpora", *arguments, "--json"], env={"MEDS_HOME": str(home)})
        return str(json.loads(done.stdout)["state"])

    before, after = ["--home", str(built.home), "show", "meqsum"], ["show", "meqsum", "--home", str(built.home)]
    assert state(*before, home=tmp_path) == state(*after, home=tmp_path) == "present"
    assert state("show", "meqsum", home=built.home) == "present"
    assert state("show", "meqsum", home=tmp_path) == "missing"


def test_commands_that_an_error_names_are_about_the_same_home(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    done = subprocess.run(
        [sys.executable, "-m", "meds_pipeline", "leaderboard", "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"Run `meds run --home '{home}'`" in done.stderr


def test_leaderboard_and_bench_print_what_was_scored(built: Workspace) -> None:
    rows = json.loads(meds("leaderboard", "--home", str(built.home), "--json"))
    assert {row["model"] for row in rows} == set(built.settings.models)
    assert "tiny-untuned" in meds("leaderboard", "--home", str(built.home))
    facts = json.loads(meds("bench", "show", "--home", str(built.home), "--json"))
    assert facts["release"] == "default"
    assert facts["items"] == built.store.require("benchmark", "all").manifest.rows["items"]


def test_twins_writes_files_that_can_be_read_as_raw(tmp_path: Path) -> None:
    assert "meds run --raw" in meds("twins", str(tmp_path / "raw"), "--records", "5")
    assert (tmp_path / "raw" / "pubmedqa" / "data" / "ori_pqal.json").is_file()


@pytest.mark.parametrize(
    "arguments", [["leaderboard", "--json"], ["bench", "show"], ["trace", "sample", "abc"], ["trace", "model", "tiny"]]
)
def test_a_mistyped_home_is_an_error_and_is_not_made(tmp_path: Path, arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, [*arguments, "--home", str(tmp_path / "typo")])
    assert isinstance(done.exception, StoreError)
    assert "nothing was run here yet" in str(done.exception)
    assert not (tmp_path / "typo").exists()


def test_a_home_without_scores_has_no_leaderboard(opened: Callable[..., Workspace]) -> None:
    home = opened().home
    done = CliRunner().invoke(cli, ["leaderboard", "--home", str(home), "--json"])
    assert isinstance(done.exception, StoreError)
    assert done.stdout == ""
