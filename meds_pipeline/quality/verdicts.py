"""The verdicts step: every failing row of every quality rule becomes a verdict row.

A rule is a SQL file in `rules/`: its first comment line names the severity, the next what it finds, and its SELECT
returns (instance_id, detail). Instances with an `error` are left out of training sets and releases; a `warn` is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import pyarrow as pa

from meds_pipeline.core import parquet
from meds_pipeline.core.errors import CatalogError

if TYPE_CHECKING:
    import duckdb

    from meds_pipeline.catalog.model import Corpus
    from meds_pipeline.core.outputs import Draft, Output

_HEADER = re.compile(r"-- severity: (error|warn)\n-- (.+)\n")


@dataclass(frozen=True, slots=True)
class Rule:
    """One quality rule."""

    name: str
    severity: str
    about: str
    sql: str


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Return all rules by name; raises CatalogError for a rule file without its header."""
    folder = resources.files("meds_pipeline.quality") / "rules"
    found = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        text = file.read_text(encoding="utf-8")
        header = _HEADER.match(text)
        if header is None:
            raise CatalogError(f"rule {file.name} has no severity line.", next_step="Start it like the other rules.")
        found.append(Rule(file.name.removesuffix(".sql"), header[1], header[2], text))
    return tuple(found)


def judge(corpus: Corpus, instances: Output, draft: Draft, *, max_input_chars: int, budget: parquet.Budget) -> None:
    """Run every rule over the instances of a corpus and write the verdicts."""
    with parquet.connect(**budget._asdict(), temporary=draft.scratch) as con:
        parquet.view_of(con, "instance", [instances.file("instances.parquet")])
        con.register("task", task_table(corpus))
        con.execute("SET VARIABLE max_input_chars = ?", [max_input_chars])
        con.execute("CREATE TEMP TABLE verdict (instance_id VARCHAR, rule VARCHAR, severity VARCHAR, detail VARCHAR)")
        for rule in rules():
            _apply(con, rule)
        con.execute("CREATE TEMP VIEW ordered AS FROM verdict ORDER BY instance_id, rule, detail")
        parquet.copy_ordered(con, "ordered", draft.lineage("verdict"))
        counts = dict(con.execute("SELECT rule, count(*) FROM verdict GROUP BY ALL ORDER BY ALL").fetchall())
        errors = con.execute("SELECT count(DISTINCT instance_id) FROM verdict WHERE severity = 'error'").fetchall()
    draft.rows = {
        "instances": instances.manifest.rows["instances"],
        "rejected": errors[0][0],
        "verdicts": sum(counts.values()),
    }
    draft.facts = {"rules": {rule.name: counts.get(rule.name, 0) for rule in rules()}}


def task_table(corpus: Corpus) -> pa.Table:
    """Return the facts of tasks that rules may use: task_id, metric, labels."""
    rows = [{"task_id": task_id, "metric": t.metric, "labels": t.labels} for task_id, t in corpus.tasks.items()]
    schema = pa.schema([("task_id", pa.string()), ("metric", pa.string()), ("labels", pa.list_(pa.string()))])
    return pa.Table.from_pylist(rows, schema)


def _apply(con: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    con.execute(
        f"INSERT INTO verdict SELECT instance_id, ?, ?, detail FROM ({rule.sql})",  # noqa: S608 - rule files of this package
        [rule.name, rule.severity],
    )
