"""Checks a recipe's parsed statement against an allow-list before it runs.

The statement type is no defence: a CTE may hide COPY or DELETE inside what DuckDB calls a SELECT. So the parse tree
(`json_serialize_sql`) is walked: only known node kinds, only the views of this corpus, only functions that give the
same answer every time, and only in forms whose result does not depend on the order rows happen to arrive in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, Any

from meds_pipeline.errors import RecipeError, Where

if TYPE_CHECKING:
    import duckdb

_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"}
_TABLES = {"EMPTY", "BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "PIVOT"}
_MODIFIERS = {"ORDER_MODIFIER", "ORDER_DEFAULT", "ASCENDING", "DESCENDING", "DISTINCT_MODIFIER", "LIMIT_MODIFIER"}
_EXPRESSIONS = {
    "BETWEEN",
    "CASE",
    "CAST",
    "COLLATE",
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
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
# Their value depends on the order of rows unless the call carries its own ORDER BY.
_ORDER_SENSITIVE = {
    *("list", "array_agg", "string_agg", "group_concat", "listagg", "first", "last", "any_value", "arbitrary"),
    *("mode", "arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by", "json_group_array", "histogram"),
    *("arg_max_null", "arg_min_null", "arg_max_nulls_last", "arg_min_nulls_last", "lttb"),
}
# DuckDB calls these consistent, but their value is not fixed by their arguments alone.
_NOT_FIXED = {
    *("approx_quantile", "approx_top_k", "approx_count_distinct", "reservoir_quantile"),  # draws and sketches
    *("age", "current_localtime", "current_localtimestamp", "hash", "version"),  # clock and version of DuckDB
    # sums of fractions, which differ by the order rows arrive in
    *("corr", "covar_pop", "covar_samp", "entropy", "favg", "fsum", "kahan_sum", "kurtosis", "kurtosis_pop"),
    *("product", "regr_avgx", "regr_avgy", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy"),
    *("regr_syy", "sem", "skewness", "stddev", "stddev_pop", "stddev_samp", "sumkahan", "var_pop", "var_samp"),
    "variance",
    # functions and statements named by a string, which nobody checks
    *("aggregate", "array_aggr", "array_aggregate", "list_aggr", "list_aggregate"),
    *("json_deserialize_sql", "json_serialize_plan", "json_serialize_sql"),
}
# A bare name that is no column of the FROM clause is one of these to DuckDB.
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
    answer = json.loads(con.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0])
    if answer.get("error"):
        raise _refused(where, f"not a SELECT DuckDB can parse ({answer.get('error_message')})")
    if len(answer["statements"]) != 1:
        raise _refused(where, "more than one statement")
    ctes = {name for node in _dicts(answer) for name in _cte_names(node)}
    if taken := sorted(ctes & _internal_views(con)):  # outside its scope the name would read DuckDB's own view
        raise _refused(where, f"a CTE may not be named {taken[0]}")
    for node in _dicts(answer):
        _check_node(node, where, tables | ctes, functions)


def _internal_views(con: duckdb.DuckDBPyConnection) -> set[str]:
    rows = con.execute("SELECT DISTINCT lower(view_name) FROM duckdb_views() WHERE internal").fetchall()
    return {str(name) for (name,) in rows}


def _cte_names(node: dict[str, Any]) -> set[str]:
    return {entry["key"].lower() for entry in (node.get("cte_map") or {}).get("map", [])}


def _check_node(node: dict[str, Any], where: Where, tables: Set[str], functions: Set[str]) -> None:
    kind, group = node.get("type"), node.get("class")
    if group is not None:
        if group not in _EXPRESSIONS:
            raise _refused(where, f"expression {group} is not allowed")
    elif isinstance(kind, str) and kind.isupper() and _is_structure(node) and kind not in _NODES | _TABLES | _MODIFIERS:
        raise _refused(where, f"{kind} is not allowed")
    if node.get("sample") is not None:
        raise _refused(where, "SAMPLE gives other rows on every run; choose rows by their hash rank")
    if kind == "BASE_TABLE":
        _check_table(node, where, tables)
    elif kind == "TABLE_FUNCTION":
        name = _function_name(node["function"])
        if name not in _TABLE_FUNCTIONS:
            raise _refused(where, f"table function {name} is not allowed")
    elif kind == "JOIN" and node.get("ref_type") == "POSITIONAL":
        raise _refused(where, "POSITIONAL JOIN pairs rows by the order they arrive in; join on a key")
    elif group == "COLUMN_REF":
        _check_column(node, where)
    elif group == "FUNCTION":
        _check_function(node, where, functions)
    elif group == "WINDOW":
        _check_window(node, where, functions)
    modifiers = node.get("modifiers")
    if isinstance(modifiers, list):
        kinds = {modifier.get("type") for modifier in modifiers}
        if "LIMIT_MODIFIER" in kinds and "ORDER_MODIFIER" not in kinds:
            raise _refused(where, "LIMIT needs an ORDER BY")
        if any(m.get("distinct_on_targets") for m in modifiers) and "ORDER_MODIFIER" not in kinds:
            raise _refused(where, "DISTINCT ON needs an ORDER BY")


def _is_structure(node: dict[str, Any]) -> bool:
    """Tell query nodes, table references and modifiers from literals, which have a `type` of their own."""
    return "modifiers" in node or "alias" in node or "orders" in node or "info" in node or "query_node" in node


def _check_table(node: dict[str, Any], where: Where, tables: Set[str]) -> None:
    name = str(node.get("table_name", "")).lower()
    if node.get("schema_name") or node.get("catalog_name") or name not in tables:
        known = ", ".join(sorted(tables))
        raise _refused(where, f"no view {name!r} here (there are: {known})")


def _check_column(node: dict[str, Any], where: Where) -> None:
    names = node.get("column_names") or []
    if len(names) == 1 and str(names[0]).lower() in _SQL_VALUES:
        raise _refused(where, f"{names[0]} is not in the data (write `view.{names[0]}` for a column of that name)")


def _check_window(node: dict[str, Any], where: Where, functions: Set[str]) -> None:
    name = _function_name(node)
    if node.get("type") == "WINDOW_AGGREGATE" and name not in functions:
        raise _refused(where, f"function {name} is unknown, or its value is not fixed by its arguments")
    ordered = node.get("orders") or node.get("arg_orders")
    if not ordered and (node.get("type") != "WINDOW_AGGREGATE" or name in _ORDER_SENSITIVE):
        raise _refused(where, f"{name}() OVER needs an ORDER BY")


def _check_function(node: dict[str, Any], where: Where, functions: Set[str]) -> None:
    name = _function_name(node)
    if name not in functions:
        raise _refused(where, f"function {name} is unknown, or its value is not fixed by its arguments")
    order = node.get("order_bys")
    if name in _ORDER_SENSITIVE and not (isinstance(order, dict) and order.get("orders")):
        raise _refused(where, f"{name}() needs an ORDER BY inside the call")


def _function_name(node: object) -> str:
    if not isinstance(node, dict) or node.get("schema") or node.get("catalog"):
        return "with a schema"
    return str(node.get("function_name")).lower()


def _dicts(tree: object) -> Iterator[dict[str, Any]]:
    """Yield every object of a JSON tree, depth first without recursion limits."""
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, Sequence) and not isinstance(node, str):
            waiting.extend(node)


def _refused(where: Where, problem: str) -> RecipeError:
    return RecipeError(
        f"recipe refused: {problem}.", where, "Mend the SQL; docs/add-a-corpus.md lists what it may use."
    )
