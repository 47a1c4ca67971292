"""Recipes are SQL from strangers: what they may not do is refused before it runs, and would fail if it did."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from meds_pipeline.errors import RecipeError, Where
from meds_pipeline.instances import sandbox
from meds_pipeline.instances.allowlist import allowed_functions, check_select
from meds_pipeline.instances.build import run_sandboxed
from meds_pipeline.instances.sandbox import Request

SECRET = "the text of another file"  # noqa: S105 - a marker, no password
ANSWER = "SELECT source, x AS input, x AS outputs FROM t"
ENDLESS = ANSWER + " WHERE (SELECT count(*) FROM t a, t b, t c, t d, t e, t f WHERE a.x || f.x = b.x) > 0"


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("staged") / "staged.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE t AS SELECT i::UBIGINT AS source, 'text ' || i AS x, i % 3 AS y FROM range(200) r(i)")
        con.execute("CREATE TABLE hidden AS SELECT 1 AS x")
    return path


def request_of(
    staged: Path, out: Path, recipe: str, *, seconds: float = 60, memory: str = "300MB", **views: str
) -> Request:
    out.mkdir(exist_ok=True)
    return Request(
        corpus="strange",
        database=staged,
        out=out,
        tables=["t"],
        views=views,
        recipes={"task1": recipe},
        threads=2,
        memory_limit=memory,
        seconds=seconds,
    )


def run(staged: Path, out: Path, recipe: str, **views: str) -> list[dict[str, object]]:
    sandbox.run(request_of(staged, out, recipe, **views))
    rows: list[dict[str, object]] = pq.read_table(out / "task1.parquet").to_pylist()
    return rows


def selecting(expression: str) -> str:
    return f"SELECT source, x AS input, {expression} AS outputs FROM t"


REFUSED = {
    "file by function": "SELECT * FROM read_csv('{file}')",
    "file by text function": "SELECT * FROM read_text('{file}')",
    "file by name": "SELECT * FROM '{file}'",
    "file by quoted name": 'SELECT * FROM "{file}"',
    "file in a subquery": selecting("(SELECT content FROM read_text('{file}'))"),
    "folder listing": "SELECT * FROM glob('*')",
    "query in a string": "FROM query('SELECT 1')",
    "plan of a string": selecting("json_serialize_plan('SELECT 1')"),
    "environment": selecting("getenv('HOME')"),
    "setting": selecting("current_setting('temp_directory')"),
    "variable": selecting("getvariable('x')"),
    "Python variable": "SELECT * FROM python_rows",
    "another table of the staged file": "SELECT * FROM hidden",
    "attach": "ATTACH '{out}/x.db'",
    "install": "INSTALL httpfs",
    "load": "LOAD httpfs",
    "set": "SET threads = 1",
    "pragma": "PRAGMA database_list",
    "call": "CALL duckdb_settings()",
    "copy": "COPY t TO '{out}/x.csv'",
    "copy in a CTE": "WITH c AS (COPY t TO '{out}/x.csv') " + ANSWER,
    "export": "EXPORT DATABASE '{out}/x'",
    "create": "CREATE TABLE x AS SELECT 1",
    "delete in a CTE": "WITH d AS (DELETE FROM t RETURNING *) SELECT source, x AS input, x AS outputs FROM d",
    "insert in a CTE": "WITH d AS (INSERT INTO t SELECT * FROM t RETURNING *) " + ANSWER,
    "update in a CTE": "WITH d AS (UPDATE t SET x = '' RETURNING *) " + ANSWER,
    "two statements": ANSWER + "; " + ANSWER,
    "describe": "FROM (DESCRIBE t)",
    "information schema": "SELECT * FROM information_schema.tables",
    "system function": "SELECT * FROM duckdb_settings()",
    "system view": "SELECT * FROM duckdb_databases",
    "system view behind a CTE of its name": "WITH duckdb_databases AS (SELECT * FROM duckdb_databases) " + ANSWER,
    "system view beside a CTE of its name": (
        "SELECT * FROM (WITH duckdb_tables AS (SELECT 1) FROM duckdb_tables), duckdb_tables"
    ),
    "function of a schema": selecting("system.md5(x)"),
    "random": selecting("random()::VARCHAR"),
    "uuid": selecting("uuid()::VARCHAR"),
    "now": selecting("now()::VARCHAR"),
    "current date": selecting("current_date::VARCHAR"),
    "local timestamp": selecting("localtimestamp::VARCHAR"),
    "age until today": selecting("age(DATE '2020-01-01')::VARCHAR"),
    "user": selecting("current_user"),
    "version": selecting("version()"),
    "hash of this version": selecting("hash(x)::VARCHAR"),
    "random in a lambda": selecting("list_transform([1], lambda i: random()::VARCHAR)"),
    "random in a filter": ANSWER + " WHERE random() < 0.5",
    "random order": ANSWER + " ORDER BY random() LIMIT 3",
    "unordered list": "SELECT 1::UBIGINT AS source, 'a' AS input, list(x) AS outputs FROM t",
    "unordered list window": selecting("list(x) OVER (PARTITION BY y)"),
    "unordered array": selecting("ARRAY(SELECT x FROM t)"),
    "unordered string_agg": "SELECT 1::UBIGINT AS source, 'a' AS input, string_agg(x, ' ') AS outputs FROM t",
    "any_value": "SELECT any_value(source) AS source, x AS input, x AS outputs FROM t GROUP BY x",
    "any_value window": selecting("any_value(x) OVER ()"),
    "first": "SELECT first(source) AS source, x AS input, x AS outputs FROM t GROUP BY x",
    "sketch window": selecting("approx_quantile(y, 0.5) OVER ()::VARCHAR"),
    "aggregate by name": selecting("list_aggregate([y], 'reservoir_quantile', 0.5)::VARCHAR"),
    "unordered row_number": selecting("(row_number() OVER ())::VARCHAR"),
    "unordered lead": selecting("lead(x) OVER (PARTITION BY y)"),
    "sample": ANSWER + " USING SAMPLE 10",
    "table sample": ANSWER + " TABLESAMPLE 10%",
    "limit": ANSWER + " LIMIT 3",
    "limit in percent": ANSWER + " LIMIT 10%",
    "offset": ANSWER + " OFFSET 3",
    "limit in a subquery": "SELECT source, x AS input, x AS outputs FROM (SELECT * FROM t LIMIT 3) ORDER BY source",
    "distinct on": "SELECT DISTINCT ON (y) source, x AS input, x AS outputs FROM t",
    "positional join": "SELECT t.source, t.x AS input, u.x AS outputs FROM t POSITIONAL JOIN t AS u",
    "recursion": "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT * FROM r",
    "parameter": selecting("$1"),
    "not SQL": "SELEC source",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_recipe_may_not_do_is_refused(staged: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "file.csv").write_text(f"a\n{SECRET}\n")
    python_rows = [SECRET]
    sql = REFUSED[name].replace("{file}", str(tmp_path / "file.csv")).replace("{out}", str(tmp_path / "out"))
    with pytest.raises(RecipeError, match=r"^corpus strange, task task1: recipe refused: .* Next: ") as caught:
        run(staged, tmp_path / "out", sql)
    assert python_rows[0] not in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["file by function", "copy in a CTE", "random", "limit", "two statements"])
def test_views_are_held_to_the_same_rules(staged: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match=r"^corpus strange, task view shared_rows: recipe refused"):
        run(staged, tmp_path / "out", "SELECT * FROM shared_rows", shared_rows=REFUSED[name])


ALLOWED = {
    "plain": ANSWER,
    "trailing semicolon and comment": ANSWER + "; -- done",
    "CTE": "WITH c AS (SELECT * FROM t) SELECT source, x AS input, x AS outputs FROM c",
    "ordered list": (
        "SELECT list(source ORDER BY source) AS source, y::VARCHAR AS input, list(x ORDER BY x) AS outputs "
        "FROM t GROUP BY y"
    ),
    "ordered window": selecting("lead(x, 1, '') OVER (ORDER BY source)"),
    "whole-window count": selecting("(count(*) OVER (PARTITION BY y))::VARCHAR"),
    "ordered list window": selecting("list(x) OVER (PARTITION BY y ORDER BY source)"),
    "limit of an order": ANSWER + " ORDER BY md5(x), x LIMIT 5",
    "distinct on an order": "SELECT DISTINCT ON (y) source, x AS input, x AS outputs FROM t ORDER BY y, source",
    "casts to nested types": selecting("('[''a'', ''b'']'::VARCHAR[])"),
    "struct that looks like a statement": selecting("{'type': 'COPY', 'alias': x, 'class': 'X'}.alias"),
    "lambda and comprehension": selecting("[upper(w) FOR w IN string_split(x, ' ') IF w <> '']"),
    "macro of ours": selecting("joined([x, x])"),
    "qualified column of a reserved name": (
        "SELECT v.source, v.user AS input, v.user AS outputs FROM (SELECT source, x AS user FROM t) AS v"
    ),
    "set operation": ANSWER + " WHERE y = 0 UNION ALL " + ANSWER + " WHERE y > 0",
    "lateral unnest": "SELECT source, x AS input, w AS outputs FROM t, unnest(string_split(x, ' ')) AS u(w)",
    "values": (
        "SELECT t.source, t.x AS input, b.name AS outputs "
        "FROM t JOIN (VALUES (0, 'none'), (1, 'one')) AS b(y, name) USING (y)"
    ),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_recipes_need_is_allowed(staged: Path, tmp_path: Path, name: str) -> None:
    assert run(staged, tmp_path / "out", ALLOWED[name])


def test_a_view_may_use_the_views_before_it(staged: Path, tmp_path: Path) -> None:
    rows = run(
        staged, tmp_path / "out", "SELECT * FROM b", a="SELECT * FROM t WHERE y = 1", b=ANSWER.replace("t", "a", 0)
    )
    assert len(rows) == 200


def test_every_function_a_recipe_may_call_is_one_duckdb_calls_consistent(staged: Path, tmp_path: Path) -> None:
    con = duckdb.connect()
    drawn = con.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE stability <> 'CONSISTENT'")
    assert not {name for (name,) in drawn.fetchall()} & allowed_functions(con)


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        ("SELECT source, x AS input FROM t", "returns no column 'outputs'"),
        ("SELECT source, x AS input, x AS outputs, y FROM t", "unknown column 'y'"),
        ("SELECT source, y AS input, x AS outputs FROM t", "column 'input' is int64"),
        ("SELECT source, x AS input, x AS outputs, x AS input FROM t", "column 'input' twice"),
        ("SELECT source, x AS input, nosuch AS outputs FROM t", 'DuckDB says: Binder Error: .*"nosuch"'),
        ("SELECT source, x AS input, x::INT::VARCHAR AS outputs FROM t", "Conversion Error: Could not convert string"),
    ],
)
def test_wrong_columns_are_errors_of_one_line(staged: Path, tmp_path: Path, recipe: str, problem: str) -> None:
    with pytest.raises(RecipeError, match=rf"^corpus strange, task task1: .*{problem}.* Next: \S.*$") as caught:
        run(staged, tmp_path / "out", recipe)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "x::INT::VARCHAR",
        "(x::DATE)::VARCHAR",
        "strptime(x, '%Y')::VARCHAR",
        "(x::JSON)::VARCHAR",
        "regexp_extract(x, x || '(')",
    ],
)
def test_errors_of_running_recipes_do_not_quote_the_data(staged: Path, tmp_path: Path, expression: str) -> None:
    with pytest.raises(RecipeError, match=r"task task1: DuckDB says: \w+ ?\w* Error") as caught:
        run(staged, tmp_path / "out", selecting(expression))
    assert "text " not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM glob('{folder}/*')",
        "COPY t TO '{folder}/x.csv'",
        "WITH c AS (COPY t TO '{folder}/x.csv') SELECT 1",
        "EXPORT DATABASE '{folder}/x'",
        "ATTACH '{folder}/x.db'",
        "ATTACH '{folder}/other.duckdb' (READ_ONLY)",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '{file}'",
        "SELECT getenv('HOME')",
        "SET enable_external_access = true",
        "SET allowed_directories = ['{folder}']",
        "SET lock_configuration = false",
        "SET memory_limit = '50GB'",
        "SET TimeZone = 'Asia/Tokyo'",
        "RESET memory_limit",
        "PRAGMA enable_profiling",
        "SELECT * FROM python_rows",
        "CREATE TABLE x AS SELECT 1",
        "DELETE FROM t",
        "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "CREATE SECRET s (TYPE http)",
    ],
)
def test_the_locked_connection_would_not_do_it_either(staged: Path, tmp_path: Path, sql: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file.csv").write_text(f"a\n{SECRET}\n")
    duckdb.connect(f"{folder}/other.duckdb").close()
    before = sorted(path.name for path in folder.iterdir())
    python_rows = [{"a": SECRET}]
    text = sql.replace("{file}", f"{folder}/file.csv").replace("{folder}", str(folder))
    with sandbox.open_locked(request_of(staged, tmp_path / "out", ANSWER)) as con, pytest.raises(duckdb.Error):
        con.execute(text).fetchall()
    assert python_rows
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_locked_connection_shows_nothing_of_the_environment(staged: Path, tmp_path: Path) -> None:
    with sandbox.open_locked(request_of(staged, tmp_path / "out", ANSWER)) as con:
        assert os.environ["PATH"] not in str(con.execute("FROM duckdb_settings()").fetchall())


def test_times_read_the_same_on_every_machine(staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        rows = run(staged, tmp_path / "out", selecting("'2020-01-01 00:00:00'::TIMESTAMPTZ::VARCHAR"))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert rows[0]["outputs"] == "2020-01-01 00:00:00+00"


def test_an_endless_recipe_is_stopped(staged: Path, tmp_path: Path) -> None:
    clock = time.monotonic()
    with pytest.raises(RecipeError, match=r"corpus strange, task task1: recipes ran longer than 2 s.*sandbox_seconds"):
        run_sandboxed(request_of(staged, tmp_path / "out", ENDLESS, seconds=2), tmp_path / "request.json")
    assert time.monotonic() - clock < 20


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT string_agg(repeat(x, 1000000), ',' ORDER BY x) FROM t)",
        "list_transform(range(200000000), lambda i: i::VARCHAR)",  # allocated outside DuckDB's own accounts
    ],
)
def test_a_recipe_that_takes_too_much_memory_is_stopped(staged: Path, tmp_path: Path, expression: str) -> None:
    with pytest.raises(RecipeError, match=r"corpus strange, task task1: .*(Memory|memory)"):
        run_sandboxed(request_of(staged, tmp_path / "out", selecting(expression), memory="100MB"), tmp_path / "r.json")


def test_a_recipe_process_whose_parent_was_killed_ends_by_itself(staged: Path, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(request_of(staged, tmp_path / "out", ENDLESS, seconds=-9).model_dump_json())
    command = [sys.executable, "-I", "-m", "meds_pipeline.instances.sandbox", str(file)]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode < 0


def test_check_select_names_what_may_be_read() -> None:
    con = duckdb.connect()
    with pytest.raises(RecipeError, match="there are: a, b"):
        check_select(con, "FROM c", where=Where("strange"), tables={"b", "a"}, functions=set())
