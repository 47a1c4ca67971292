"""Checks what only the bound plan of a recipe shows: sums and means of fractions.

A sum of fractions is rounded differently in another order of rows. So `sum(score)` differs from run to run if `score`
is a DOUBLE, but not if it is a whole number or a decimal. DuckDB knows the type once views, macros and types are bound;
`json_serialize_plan` shows it without running the statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from meds_pipeline.instances.allowlist import refused, tree_of

if TYPE_CHECKING:
    import duckdb

    from meds_pipeline.core.errors import Where

_FRACTIONS = {"FLOAT", "DOUBLE"}
_SUMS = {"avg", "mean", "sum"}
"""Allowed functions that are exact for some types of argument and not for others."""


def check_sums(con: duckdb.DuckDBPyConnection, sql: str, *, where: Where) -> None:
    """Raise RecipeError where a statement adds up fractions in the order rows happen to arrive in.

    Args:
        con: A connection on which the statement can be bound.
        sql: A SELECT that `allowlist.check_select` has passed.
        where: Corpus and task, for the error.
    """
    for node in _aggregates(tree_of(con, "json_serialize_plan", sql, where)["plans"]):
        name, over = node["qname"]["path"][-1], node["expression_class"] == "BOUND_WINDOW"
        kinds = _FRACTIONS & {argument["id"] for argument in node["arguments"]}
        if name not in _SUMS or not kinds or (not over and node["order_bys"]):
            continue
        mend = "cast it to DECIMAL" + ("" if over else f", or write {name}(x ORDER BY ...) with a unique key")
        raise refused(where, f"{name}() of a {kinds.pop()} is rounded by the order rows arrive in; {mend}")


def _aggregates(tree: object) -> Iterator[dict[str, Any]]:
    """Yield aggregates over rows; aggregates inside `function_data` are left out: they go over a list, in its order."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if node.get("expression_class") in ("BOUND_AGGREGATE", "BOUND_WINDOW") and node.get("qname"):
                yield node
            waiting.extend(value for key, value in node.items() if key != "function_data")
