"""The catalog is data: what is wrong in it is said with file and line, and all that ships is right."""

from __future__ import annotations

import re
import sys
from importlib import resources
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest
import yaml

from meds_pipeline.catalog import Corpus, load_catalog, load_corpus
from meds_pipeline.core.errors import CatalogError, UnknownNameError, Where
from meds_pipeline.home.settings import load_settings
from meds_pipeline.instances.allowlist import allowed_functions, check_select
from meds_pipeline.instances.bound import check_sums
from meds_pipeline.instances.sandbox import _own_macros, macros_sql
from meds_pipeline.readers.driver import staged_schema

SHIPPED = sorted(Path(str(resources.files("meds_pipeline.catalog") / "corpora")).glob("*.yaml"))
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
          x_lines: SELECT source, q AS input, q AS outputs FROM lines
    """
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strange.yaml").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_corpus_loads_under_its_name(path: Path) -> None:
    assert load_corpus(path).corpus == path.stem


@pytest.mark.parametrize("name", load_catalog().distributions)
def test_every_shipped_entry_has_a_reader_that_takes_its_options(name: str) -> None:
    corpus, distribution = load_catalog().distributions[name]
    for entry, spec in distribution.files.items():
        assert "source" in staged_schema(corpus.corpus, entry, spec).names


@pytest.mark.parametrize("name", load_catalog().distributions)
def test_every_shipped_recipe_passes_the_allow_list(name: str) -> None:
    corpus, distribution = load_catalog().distributions[name]
    with duckdb.connect() as con:
        con.execute(macros_sql())
        functions = allowed_functions(con) | _own_macros()
        for entry, spec in distribution.files.items():
            nothing = staged_schema(corpus.corpus, entry, spec).empty_table()
            con.from_arrow(nothing).create(entry)
        tables = set(distribution.files)
        for view, sql in distribution.views.items():
            check_select(con, sql, where=Where(corpus.corpus, task=view), tables=tables, functions=functions)
            con.execute(f'CREATE TEMP VIEW "{view}" AS {sql}')
            tables.add(view)
        for task, sql in distribution.recipes.items():
            check_select(con, sql, where=Where(corpus.corpus, task=task), tables=tables, functions=functions)
            check_sums(con, sql, where=Where(corpus.corpus, task=task))


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
    with pytest.raises(CatalogError, match=re.escape(problem)) as caught:
        load_catalog()
    assert f"entry point 'clinic' ({target}) of the package clinic-corpora" in str(caught.value)
    assert "uninstall" in caught.value.next_step


def test_both_suffixes_of_yaml_count(folder: Path) -> None:
    (folder / "strange.yaml").rename(folder / "strange.yml")
    assert "strange" in load_catalog([folder]).corpora


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("title: Strange", "title: Strange\nowner: me", 3, "owner: Extra inputs are not permitted"),
        ("    use: both", "    use: sometimes", 12, "use: Input should be"),
        ("    use: both", "    use: both\n    weight: 3", 13, "tasks.x_lines.weight: Extra"),
        ("reader: jsonl", "raeder: jsonl", 18, "raeder: Extra inputs|reader: Field required"),
        ("[Reply., Say.]", '[Reply., "  answer. "]', 8, "definition and paraphrases repeat one another"),
        ("{part}.jsonl", "{part.jsonl", 18, "unpaired brace"),
        ("{part}.jsonl", "{part}/{part}.jsonl", 18, "redefinition of group name"),
        ("      x_lines: SELECT", "      x_other: SELECT", 1, "recipes for tasks that are not declared: x_other"),
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
        load_corpus(path)
    assert caught.value.where.file == f"{path}:{line}"
    assert " Next: " in str(caught.value)


def test_examples_come_from_a_task_that_some_corpus_has(folder: Path, tmp_path: Path) -> None:
    path = folder / "strange.yaml"
    path.write_text(GOOD.replace("    use: both", "    use: both\n    shots_from: x_nothing"))
    with pytest.raises(CatalogError, match=r"^file .*strange\.yaml:13: tasks\.x_lines\.shots_from: .* x_nothing\."):
        load_catalog([folder])
    more = tmp_path / "more"
    more.mkdir()
    second = GOOD.replace("corpus: strange", "corpus: another").replace("strange_lines", "more_lines")
    (more / "another.yaml").write_text(second.replace("x_lines", "x_nothing"))
    assert load_catalog([folder, more]).tasks["x_lines"][1].shots_from == "x_nothing"


@pytest.mark.parametrize("text", ["", "- 1\n", "corpus: [", "a: !!python/object:os.system {}\n"])
def test_a_file_that_is_no_corpus_is_an_error_of_ours(folder: Path, text: str) -> None:
    (folder / "strange.yaml").write_text(text)
    with pytest.raises(CatalogError, match=r"strange\.yaml"):
        load_catalog([folder])


@pytest.mark.parametrize("name", ["strange.yaml", "other.yaml"])
def test_a_task_or_distribution_belongs_to_one_corpus(folder: Path, tmp_path: Path, name: str) -> None:
    second = tmp_path / "more"
    second.mkdir()
    (second / name).write_text(GOOD.replace("corpus: strange", "corpus: another"))
    with pytest.raises(CatalogError, match=rf"{name}: task x_lines is declared in {folder}/strange\.yaml too"):
        load_catalog([folder, second])
    (second / name).write_text(GOOD.replace("corpus: strange", "corpus: another").replace("x_lines", "x_more"))
    with pytest.raises(CatalogError, match=r"distribution strange_lines is declared"):
        load_catalog([folder, second])
    (second / name).write_text(GOOD.replace("x_lines", "x_more").replace("strange_lines", "more_lines"))
    with pytest.raises(CatalogError, match="a second corpus of this name"):
        load_catalog([folder, second])


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


def test_a_missing_extra_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nosuch.*catalog\.extra"):
        load_catalog([tmp_path / "nosuch"])


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
