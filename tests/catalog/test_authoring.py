"""Adding a corpus as a newcomer does: new, edit, check, and what the commands say on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pipeline_home import run_steps

from meds_pipeline.cli.main import cli
from meds_pipeline.core.errors import CatalogError, RawFileError, RecipeError
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps.checks import check

ENTRY = """\
      extra:
        path: extra.jsonl
        reader: jsonl
        columns: {id: VARCHAR}
"""
GOOD = [{"id": f"r{n}", "question": f"What is sign {n}?", "answer": f"It is sign {n}."} for n in range(6)]


class Newcomer:
    """Somebody with an empty home, a folder of raw files, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.home, self.raw = folder / "home", folder / "raw"
        self.raw.mkdir()
        self.yaml = self.home / "catalog" / "clinic.yaml"

    def meds(self, *arguments: str) -> tuple[int, str]:
        places = ["--home", str(self.home), "--raw", str(self.raw)]
        done = CliRunner().invoke(cli, [*arguments, *places])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout

    def check(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.meds("corpus", "check", "clinic", "--json")[1])
        return found

    def edit(self, old: str, new: str) -> None:
        text = self.yaml.read_text()
        assert old in text
        self.yaml.write_text(text.replace(old, new))

    def write(self, *lines: str, part: str = "train") -> None:
        path = self.raw / "clinic" / "data" / f"{part}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(line + "\n" for line in lines))


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    person = Newcomer(tmp_path)
    assert person.meds("corpus", "new", "clinic") == (
        0,
        f"{person.yaml}\nEdit it, put the raw files below {person.raw / 'clinic'}, then: "
        f"meds corpus check clinic --home {person.home} --raw {person.raw}\n",
    )
    return person


def test_the_template_works_as_it_is(newcomer: Newcomer) -> None:
    newcomer.write(*map(json.dumps, GOOD))
    found = newcomer.check()
    assert (found["rows"]["records"], found["rows"]["faults"], found["refused"], found["warnings"]) == (6, 0, [], [])
    (task,) = found["tasks"]
    assert task["splits"] == {"train": 6}
    assert json.loads(task["first"][0]["records"][0]) == GOOD[0]
    assert (task["first"][0]["input"], task["first"][0]["outputs"]) == ("What is sign 0?", ["It is sign 0."])
    code, text = newcomer.meds("corpus", "check", "clinic")
    assert code == 0
    assert text.endswith("Its suites find nothing wrong.\n")


def test_a_second_new_and_a_bad_name_are_refused(newcomer: Newcomer) -> None:
    before = newcomer.yaml.read_text()
    with pytest.raises(CatalogError, match=r"clinic\.yaml: the file is already there"):
        newcomer.meds("corpus", "new", "clinic")
    with pytest.raises(CatalogError, match="cannot name a corpus"):
        newcomer.meds("corpus", "new", "../elsewhere")
    assert newcomer.yaml.read_text() == before


def test_a_corpus_that_a_run_would_block_is_shown_all_the_same(newcomer: Newcomer) -> None:
    newcomer.write(*map(json.dumps, GOOD), '{"id": ')
    code, text = newcomer.meds("corpus", "check", "clinic")
    assert code == 1
    assert "It is sign 0." in text
    assert "A run would block it" in text
    assert "record 6 (bad_record)" in text
    newcomer.edit("fault_threshold: 0.01", "fault_threshold: 0.5")
    assert newcomer.meds("corpus", "check", "clinic")[0] == 0


def test_without_files_it_says_where_they_go(newcomer: Newcomer) -> None:
    with pytest.raises(RawFileError, match="no raw files are there") as raised:
        newcomer.meds("corpus", "check", "clinic")
    assert str(newcomer.raw / "clinic") in raised.value.next_step


def test_a_wrong_column_is_named_with_task_and_candidates(newcomer: Newcomer) -> None:
    newcomer.write(*map(json.dumps, GOOD))
    newcomer.edit("outputs: answer", "outputs: answr")
    with pytest.raises(RecipeError, match=r'task x_clinic_qa: .*"answr" not found.*"answer"'):
        newcomer.meds("corpus", "check", "clinic")


@pytest.mark.parametrize(
    ("key", "bare", "quoted"),
    [
        ("outputs: answer", "outputs: group", """outputs: '"group"'"""),
        ("input: question", "input: upper(group)", 'input: upper("group")'),
        (
            "from: questions",
            "from: questions\n        where: id <> group",
            'from: questions\n        where: id <> "group"',
        ),
    ],
)
def test_a_keyword_as_a_name_is_said_with_the_way_to_write_it(
    newcomer: Newcomer, key: str, bare: str, quoted: str
) -> None:
    newcomer.write(*(json.dumps({**row, "group": "a"}) for row in GOOD))
    newcomer.edit("answer: VARCHAR}", "answer: VARCHAR, group: VARCHAR}")
    newcomer.edit(key, bare)
    with pytest.raises(
        RecipeError, match=r'task x_clinic_qa: .* keyword of SQL is written in double quotes, .*"group"'
    ):
        newcomer.meds("corpus", "check", "clinic")
    newcomer.edit(bare, quoted)
    assert newcomer.meds("corpus", "check", "clinic")[0] == 0


def test_a_long_text_is_shown_by_its_start_its_length_and_its_end(newcomer: Newcomer) -> None:
    long, many = "first " + "word " * 20_000 + "last", "top\n" + "line\n" * 500 + "bottom"
    for part, question in (("train", long), ("test", many)):
        newcomer.write(json.dumps({"id": part, "question": question, "answer": "It is."}), part=part)
    shown = newcomer.meds("corpus", "check", "clinic")[1]
    assert len(shown) < 10_000
    for text in ("first word", "word last", "[... 100,010 characters in all ...]", "top", "bottom"):
        assert text in shown
    found = {instance["split"]: instance["input"] for instance in newcomer.check()["tasks"][0]["first"]}
    assert len(found["train"]) < 4_100
    assert (found["train"][:10], found["train"][-9:]) == ("first word", "word last")
    assert found["test"] == many


def test_an_unknown_key_is_named_with_file_and_line(newcomer: Newcomer) -> None:
    newcomer.edit("    use: both", "    uses: both")
    with pytest.raises(CatalogError, match=r"clinic\.yaml:\d+: .*use"):
        newcomer.meds("corpus", "check", "clinic")


def test_a_name_of_the_catalog_is_taken(newcomer: Newcomer) -> None:
    with pytest.raises(CatalogError, match="corpus pubmedqa: the catalog has a corpus of this name"):
        newcomer.meds("corpus", "new", "pubmedqa")


def test_new_needs_no_raw_files_and_settles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDS_HOME", raising=False)
    done = CliRunner().invoke(cli, ["corpus", "new", "clinic"], catch_exceptions=False)
    assert done.stdout.endswith("below raw/clinic, then: meds corpus check clinic --raw raw\n")
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()] == [
        Path("data/real/catalog/clinic.yaml")
    ]


def test_upstreams_parts_become_splits(newcomer: Newcomer) -> None:
    for part in ("train", "dev", "test"):
        newcomer.write(*(json.dumps({**row, "id": f"{part}{row['id']}"}) for row in GOOD), part=part)
    assert newcomer.check()["tasks"][0]["splits"] == {"test": 6, "train": 6, "validation": 6}


def test_a_check_leaves_nothing_behind(newcomer: Newcomer) -> None:
    newcomer.write(*map(json.dumps, GOOD))
    assert newcomer.meds("corpus", "check", "clinic")[0] == 0
    rows = {row["corpus"]: row for row in json.loads(newcomer.meds("corpora", "--json")[1])}
    assert (rows["clinic"]["state"], rows["clinic"]["instances"]) == ("not built", None)
    assert not (newcomer.home / "origin.json").exists()
    assert [path for path in newcomer.home.glob("scratch/*")] == []


def test_a_check_that_refuses_keeps_the_last_good_output(newcomer: Newcomer) -> None:
    newcomer.write(*map(json.dumps, GOOD))
    home = Workspace.open(newcomer.home, newcomer.raw)
    run_steps(home, "raw_corpus", "instances", "verdicts")
    before = home.good_corpora()["clinic"]
    newcomer.write(*map(json.dumps, GOOD[:2]), '{"id": ')
    code, text = newcomer.meds("corpus", "check", "clinic")
    assert code == 1
    assert "A run would block it" in text
    assert home.good_corpora()["clinic"] == before
    assert home.instances_of(before).manifest.rows["instances"] == len(GOOD)
    assert home.failures() == []
    newcomer.write(*map(json.dumps, GOOD))
    assert all(run_steps(home, "raw_corpus", "instances", "verdicts").values()), "nothing was to be made anew"


def test_a_check_of_a_refused_corpus_leaves_it_refused(newcomer: Newcomer) -> None:
    newcomer.write(*map(json.dumps, GOOD), '{"id": ')
    home = Workspace.open(newcomer.home, newcomer.raw)
    run_steps(home, "raw_corpus")
    check(home, "raw_files", "clinic")
    refused = home.failures()
    assert len(refused) == 1
    newcomer.edit("fault_threshold: 0.01", "fault_threshold: 0.5")
    assert newcomer.meds("corpus", "check", "clinic")[0] == 0
    assert home.failures() == refused


def test_a_twin_is_tried_where_nothing_was_built(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["corpus", "check", "meqsum", "--home", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "1 files, " in done.stdout
    assert not (tmp_path / "twins").exists()


def test_records_that_a_join_loses_are_counted(newcomer: Newcomer) -> None:
    newcomer.edit("    recipes:", ENTRY + "    recipes:")
    newcomer.edit(
        "    recipes:", "    views: {asked: SELECT questions.* FROM questions JOIN extra USING (id)}\n    recipes:"
    )
    newcomer.edit("from: questions", "from: asked")
    newcomer.write(*map(json.dumps, GOOD))
    (newcomer.raw / "clinic" / "extra.jsonl").write_text('{"id": "r0"}\n{"id": "r1"}\n')
    assert newcomer.check()["entries"] == [
        {"entry": "questions", "records": 6, "unused": 4},
        {"entry": "extra", "records": 2, "unused": 2},
    ]
    text = newcomer.meds("corpus", "check", "clinic")[1]
    assert "entry questions  records 6, in no instance 4" in text


def test_instances_with_errors_are_said_last(newcomer: Newcomer) -> None:
    newcomer.edit('    # labels: ["yes", "no"] ', '    labels: ["It is sign 1.", "It is sign 2."] ')
    newcomer.write(*map(json.dumps, GOOD))
    code, text = newcomer.meds("corpus", "check", "clinic")
    assert code == 0
    assert text.splitlines()[-1] == (
        "4 of 6 instances have errors and would be left out of training and releases: unknown_label 4."
    )
    assert "nothing wrong" not in text


def test_bad_records_and_empty_rows_are_shown(newcomer: Newcomer) -> None:
    newcomer.edit("fault_threshold: 0.01", "fault_threshold: 0.5")
    newcomer.write(*map(json.dumps, GOOD), '{"id": "r7", "question": " ", "answer": "It is."}', '{"id": ')
    text = newcomer.meds("corpus", "check", "clinic")[1]
    assert "data/train.jsonl record 7 (byte " in text
    assert "for x_clinic_qa: empty: input is empty." in text
