"""Checks a recipe's parsed statement against an allow-list before it runs.

The statement type is no defence: a CTE may hide COPY or DELETE inside what DuckDB calls a SELECT. So the parse tree
(`json_serialize_sql`) is walked: only known node kinds, only the views of this corpus, only functions that give the
same answer every time, and only in forms whose result does not depend on the order rows happen to arrive in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.errors import RecipeError, Where

if TYPE_CHECKING:
    import duckdb

_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"}
_TABLES = {"EMPTY", "BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "PIVOT"}
_MODIFIERS = {"ORDER_MODIFIER", "ORDER_DEFAULT", "ASCENDING", "DESCENDING", "DISTINCT_MODIFIER", "LIMIT_MODIFIER"}
_EXPRESSIONS = {
    "BETWEEN",
    "CASE",
    "CAST",
    "COLUMN_REF",
    "COMPARISON",
    "CONJUNCTION",
    "CONSTANT",
    "FUNCTION",
    "LAMBDA",
    "OPERATOR",
    "STAR",
    "SUBQUERY",
    "TYPE",
    "WINDOW",
}
_WORD = re.compile(r"\w+")
_QUOTED = re.compile("'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"")
_NEEDS_ORDER = "needs an ORDER BY over columns"
_JOINS = {"REGULAR", "NATURAL", "CROSS"}
_UNORDERED_JOINS = {
    "POSITIONAL": "pairs rows by the order they arrive in; join on a key",
    "ASOF": "takes any one of the rows nearest to another; join on a range and choose by an order",
}
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
# Their value depends on the order of rows unless the call carries its own ORDER BY.
_ORDER_SENSITIVE = {
    *("list", "array_agg", "string_agg", "group_concat", "listagg", "first", "last", "any_value", "arbitrary"),
    *("mode", "arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by", "json_group_array", "histogram"),
    *("arg_max_null", "arg_min_null", "arg_max_nulls_last", "arg_min_nulls_last", "lttb", "variant_group_object"),
}
# DuckDB calls these consistent, but their value is not fixed by their arguments alone.
_NOT_FIXED = {
    *("approx_quantile", "approx_top_k", "approx_count_distinct", "reservoir_quantile"),  # draws and sketches
    *("age", "current_localtime", "current_localtimestamp", "hash", "version"),  # clock and version of DuckDB
    # sums of fractions, which differ by the order rows arrive in (`bound.py` looks after sum and avg)
    *("corr", "covar_pop", "covar_samp", "entropy", "favg", "fsum", "kahan_sum", "kurtosis", "kurtosis_pop"),
    *("product", "regr_avgx", "regr_avgy", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy"),
    *("regr_syy", "sem", "skewness", "stddev", "stddev_pop", "stddev_samp", "sumkahan", "var_pop", "var_samp"),
    "variance",
    *("combine", "combine_aggr", "finalize", "to_aggregate_state"),  # states of aggregates, which may be such sums
    # they call a function or statement named by a string, which the parse tree does not show
    *("aggregate", "array_aggr", "array_aggregate", "list_aggr", "list_aggregate"),
    *("json_deserialize_sql", "json_serialize_plan", "json_serialize_sql"),
}
# DuckDB reads these names as functions, where they are no columns of the FROM clause.
_SQL_VALUES = {
    *("current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp"),
    *("current_user", "localtime", "localtimestamp", "session_user", "user"),
}
_BUILTIN_MACROS = {
    *("array_append", "array_pop_back", "array_pop_front", "array_prepend", "array_push_back", "array_push_front"),
    *("array_reverse", "array_to_string", "array_to_string_comma_default", "fdiv", "fmod", "if", "list_append"),
    *("list_any_value", "list_avg", "list_bool_and", "list_bool_or", "list_count", "list_first", "list_last"),
    *("list_max", "list_min", "list_prepend", "list_reverse", "list_sum", "map_contains_entry", "nullif"),
    *("map_contains_value", "split_part", "json"),
}


def allowed_functions(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the names of functions whose value depends on their arguments alone, in lower case."""
    rows = con.execute(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() "
        "WHERE function_type IN ('scalar', 'aggregate', 'window') AND stability = 'CONSISTENT'"
    ).fetchall()
    names = {str(name) for (name,) in rows if not name.startswith("__")}
    return frozenset(names - _NOT_FIXED | _BUILTIN_MACROS | {"unnest"})


def check_select(
    con: duckdb.DuckDBPyConnection, sql: str, *, where: Where, tables: Set[str], functions: Set[str]
) -> None:
    """Raise RecipeError unless `sql` is one SELECT over `tables` with `functions` only.

    Args:
        con: Any connection; the statement is parsed, not run.
        sql: The recipe's text.
        where: Corpus and task, for the error.
        tables: Views the statement may read, in lower case.
        functions: Functions and macros it may call, in lower case.
    """
    answer = tree_of(con, "json_serialize_sql", sql, where)
    if len(answer["statements"]) != 1:
        raise refused(where, "more than one statement")
    ctes = {name for node in _dicts(answer) for name in _cte_names(node)}
    if taken := sorted(ctes & (_names(con) - tables)):  # outside the CTE's scope the name would read this
        raise refused(where, f"no CTE may be named {taken[0]}: a table or view that recipes may not read has that name")
    for node in _dicts(answer):
        _check_node(node, where, tables | ctes, functions)


def tree_of(con: duckdb.DuckDBPyConnection, function: str, sql: str, where: Where) -> dict[str, Any]:
    """Return a statement as `json_serialize_sql` or `json_serialize_plan` shows it; raises RecipeError if it fails."""
    ((text,),) = con.execute(f"SELECT {function}(?)", [sql]).fetchall()
    try:
        tree: dict[str, Any] = json.loads(text)
    except RecursionError as error:
        problem = "an expression too deep to check; a long chain of || can be one concat(...)"
        raise refused(where, problem) from error
    if tree["error"]:
        raise refused(where, f"not a SELECT DuckDB can read ({tree['error_message']}){_keyword_hint(con, sql)}")
    return tree


def _keyword_hint(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Name the words of a broken statement that are reserved words of SQL and also names in the data."""
    words = sorted(set(_WORD.findall(_QUOTED.sub(" ", sql.lower()))))
    found = con.execute(
        "SELECT keyword_name FROM duckdb_keywords() "
        "WHERE keyword_category = 'reserved' AND list_contains(?, keyword_name) AND keyword_name IN ("
        "  SELECT lower(column_name) FROM duckdb_columns() WHERE NOT internal"
        "  UNION ALL SELECT lower(view_name) FROM duckdb_views()"
        "  UNION ALL SELECT lower(table_name) FROM duckdb_tables()) ORDER BY ALL",
        [words],
    ).fetchall()
    if not found:
        return ""
    quoted = ", ".join(f'"{name}"' for (name,) in found)
    problem = f"a name that is a keyword of SQL is written in double quotes, here {quoted}, or renamed in a view"
    return f"; {problem} (a YAML value that begins with a quote needs others around it)"


def _names(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of all tables and views that a name without a schema could find."""
    rows = con.execute(
        "SELECT lower(table_name) FROM duckdb_tables() UNION SELECT lower(view_name) FROM duckdb_views()"
    ).fetchall()
    return {str(name) for (name,) in rows}


def _cte_names(node: dict[str, Any]) -> set[str]:
    return {entry["key"].lower() for entry in (node.get("cte_map") or {}).get("map", [])}


def _check_node(node: dict[str, Any], where: Where, tables: Set[str], functions: Set[str]) -> None:
    kind, group = node.get("type"), node.get("class")
    if group is not None:
        if group == "COLLATE":
            raise refused(where, "of texts that a COLLATE finds equal any one may be shown; use lower()")
        if group not in _EXPRESSIONS:
            raise refused(where, f"expression {group} is not allowed")
    elif isinstance(kind, str) and kind.isupper() and _is_structure(node) and kind not in _NODES | _TABLES | _MODIFIERS:
        raise refused(where, f"{kind} is not allowed")
    if node.get("sample") is not None:
        raise refused(where, "SAMPLE gives other rows on every run; choose rows by their hash rank")
    if kind == "BASE_TABLE":
        _check_table(node, where, tables)
    elif kind == "TABLE_FUNCTION":
        name = _function_name(node["function"], where)
        if name not in _TABLE_FUNCTIONS:
            raise refused(where, f"table function {name} is not allowed")
    elif kind == "JOIN" and node["ref_type"] not in _JOINS:
        problem = _UNORDERED_JOINS.get(node["ref_type"], "is not allowed")
        raise refused(where, f"{node['ref_type']} JOIN {problem}")
    elif group == "COLUMN_REF":
        _check_column(node, where)
    elif group == "FUNCTION":
        _check_function(node, where, functions)
    elif group == "WINDOW":
        _check_window(node, where, functions)
    modifiers = node.get("modifiers")
    if isinstance(modifiers, list):
        _check_modifiers(modifiers, where)


def _check_modifiers(modifiers: Sequence[dict[str, Any]], where: Where) -> None:
    ordered = any(_sorts(modifier.get("orders"), positions=True) for modifier in modifiers)
    if not ordered and any(modifier["type"] == "LIMIT_MODIFIER" for modifier in modifiers):
        raise refused(where, f"LIMIT {_NEEDS_ORDER}")
    if not ordered and any(modifier.get("distinct_on_targets") for modifier in modifiers):
        raise refused(where, f"DISTINCT ON {_NEEDS_ORDER}")


def _sorts(orders: Sequence[dict[str, Any]] | None, *, positions: bool = False) -> bool:
    """Tell whether an ORDER BY looks at the rows: a constant does not, except as the position of a column.

    A subquery counts as a constant. Ties are not checked: they show only when the data is read.
    """
    keys = [order["expression"] for order in orders or ()]
    return any((positions and _is_integer(key)) or _sees_rows(key) for key in keys)


def _is_integer(expression: dict[str, Any]) -> bool:
    return bool(expression["class"] == "CONSTANT" and expression["literal"]["kind"] == "INTEGER")


def _sees_rows(expression: dict[str, Any]) -> bool:
    return any(node.get("class") in ("COLUMN_REF", "STAR") for node in _dicts(expression, beyond="SUBQUERY"))


def _is_structure(node: dict[str, Any]) -> bool:
    """Tell query nodes, table references and modifiers from literals, which have a `type` of their own."""
    return "modifiers" in node or "alias" in node or "orders" in node or "info" in node or "query_node" in node


def _check_table(node: dict[str, Any], where: Where, tables: Set[str]) -> None:
    *before, name = node["qualified_name"]["path"]
    if name.lower() not in tables:
        raise refused(where, f"no view {name!r} here (there are: {', '.join(sorted(tables))})")
    if before:
        raise refused(where, f"views have no schema: write {name}, not {'.'.join(before)}.{name}")


def _check_column(node: dict[str, Any], where: Where) -> None:
    names = node.get("column_names") or []
    if len(names) == 1 and str(names[0]).lower() in _SQL_VALUES:
        raise refused(where, f"{names[0]} is not in the data (write `view.{names[0]}` for a column of that name)")


def _check_window(node: dict[str, Any], where: Where, functions: Set[str]) -> None:
    name = _function_name(node, where)
    if node.get("type") == "WINDOW_AGGREGATE" and name not in functions:
        raise refused(where, f"function {name} is unknown, or its value is not fixed by its arguments")
    ordered = _sorts(node.get("orders")) or _sorts(node.get("arg_orders"))
    if not ordered and (node.get("type") != "WINDOW_AGGREGATE" or name in _ORDER_SENSITIVE):
        raise refused(where, f"{name}() OVER {_NEEDS_ORDER}")
    if not _sorts(node.get("orders")) and any(str(node.get(end)).endswith("_ROWS") for end in ("start", "end")):
        raise refused(where, f"{name}() OVER ROWS {_NEEDS_ORDER}")


def _check_function(node: dict[str, Any], where: Where, functions: Set[str]) -> None:
    name = _function_name(node, where)
    if name not in functions:
        raise refused(where, f"function {name} is unknown, or its value is not fixed by its arguments")
    orders = (node.get("order_bys") or {}).get("orders")
    if (orders or name in _ORDER_SENSITIVE) and not _sorts(orders):
        raise refused(where, f"{name}() {_NEEDS_ORDER} inside the call")


def _function_name(node: dict[str, Any], where: Where) -> str:
    *before, name = node["qualified_name"]["path"]
    if before:
        dotted = ".".join(before)
        problem = f"{dotted}.{name}() has a schema or a column before its name: write {name}(...) or {name}({dotted})"
        raise refused(where, problem)
    return str(name).lower()


def _dicts(tree: object, beyond: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield every object of a JSON tree, depth first, no recursion; objects of class `beyond` are skipped whole."""
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if beyond is not None and node.get("class") == beyond:
                continue
            yield node
            waiting.extend(node.values())
        elif isinstance(node, Sequence) and not isinstance(node, str):
            waiting.extend(node)


def refused(where: Where, problem: str) -> RecipeError:
    """Return the error that says why a statement is not run."""
    return RecipeError(
        f"recipe refused: {problem}.", where, "Mend the SQL; docs/add-a-corpus.md lists what it may use."
    )
