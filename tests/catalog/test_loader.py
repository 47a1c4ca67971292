"""The catalog is data: what is wrong in it is said with file and line, and all that ships is right."""

from __future__ import annotations

import re
import sys
from importlib import resources
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from meds_pipeline.catalog import Corpus, load_catalog, load_corpus
from meds_pipeline.core.errors import CatalogError, UnknownNameError
from meds_pipeline.home.settings import load_settings
from meds_pipeline.readers.driver import staged_schema

SHIPPED = sorted(Path(str(resources.files("meds_pipeline.catalog") / "corpora")).glob("*.yaml"))
RECIPE = "SELECT source, q AS input, q AS outputs FROM lines"
GOOD = dedent(
    """\
    corpus: strange
    title: Strange
    about: Lines
    source: here
    licence: none
    access: open
    tasks:
      x_lines:
        name: lines
        category: Question Answering
        metric: bleu1_rougeL
        use: both
        definition: Answer.
        paraphrases: [Reply., Say.]
    distributions:
      strange_lines:
        files:
          lines: {path: "{part}.jsonl", reader: jsonl, columns: {q: VARCHAR}}
        recipes:
          x_lines: RECIPE
    """
).replace("RECIPE", RECIPE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strange.yaml").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_corpus_loads_under_its_name(path: Path) -> None:
    assert load_corpus(path, staged_schema).corpus == path.stem


def test_the_shipped_catalog_has_no_faults() -> None:
    assert load_catalog(check_entry=staged_schema).faults == ()


def test_scored_tasks_that_may_not_train_say_where_their_examples_come_from() -> None:
    catalog = load_catalog()
    for _, task in catalog.tasks.values():
        if task.shots_from is not None:
            assert catalog.tasks[task.shots_from][1].use != "bench"


def test_an_extra_folder_adds_corpora(folder: Path) -> None:
    catalog = load_catalog([folder])
    assert set(catalog.corpora) == {"strange", *load_catalog().corpora}
    assert catalog.tasks["x_lines"][0].corpus == "strange"


def install(site: Path, code: str, target: str = "clinic_corpora:folder") -> None:
    """Leave a package with an entry point on a path, as an installer does."""
    (site / "clinic_corpora.py").write_text(code)
    about = site / "clinic_corpora-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: clinic-corpora\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[meds_pipeline.catalog]\nclinic = {target}\n")


def test_an_installed_package_adds_corpora(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, f"def folder():\n    return {str(folder)!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "clinic_corpora", raising=False)
    assert "strange" in load_catalog().corpora


@pytest.mark.parametrize(
    ("target", "code", "problem"),
    [
        ("clinic_corpora:folder", "", "has no attribute 'folder'"),
        ("clinic_nosuch:folder", "", "No module named 'clinic_nosuch'"),
        ("clinic_corpora:folder", "def folder():\n    raise KeyError('corpora')\n", "KeyError: 'corpora'"),
        ("clinic_corpora:folder", "def folder():\n    return None\n", "TypeError"),
        ("clinic_corpora:folder", "def folder():\n    return '/nosuch'\n", "/nosuch is not a folder"),
    ],
)
def test_an_installed_package_that_is_broken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, code: str, problem: str
) -> None:
    install(tmp_path, code, target)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "clinic_corpora", raising=False)
    catalog = load_catalog()
    (fault,) = catalog.faults
    assert fault.corpus is None
    assert f"entry point 'clinic' ({target}) of the package clinic-corpora" in str(fault.error)
    assert problem in str(fault.error)
    assert "uninstall" in fault.error.next_step
    assert catalog.corpus("pubmedqa").title == "PubMedQA"
    with pytest.raises(UnknownNameError, match="It may be in what could not be read: entry point 'clinic'"):
        catalog.corpus("of_the_clinic")


def test_both_suffixes_of_yaml_count(folder: Path) -> None:
    (folder / "strange.yaml").rename(folder / "strange.yml")
    assert "strange" in load_catalog([folder]).corpora


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        (
            "title: Strange",
            "title: Strange\nowner: me",
            3,
            "owner: there is no such key. Next: Known here: corpus, title",
        ),
        ("    use: both", "    use: sometimes", 12, "use: Input should be"),
        ("    use: both", "    use: both\n    weight: 3", 13, "tasks.x_lines.weight: there is no such key"),
        ("reader: jsonl", "raeder: jsonl", 18, "raeder: there is no such key. Next: Did you mean reader?"),
        ("[Reply., Say.]", '[Reply., "  answer. "]', 8, "definition and paraphrases repeat one another"),
        ("{part}.jsonl", "{part.jsonl", 18, "unpaired brace"),
        ("{part}.jsonl", "{part}/{part}.jsonl", 18, "redefinition of group name"),
        ("      x_lines: SELECT", "      x_other: SELECT", 1, "recipes for tasks that are not declared: x_other"),
        ("title: Strange\n", "", 1, "title: this key is missing"),
        (RECIPE, "{from: lines, outputs: q}", 20, "x_lines.input: this key is missing"),
        (RECIPE, "{from: lines, input: q, output: q}", 20, "output: there is no such key. Next: Did you mean outputs"),
        (RECIPE, "{form: lines, input: q, outputs: q}", 20, "form: there is no such key. Next: Did you mean from"),
        (RECIPE, "{from: my lines, input: q, outputs: q}", 20, "from: 'my lines' is not a name"),
        (RECIPE, "{from: lines, input: q, outputs: ' '}", 20, "outputs: an expression of SQL is needed"),
        (RECIPE, "{select: SELECT 1, input: q}", 20, "`select` is the whole recipe: no input may stand beside it"),
        (RECIPE, "[a, b]", 20, "a recipe is a SELECT, or a mapping"),
        ("tasks:\n  x_lines:", "tasks:\n  task30:", 8, "no task was ever published under this id"),
        ("tasks:\n  x_lines:", "tasks:\n  task57:", 8, "this task belongs to the corpus medqa"),
        ("access: open", "access: secret", 6, "access: Input should be"),
        ("corpus: strange", "corpus: Strange Corpus", 1, "is not a name"),
        ("title: Strange", "title: Strange\ntitle: Again", 3, "key 'title' stands in line 2 already"),
        ("    recipes:", "    recipes:\n      x_lines: SELECT 1", 21, "key 'x_lines' stands in line 20 already"),
        ("    recipes:", "    views: {lines: SELECT 1}\n    recipes:", 16, "views with the name of a file .*: lines"),
        ("    use: both", "    use: both\n    labels: [a, b, a]", 8, "labels given twice: a"),
        ("tasks:\n  x_lines:", "tasks:\n  task500:", 8, "'task500' is not a task id: task1 to task136"),
        ("tasks:\n  x_lines:", "tasks:\n  task007:", 8, "'task007' is not a task id"),
        ("reader: jsonl", "reader: jsnl", 18, r"files\.lines: there is no reader 'jsnl'.*did you mean json"),
        ("reader: jsonl", "reader: jsonl, options: {encodingg: x}", 18, "no option 'encodingg'.*did you mean encoding"),
        ("reader: jsonl", "reader: jsonl, required: [r]", 18, "lines: reader jsonl, option .*: r"),
        ("q: VARCHAR", "q: VARCHR", 18, "unknown column type 'VARCHR'"),
        ("q: VARCHAR", "Part: VARCHAR", 18, "columns named twice .*: part"),
        ("q: VARCHAR", "source: VARCHAR", 18, "columns named twice .*: source"),
        ("reader: jsonl", "reader: lines, options: {roles: {l: lines}}", 18, "reader lines"),
        ("reader: jsonl", "reader: xml, options: {record: r, paths: {q: 'f(x)'}}", 18, r"q: 'f\(x\)' is not a path"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(folder: Path, old: str, new: str, line: int, problem: str) -> None:
    path = folder / "strange.yaml"
    assert GOOD.count(old) == 1
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(CatalogError, match=problem) as caught:
        load_corpus(path, staged_schema)
    assert caught.value.where.file == f"{path}:{line}"
    assert " Next: " in str(caught.value)


def test_a_task_that_the_corpus_has_is_said_once(folder: Path) -> None:
    text = GOOD.replace("corpus: strange", "corpus: medqa").replace("x_lines", "task57")
    for line in ("name: lines", "category: Question Answering", "use: both"):
        text = text.replace(f"    {line}\n", "")
    (folder / "strange.yaml").write_text(text)
    task = load_corpus(folder / "strange.yaml").tasks["task57"]
    assert (task.name, task.use, task.metric) == ("medqa_question_answering_en", "both", "bleu1_rougeL")


def test_examples_come_from_a_task_that_some_file_declares(folder: Path) -> None:
    (folder / "strange.yaml").write_text(GOOD.replace("    use: both", "    use: both\n    shots_from: x_nothing"))
    with pytest.raises(CatalogError, match=r"strange\.yaml:13: tasks\.x_lines\.shots_from: .* x_nothing\."):
        load_catalog([folder]).corpus("strange")
    second = another("x_nothing", "more_lines")
    (folder / "another.yaml").write_text(second)
    assert load_catalog([folder]).tasks["x_lines"][1].shots_from == "x_nothing"
    (folder / "another.yaml").write_text(second + "oops: 1\n")
    catalog = load_catalog([folder])
    assert [fault.corpus for fault in catalog.faults] == ["another"]
    assert "strange" in catalog.corpora, "the fault of one file stops one corpus"


def another(task: str = "x_lines", distribution: str = "strange_lines", corpus: str = "another") -> str:
    text = GOOD.replace("corpus: strange", f"corpus: {corpus}")
    return text.replace("x_lines", task).replace("strange_lines", distribution)


BROKEN = {
    "empty": ("", "a corpus is a mapping of keys to values, and this is an empty file"),
    "a list": ("- 1\n", "a corpus is a mapping of keys to values, and this is a list"),
    "no YAML": ("corpus: [", "not valid YAML"),
    "a tag": ("a: !!python/object:os.system {}\n", "a tag"),
    "not UTF-8": (b"\xff", "not valid YAML"),
    "too large": ("#" * 1_000_001, "larger than 1,000,000 bytes"),
    "an unknown key": (GOOD + "oops: 1\n", "oops: there is no such key"),
    "another's task": (another(), "task x_lines is declared in .*a_good/strange.yaml too"),
    "another's distribution": (another("x_more"), "distribution strange_lines is declared in"),
    "another's name": (another("x_more", "more_lines", "strange"), "corpus strange is declared in"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("name", ["broken.yaml", "strange.yaml"])
def test_a_broken_file_stops_its_own_corpus_only(tmp_path: Path, kind: str, name: str) -> None:
    content, problem = BROKEN[kind]
    good, bad = tmp_path / "a_good", tmp_path / "bad"
    for folder in (good, bad):
        folder.mkdir()
    (good / "strange.yaml").write_text(GOOD)
    (bad / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (bad / "third.yaml").write_text(another("x_third", "third_lines", "third"))
    catalog = load_catalog([good, bad])
    assert {"strange", "third", *(path.stem for path in SHIPPED)} == set(catalog.corpora)
    (fault,) = catalog.faults
    assert re.search(problem, fault.error.problem)
    assert str(fault.error.where.file).startswith(str(bad / name))
    assert fault.error.next_step
    if fault.corpus != "strange":
        with pytest.raises(CatalogError, match=problem):
            catalog.corpus(str(fault.corpus))


def test_what_no_reader_takes_stops_its_own_corpus_only(folder: Path) -> None:
    (folder / "strange.yaml").write_text(GOOD.replace("jsonl,", "jsnl,"))
    catalog = load_catalog([folder], staged_schema)
    with pytest.raises(CatalogError, match=r"strange\.yaml:18: .* there is no reader 'jsnl'"):
        catalog.corpus("strange")
    assert "pubmedqa" in catalog.corpora


def test_no_folder_becomes_more_open_by_a_second_corpus_that_reads_it(folder: Path, tmp_path: Path) -> None:
    (folder / "strange.yaml").write_text(GOOD.replace("access: open", "access: credentialed"))
    more = tmp_path / "more"
    more.mkdir()
    for name, access in (("open", "open"), ("registered", "registration")):
        text = GOOD.replace("corpus: strange", f"corpus: {name}").replace("access: open", f"access: {access}")
        text = text.replace("strange_lines:", f"{name}_lines:\n    folder: strange_lines")
        (more / f"{name}.yaml").write_text(text.replace("x_lines", f"x_{name}"))
    (more / "apart.yaml").write_text(GOOD.replace("strange", "apart").replace("x_lines", "x_apart"))
    found = load_catalog([folder, more]).corpora
    names = ("strange", "open", "registered", "apart")
    assert [found[name].access for name in names] == ["credentialed"] * 3 + ["open"]
    assert load_catalog([more]).corpora["open"].access == "registration"


def test_a_faulty_file_keeps_its_folder_as_strict_as_it_says(folder: Path) -> None:
    (folder / "strange.yaml").write_text(GOOD.replace("access: open", "access: credentialed") + "oops: 1\n")
    text = another("x_open", "open_lines", "open").replace("open_lines:", "open_lines:\n    folder: strange_lines")
    (folder / "open.yaml").write_text(text)
    assert load_catalog([folder]).corpora["open"].access == "credentialed"


def test_a_missing_extra_folder_is_named(tmp_path: Path) -> None:
    (fault,) = load_catalog([tmp_path / "nosuch"]).faults
    assert re.search(r"nosuch: the catalog folder cannot be read: .*catalog\.extra", str(fault.error))


def test_an_unknown_corpus_names_close_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean pubmedqa"):
        load_catalog().corpus("pubmed_qa")


@pytest.mark.parametrize("field", ["title", "licence", "source", "access", "tasks", "distributions"])
def test_what_a_corpus_must_say(folder: Path, field: str) -> None:
    data: dict[str, Any] = yaml.safe_load(GOOD)
    del data[field]
    with pytest.raises(ValueError, match="Field required"):
        Corpus.model_validate(data)


@pytest.mark.parametrize(
    ("file", "text", "line", "problem"),
    [
        ("meds.yaml", "seed: 1\nsede: 2\n", 2, "sede: Extra"),
        ("meds.yaml", "plans:\n  tiny:\n    mixture:\n      sampels: 3\n", 4, r"plans\.tiny\.mixture\.sampels"),
        ("meds.yaml", "seed: 1\nthreads: 0\n", 2, "threads: Input should be greater than 0"),
        ("meds.yaml", "seed: 1\nmemory_limit: lots\n", 2, "memory_limit: String should match"),
        ("meds.yaml", "seed: 1\nseed: 2\n", 2, "stands in line 1 already"),
        ("models.yaml", "mine:\n  kind: local\n", 1, "needs 'path'"),
        ("models.yaml", "mine:\n  kind: file\n  pth: x\n", 3, r"models\.mine\.pth"),
    ],
)
def test_settings_say_file_and_line_too(tmp_path: Path, file: str, text: str, line: int, problem: str) -> None:
    (tmp_path / "meds.yaml").write_text("seed: 3\n")
    (tmp_path / file).write_text(text)
    with pytest.raises(CatalogError, match=problem) as caught:
        load_settings(tmp_path)
    assert caught.value.where.file == f"{tmp_path / file}:{line}"


def test_what_the_caller_said_wrong_is_no_files_fault(tmp_path: Path) -> None:
    (tmp_path / "meds.yaml").write_text("seed: 3\n")
    with pytest.raises(CatalogError, match=r"^workers: Input should be greater than 0") as caught:
        load_settings(tmp_path, {"workers": 0})
    assert caught.value.where.file is None


def test_settings_are_laid_over_one_another(tmp_path: Path) -> None:
    (tmp_path / "meds.yaml").write_text("seed: 3\nthreads: 7\nplans: {tiny: {vocabulary: 300}}\n")
    (tmp_path / "models.yaml").write_text("mine: {kind: local, path: /models/mine}\n")
    settings = load_settings(tmp_path, {"threads": 1})
    default = load_settings(tmp_path / "nosuch")
    assert (settings.seed, settings.threads, settings.plan("tiny").vocabulary) == (3, 1, 300)
    assert settings.plan("tiny").mixture == default.plan("tiny").mixture
    assert set(settings.models) == {"mine", *default.models}
    with pytest.raises(UnknownNameError, match="Known: .*mine"):
        settings.model("yours")
