"""`each:` writes families out: texts take their parameters as they are, SQL takes them in quotes."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import duckdb
import pytest

from meds_pipeline.catalog import Corpus, load_corpus
from meds_pipeline.core.errors import CatalogError

HEAD = dedent(
    """\
    corpus: strange
    title: Strange
    about: Lines
    source: here
    licence: none
    access: open
    """
)
TASK = "category: Translation, metric: bleu1_rougeL, use: both"


def corpus(folder: Path, tasks: str, recipes: str) -> Corpus:
    path = folder / "strange.yaml"
    files = 'files: {pairs: {path: "{part}.jsonl", reader: jsonl, columns: {q: VARCHAR}}}'
    text = f"{HEAD}tasks:\n{indent(dedent(tasks), '  ')}distributions:\n  lines:\n    {files}\n    recipes:\n"
    path.write_text(text + indent(dedent(recipes), "      "))
    return load_corpus(path)


FAMILY = """\
    x_to_{code}:
      each: [{code: es, language: Spanish}, {code: ru, language: Russian}]
      name: translation_to_{code}
      category: Translation
      metric: bleu1_rougeL
      use: both
      output_language: "{code}"
      definition: Translate into {language}.
      paraphrases: ["Say it in {language}, {language} only."]
    """
SHORT = "x_to_{code}: {from: pairs, where: target = $code, input: q, outputs: q}\n"


def test_a_family_is_a_task_and_a_recipe_a_row(tmp_path: Path) -> None:
    made = corpus(tmp_path, FAMILY, SHORT)
    assert {task_id: (task.name, task.output_language, task.definition) for task_id, task in made.tasks.items()} == {
        "x_to_es": ("translation_to_es", "es", "Translate into Spanish."),
        "x_to_ru": ("translation_to_ru", "ru", "Translate into Russian."),
    }
    assert made.tasks["x_to_es"].paraphrases == ["Say it in Spanish, Spanish only."]
    recipes = made.distributions["lines"].recipes
    assert [sql.rpartition("WHERE ")[2] for sql in recipes.values()] == ["(target = 'es')", "(target = 'ru')"]


def test_a_recipe_may_be_for_one_member_and_may_have_rows_of_its_own(tmp_path: Path) -> None:
    one = corpus(tmp_path, FAMILY, "x_to_es: SELECT 1\nx_to_{code}: {each: [{code: ru, v: w}], select: SELECT $v}\n")
    assert one.distributions["lines"].recipes == {"x_to_es": "SELECT 1", "x_to_ru": "SELECT 'w'"}


@pytest.mark.parametrize("value", ["es", "it's", "'; DROP TABLE t; --", '"', "a\\'b", "$code", "", "$$", "*/ x"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT $code",
        "SELECT max($code) || '' /* $code */",
        "SELECT CASE WHEN '$code' = concat('$', 'code') THEN $code END -- $code",
        "SELECT v FROM (SELECT $code AS v) WHERE v=$code",
        "SELECT e'\\'$code' [:0] || $code",
    ],
)
def test_a_value_reaches_sql_as_one_text(tmp_path: Path, value: str, sql: str) -> None:
    assert run(tmp_path, value, sql) == (value,)


@pytest.mark.parametrize("value", ["es", 'a "b" c', "it's", "; DROP TABLE t"])
def test_a_value_in_double_quotes_is_a_name(tmp_path: Path, value: str) -> None:
    quoted = '"' + value.replace('"', '""') + '"'
    assert run(tmp_path, value, f'SELECT "$code" FROM (SELECT 5 AS {quoted})') == (5,)


def run(folder: Path, value: str, sql: str) -> tuple[Any, ...]:
    row = f"[{{n: one, code: '{value.replace(chr(39), chr(39) * 2)}'}}]"
    task = f"x_{{n}}: {{each: {row}, name: n, definition: d, {TASK}}}\n"
    made = corpus(folder, task, "x_{n}: |\n  " + sql + "\n")
    return duckdb.sql(made.distributions["lines"].recipes["x_one"]).fetchall()[0]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{code: ru, language: Russian}", "{code: es, language: Russian}", r"x_to_\{code\}: x_to_es is made twice"),
        ("{code: ru, language: Russian}", "{code: ru}", r"each\.1: a row of code; others differ"),
        ("{code: ru, language: Russian}", "{code: no, language: Norwegian}", "'code' with the value False is no name"),
        ("{code: ru, language: Russian}", "{code: ru, language: 3}", "'language' with the value 3 is no name"),
        ("{code: ru, language: Russian}", "ru", "`each` must be a list of rows"),
        ("[{code: es, language: Spanish}, {code: ru, language: Russian}]", "[]", "`each` must be a list of rows"),
        ("into {language}", "into {langauge}", "no parameter langauge. Next: Did you mean language"),
        (
            'output_language: "{code}"',
            'output_language: "{language}"',
            r"tasks\.x_to_es\.output_language: Input should",
        ),
        ("code: ru", "code: it", r"tasks\.x_to_it\.output_language: Input should"),
        ("code: ru", "code: R U", "x_to_R U: 'x_to_R U' is not a task id"),
    ],
)
def test_errors_name_the_task_and_the_line_of_the_family(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert FAMILY.count(old) == 1
    with pytest.raises(CatalogError, match=problem) as caught:
        corpus(tmp_path, FAMILY.replace(old, new), SHORT)
    line = int(str(caught.value.where.file).rpartition(":")[2])
    assert 8 <= line <= 16


def test_a_recipe_with_braces_and_no_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"recipes\.x_from_\{code\}: `each` must be a list of rows"):
        corpus(tmp_path, FAMILY, SHORT.replace("x_to", "x_from"))
    with pytest.raises(
        CatalogError, match=r"recipes\.x_to_\{code\}: `each` has no parameter kode\. Next: Did you mean code"
    ):
        corpus(tmp_path, FAMILY, SHORT.replace("$code", "$kode"))
