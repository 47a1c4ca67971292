"""Recipes are SQL from strangers: what they may not do is refused before it runs, and would fail if it did."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.core.errors import RecipeError, Where
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
        con.execute(
            "CREATE TABLE t AS SELECT i::UBIGINT AS source, 'text ' || i AS x, i % 3 AS y, i / 7::DOUBLE AS f, "
            "(i / 7)::FLOAT AS g FROM range(200) r(i)"
        )
        con.execute("CREATE TABLE hidden AS SELECT 1 AS x")
    return path


def request_of(
    staged: Path,
    out: Path,
    recipe: str,
    *,
    seconds: float = 60,
    memory: str = "300MB",
    output: str = "1GB",
    **views: str,
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
        output_limit=output,
        seconds=seconds,
    )


def run(staged: Path, out: Path, recipe: str, **views: str) -> list[dict[str, object]]:
    sandbox.run(request_of(staged, out, recipe, **views))
    rows: list[dict[str, object]] = pq.read_table(out / "task1.parquet").to_pylist()
    return rows


def selecting(expression: str) -> str:
    return f"SELECT source, x AS input, {expression} AS outputs FROM t"


def grouping(expression: str) -> str:
    return f"SELECT min(source) AS source, y::VARCHAR AS input, ({expression})::VARCHAR AS outputs FROM t GROUP BY y"


REFUSED = {
    "file by function": "SELECT * FROM read_csv('{file}')",
    "file by text function": "SELECT * FROM read_text('{file}')",
    "file by name": "SELECT * FROM '{file}'",
    "file by quoted name": 'SELECT * FROM "{file}"',
    "file in a subquery": selecting("(SELECT content FROM read_text('{file}'))"),
    "folder listing": "SELECT * FROM glob('*')",
    "query in a string": "FROM query('SELECT 1')",
    "query of a file in a string": "FROM query('SELECT * FROM read_text(''{file}'')')",
    "table named by a string": "FROM query_table('hidden')",
    "tables named by a list": "FROM query_table(['t', 'hidden'])",
    "statement made of a string": selecting("json_deserialize_sql('{}'::JSON)"),
    "plan of a string": selecting("json_serialize_plan('SELECT 1')"),
    "environment": selecting("getenv('HOME')"),
    "setting": selecting("current_setting('temp_directory')"),
    "variable": selecting("getvariable('x')"),
    "Python variable": "SELECT * FROM python_rows",
    "another table of the staged file": "SELECT * FROM hidden",
    "another table behind a CTE of its name": "WITH hidden AS (SELECT * FROM hidden) " + ANSWER,
    "another table beside a CTE of its name": "SELECT * FROM (WITH hidden AS (SELECT 1) FROM hidden), HIDDEN",
    "table of another schema": "SELECT * FROM lineage.record_address",
    "attach": "ATTACH '{out}/x.db'",
    "install": "INSTALL httpfs",
    "load": "LOAD httpfs",
    "set": "SET threads = 1",
    "pragma": "PRAGMA database_list",
    "call": "CALL duckdb_settings()",
    "copy": "COPY t TO '{out}/x.csv'",
    "copy of a query": "COPY (SELECT 1) TO '{out}/x.csv'",
    "copy from a file": "COPY t FROM '{file}'",
    "copy in a CTE": "WITH c AS (COPY t TO '{out}/x.csv') " + ANSWER,
    "export": "EXPORT DATABASE '{out}/x'",
    "create": "CREATE TABLE x AS SELECT 1",
    "delete in a CTE": "WITH d AS (DELETE FROM t RETURNING *) SELECT source, x AS input, x AS outputs FROM d",
    "insert in a CTE": "WITH d AS (INSERT INTO t SELECT * FROM t RETURNING *) " + ANSWER,
    "update in a CTE": "WITH d AS (UPDATE t SET x = '' RETURNING *) " + ANSWER,
    "merge in a CTE": (
        "WITH m AS (MERGE INTO t USING t AS u ON t.source = u.source WHEN MATCHED THEN DELETE RETURNING *) " + ANSWER
    ),
    "create in a CTE": "WITH c AS (CREATE TABLE c AS SELECT 1) " + ANSWER,
    "use": "USE hidden",
    "checkpoint": "CHECKPOINT",
    "explain analyze": "EXPLAIN ANALYZE " + ANSWER,
    "prepare": "PREPARE p AS " + ANSWER,
    "two statements": ANSWER + "; " + ANSWER,
    "describe": "FROM (DESCRIBE t)",
    "summarize": "FROM (SUMMARIZE t)",
    "show tables": "FROM (SHOW TABLES)",
    "information schema": "SELECT * FROM information_schema.tables",
    "system function": "SELECT * FROM duckdb_settings()",
    "system view": "SELECT * FROM duckdb_databases",
    "system view behind a CTE of its name": "WITH duckdb_databases AS (SELECT * FROM duckdb_databases) " + ANSWER,
    "system view beside a CTE of its name": (
        "SELECT * FROM (WITH duckdb_tables AS (SELECT 1) FROM duckdb_tables), duckdb_tables"
    ),
    "function of a schema": selecting("system.md5(x)"),
    "function of a catalog": selecting("system.main.md5(x)"),
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
    "row_number ordered by a constant": selecting("(row_number() OVER (ORDER BY 1))::VARCHAR"),
    "lead ordered by a sum of constants": selecting("lead(x) OVER (ORDER BY 1 + 1)"),
    "list ordered by a constant": "SELECT min(source) AS source, 'a' AS input, list(x ORDER BY 1) AS outputs FROM t",
    "rows before in no order": selecting("(sum(y) OVER (ROWS 3 PRECEDING))::VARCHAR"),
    "sum of fractions": grouping("sum(f)"),
    "mean of fractions": grouping("avg(f)"),
    "mean by its other name": grouping("mean(f)"),
    "mean of single precision": grouping("avg(g)"),
    "sum of fractions made of whole numbers": grouping("sum(y / 7)"),
    "sum of a type that DuckDB adds up as a fraction": grouping("sum(y::UHUGEINT)"),
    "sum of distinct fractions": grouping("sum(DISTINCT f)"),
    "sum of fractions with a filter": grouping("sum(f) FILTER (y > 0)"),
    "sum of fractions over a window": selecting("(sum(f) OVER (PARTITION BY y))::VARCHAR"),
    "mean of fractions over an ordered window": selecting("(avg(f) OVER (ORDER BY source))::VARCHAR"),
    "mean of fractions ordered by a constant": grouping("avg(f ORDER BY 1)"),
    "mean of fractions rounded afterwards": grouping("round(avg(f), 2)::DECIMAL(9, 2)"),
    "sum of fractions that chooses groups": grouping("count(*)") + " HAVING sum(f) > 100",
    "sum of fractions in a subquery": selecting("(SELECT sum(f) FROM t)::VARCHAR"),
    "sum of fractions in a CTE": "WITH c AS (SELECT y, sum(f) AS s FROM t GROUP BY y) " + ANSWER + ", c WHERE s > 0",
    "sum of fractions in a pivot": (
        "SELECT 1::UBIGINT AS source, 'a' AS input, a::VARCHAR AS outputs "
        "FROM (PIVOT (SELECT y, f FROM t) ON y IN (1 AS a) USING sum(f))"
    ),
    "texts that compare equal": selecting("x COLLATE NOCASE") + " GROUP BY ALL",
    "sample": ANSWER + " USING SAMPLE 10",
    "table sample": ANSWER + " TABLESAMPLE 10%",
    "limit": ANSWER + " LIMIT 3",
    "limit in percent": ANSWER + " LIMIT 10%",
    "offset": ANSWER + " OFFSET 3",
    "limit in a subquery": "SELECT source, x AS input, x AS outputs FROM (SELECT * FROM t LIMIT 3) ORDER BY source",
    "limit ordered by a constant": ANSWER + " ORDER BY 1 + 1 LIMIT 3",
    "limit ordered by a text": ANSWER + " ORDER BY 'x' LIMIT 3",
    "limit ordered by a subquery": ANSWER + " ORDER BY (SELECT max(x) FROM t) LIMIT 3",
    "distinct on with the order of a constant": (
        "SELECT DISTINCT ON (y) source, x AS input, x AS outputs FROM t ORDER BY 1 + 1"
    ),
    "distinct on": "SELECT DISTINCT ON (y) source, x AS input, x AS outputs FROM t",
    "positional join": "SELECT t.source, t.x AS input, u.x AS outputs FROM t POSITIONAL JOIN t AS u",
    "asof join": "SELECT t.source, t.x AS input, u.x AS outputs FROM t ASOF JOIN t AS u ON t.y >= u.y",
    "asof left join": "SELECT t.source, t.x AS input, u.x AS outputs FROM t ASOF LEFT JOIN t AS u ON t.y >= u.y",
    "a chain too deep to check": selecting(" || ".join(["x"] * 900)),
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
    "sums of lengths": grouping("sum(len(x))") + " HAVING sum(len(x)) > 0",
    "sums and means of whole numbers": grouping("sum(y) + avg(y) + mean(source)"),
    "sums of truths": grouping("sum(y > 1)"),
    "means of decimals": grouping("avg(f::DECIMAL(18, 6))"),
    "means of times": grouping("avg(make_timestamp(source::BIGINT))"),
    "sums of fractions in an order": grouping("sum(f ORDER BY source)"),
    "sums of a list of fractions": grouping("list_sum(list(f ORDER BY source)) + list_avg([1.5::DOUBLE])"),
    "greatest and middle fractions": grouping("max(f) + min(g) + median(f) + quantile_cont(f, 0.3)"),
    "fractions listed over a window": selecting("list(f) OVER (PARTITION BY y ORDER BY source)::VARCHAR"),
    "whole numbers over rows in an order": selecting("(sum(y) OVER (ORDER BY source ROWS 3 PRECEDING))::VARCHAR"),
    "limit of an order by position": ANSWER + " ORDER BY 1 LIMIT 5",
    "limit of an order by all": ANSWER + " ORDER BY ALL LIMIT 5",
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


def test_every_function_a_recipe_may_call_is_one_duckdb_calls_consistent() -> None:
    con = duckdb.connect()
    drawn = con.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE stability <> 'CONSISTENT'")
    assert not {name for (name,) in drawn.fetchall()} & allowed_functions(con)


def test_every_aggregate_a_recipe_may_call_has_been_looked_at() -> None:
    """What a new DuckDB brings may add up fractions, or depend on the order of rows."""
    ordered = (
        *("any_value", "arbitrary", "arg_max", "arg_max_null", "arg_max_nulls_last", "arg_min", "arg_min_null"),
        *("arg_min_nulls_last", "argmax", "argmin", "array_agg", "first", "group_concat", "histogram", "last", "list"),
        *("listagg", "lttb", "max_by", "min_by", "mode", "string_agg", "variant_group_object"),
    )
    exact = (
        *("bit_and", "bit_or", "bit_xor", "bitstring_agg", "bool_and", "bool_or", "count", "count_if", "count_star"),
        *("countif", "decimal_average", "histogram_exact", "mad", "max", "median", "min", "quantile"),
        *("quantile_cont", "quantile_disc", "regr_count", "sum_no_overflow"),
    )
    by_type = ("avg", "mean", "sum")
    con = duckdb.connect()
    known = con.execute("SELECT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'")
    assert {name for (name,) in known.fetchall()} & allowed_functions(con) == {*ordered, *exact, *by_type}
    for name in ordered:
        with pytest.raises(RecipeError, match="needs an ORDER BY"):
            check_select(con, f"SELECT {name}(1)", where=Where("strange"), tables=set(), functions={name})


def test_no_table_function_reads_anything() -> None:
    con = duckdb.connect()
    known = con.execute("SELECT lower(function_name) FROM duckdb_functions() WHERE function_type LIKE '%table%'")
    names = {name for (name,) in known.fetchall()} - {"unnest", "range", "generate_series"}
    assert {"read_text", "query", "query_table", "duckdb_settings", "parquet_metadata"} <= names
    for name in names:
        with pytest.raises(RecipeError, match="table function"):
            check_select(con, f"FROM {name}('x')", where=Where("strange"), tables={"x"}, functions={name})


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


@pytest.mark.parametrize("expression", ["x::INT::VARCHAR", "json_extract_string(x, '$.a')"])
def test_nor_do_errors_of_late_rows(tmp_path: Path, expression: str) -> None:
    with duckdb.connect(str(tmp_path / "staged.duckdb")) as con:
        con.execute(
            "CREATE TABLE t AS SELECT i::UBIGINT AS source, CASE WHEN i < 400_000 THEN '1' ELSE 'text ' || i END AS x "
            "FROM range(500_000) r(i)"
        )
    request = request_of(tmp_path / "staged.duckdb", tmp_path / "out", selecting(expression), memory="1GB")
    with pytest.raises(RecipeError, match=r"task task1: DuckDB says: \w+ ?\w* Error: .* Next: Mend the SQL") as caught:
        run_sandboxed(request, tmp_path / "request.json")
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


def test_memory_that_arrow_does_not_get_is_said_too(
    staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_batch(self: pq.ParquetWriter, batch: pa.RecordBatch) -> None:
        raise pa.ArrowMemoryError("malloc of size 1099511627776 failed")

    monkeypatch.setattr(pq.ParquetWriter, "write_batch", write_batch)
    with pytest.raises(RecipeError, match=r"corpus strange, task task1: .* needs more memory .*`memory_limit`"):
        run(staged, tmp_path / "out", ANSWER)


@pytest.mark.parametrize(
    "recipe",
    [
        "SELECT a.source, a.x AS input, b.x AS outputs FROM t a, t b, t c",
        "SELECT a.source, '' AS input, '' AS outputs FROM t a, t b, t c",
        "SELECT a.source, a.x AS input, repeat('a', 5000) AS outputs FROM t a, t b",  # compresses to next to nothing
    ],
)
def test_a_recipe_that_returns_too_much_is_stopped(staged: Path, tmp_path: Path, recipe: str) -> None:
    request = request_of(staged, tmp_path / "out", recipe, output="100MB")
    with pytest.raises(RecipeError, match=r"corpus strange, task task1: .* return more than 100MB.*`sandbox_output`"):
        run_sandboxed(request, tmp_path / "request.json")
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) < 100e6


def test_the_limit_is_for_all_recipes_of_a_corpus(staged: Path, tmp_path: Path) -> None:
    request = request_of(staged, tmp_path / "out", selecting("repeat(x, 200)"), output="500KB")
    sandbox.run(request)
    again = {"task1": request.recipes["task1"], "task2": request.recipes["task1"]}
    with pytest.raises(RecipeError, match=r"corpus strange, task task2: .* return more than 500KB"):
        sandbox.run(request.model_copy(update={"recipes": again}))


def test_a_recipe_process_that_breaks_off_says_how_but_not_what(staged: Path, tmp_path: Path) -> None:
    request = request_of(staged, tmp_path / "out", ANSWER)
    (tmp_path / "out").rmdir()
    with pytest.raises(RecipeError, match=r"task task1: the recipe process ended with FileNotFoundError\. Next: "):
        run_sandboxed(request, tmp_path / "request.json")


def test_a_recipe_process_whose_parent_was_killed_ends_by_itself(staged: Path, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(request_of(staged, tmp_path / "out", ENDLESS, seconds=-9).model_dump_json())
    command = [sys.executable, "-I", "-m", "meds_pipeline.instances.sandbox", str(file)]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode < 0


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("list_transform([x], w -> upper(w))[1]", r"Write `lambda x: \.\.\.`, not `x -> \.\.\.`\."),
        ("x.upper()", r"x\.upper\(\) has a schema or a column before its name: write upper\(\.\.\.\) or upper\(x\)"),
        ("(SELECT max(x) FROM main.t)", r"views have no schema: write t, not main\.t\."),
        ("(SELECT max(x) FROM (FROM t ORDER BY 'a'))", "ORDER BY non-integer literal has no effect"),
        ("sum(f) OVER ()", r"sum\(\) of a DOUBLE is rounded .*; cast it to DECIMAL\. Next: "),
        ("(SELECT avg(g) FROM t)", r"avg\(\) of a DOUBLE is rounded .* DECIMAL, or write avg\(x ORDER BY \.\.\.\)"),
    ],
)
def test_a_refusal_says_how_to_write_it(staged: Path, tmp_path: Path, expression: str, advice: str) -> None:
    with pytest.raises(RecipeError, match=advice) as caught:
        run(staged, tmp_path / "out", selecting(expression))
    assert "SET " not in str(caught.value)  # the configuration is locked


def test_check_select_names_what_may_be_read() -> None:
    con = duckdb.connect()
    with pytest.raises(RecipeError, match="there are: a, b"):
        check_select(con, "FROM c", where=Where("strange"), tables={"b", "a"}, functions=set())
