"""Checks that need all corpora together: duplicates, the proof of the splits, contamination.

Each step reads the instances behind every corpus's last good verdicts and writes one lineage table.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import pyarrow as pa

from meds_pipeline.core import parquet
from meds_pipeline.quality.near import groups, near_pairs
from meds_pipeline.scoring.registry import bench_category

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from meds_pipeline.catalog import Catalog
    from meds_pipeline.core.outputs import Access, Draft, Output

_DUPLICATE = pa.schema(
    [
        ("instance_id", pa.string()),
        ("kept_instance_id", pa.string()),
        ("kind", pa.string()),
        ("similarity", pa.float64()),
    ]
)
_CONTAMINATION = pa.schema(
    [("instance_id", pa.string()), ("item_id", pa.string()), ("rule", pa.string()), ("similarity", pa.float64())]
)


@dataclass(frozen=True, slots=True)
class Good:
    """The usable data of one corpus: its verdicts and the instances they judge."""

    verdicts: Output
    instances: Output


@contextmanager
def opened(
    corpora: Mapping[str, Good], catalog: Catalog, budget: parquet.Budget, scratch: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection with the views `instance`, `verdict`, `task`, `usable` (no error verdict) and `trainable`."""
    with parquet.connect(**budget._asdict(), temporary=scratch) as con:
        goods = [corpora[name] for name in sorted(corpora)]
        parquet.view_of(con, "instance", [good.instances.file("instances.parquet") for good in goods])
        parquet.view_of(con, "verdict", [good.verdicts.file("lineage/verdict.parquet") for good in goods])
        con.register("task", task_table(catalog, {name: good.instances.access for name, good in corpora.items()}))
        con.execute(sql("usable.sql"))
        yield con


def task_table(catalog: Catalog, access: Mapping[str, Access]) -> pa.Table:
    """Return every task of the catalog; `category` is the MedS-Bench category that counts the task.

    `access` gives the access class of the data of each corpus that has data.
    """
    rows = [
        {
            "task_id": task_id,
            "use": task.use,
            "metric": task.metric,
            "category": bench_category(task_id, task.category, task.metric),
            "definition": task.definition,
            "shots_from": task.shots_from or task_id,
            "labels": task.labels,
            "access": access.get(corpus.corpus, corpus.access),
        }
        for task_id, (corpus, task) in catalog.tasks.items()
    ]
    kinds = {name: pa.string() for name in rows[0]} | {"labels": pa.list_(pa.string())}
    return pa.Table.from_pylist(rows, pa.schema(list(kinds.items())))


def find_duplicates(con: duckdb.DuckDBPyConnection, draft: Draft, *, threshold: float) -> None:
    """Write each training instance that duplicates another of its task, with the instance that is kept in its place."""
    tasks = [row[0] for row in con.execute("SELECT DISTINCT task_id FROM trainable ORDER BY ALL").fetchall()]
    rows: list[tuple[str, str, str, float]] = []
    total = 0
    for task in tasks:
        found = con.execute(
            "SELECT instance_id, content_id, input FROM trainable WHERE task_id = ? ORDER BY instance_id", [task]
        ).fetchall()
        total += len(found)
        first: dict[str, str] = {}
        unique = []
        for instance, content, text in found:
            kept = first.setdefault(content, instance)
            if kept == instance:
                unique.append((instance, text))
            else:
                rows.append((instance, kept, "exact", 1.0))
        rows += _near(con, unique, threshold)
    _write(rows, _DUPLICATE, draft, "duplicate")
    kinds = {kind: sum(row[2] == kind for row in rows) for kind in ("exact", "near")}
    draft.rows = {"instances": total, **kinds}


def _near(
    con: duckdb.DuckDBPyConnection, unique: Sequence[tuple[str, str]], threshold: float
) -> list[tuple[str, str, str, float]]:
    pairs = near_pairs(con, [text for _, text in unique], threshold=threshold)
    best: dict[int, float] = {}
    for pair in pairs:
        best[pair.right] = max(best.get(pair.right, 0.0), pair.similarity)
        best[pair.left] = max(best.get(pair.left, 0.0), pair.similarity)
    kept = groups(pairs)
    return [(unique[row][0], unique[root][0], "near", best[row]) for row, root in sorted(kept.items()) if row != root]


def prove_splits(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
    """Write every training instance that shares a subject or a text with a held-out instance of its corpus."""
    con.execute(sql("split_proof.sql"))
    parquet.copy_ordered(con, "split_conflict", draft.file("split_conflicts.parquet"))
    counts = con.execute("SELECT corpus, rule, count(*) FROM split_conflict GROUP BY ALL ORDER BY ALL").fetchall()
    draft.rows = {"conflicts": sum(count for _, _, count in counts)}
    draft.facts = {"by_rule": {f"{corpus} {rule}": count for corpus, rule, count in counts}}


def find_contamination(con: duckdb.DuckDBPyConnection, release: Output, draft: Draft, *, threshold: float) -> None:
    """Write every training instance that is too close to an item of the release, with the item and the rule."""
    parquet.view_of(con, "item", [release.file("items.parquet")])
    rows: list[tuple[str, str, str, float]] = con.execute(sql("contamination.sql")).fetchall()
    items = con.execute("SELECT item_id, input FROM item ORDER BY item_id").fetchall()
    train = con.execute("SELECT instance_id, input FROM trainable ORDER BY instance_id").fetchall()
    texts = [text for _, text in items] + [text for _, text in train]
    for pair in near_pairs(con, texts, threshold=threshold, first=len(items)):
        rows.append((train[pair.right - len(items)][0], items[pair.left][0], "near", pair.similarity))
    _write(rows, _CONTAMINATION, draft, "contamination")
    draft.rows = {
        "instances": len(train),
        "pairs": len(rows),
        "contaminated": len({row[0] for row in rows}),
    }


def _write(rows: Sequence[tuple[str, str, str, float]], schema: pa.Schema, draft: Draft, table: str) -> None:
    import pyarrow.parquet as pq

    columns = zip(*sorted(rows), strict=True) if rows else [[] for _ in schema]
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), draft.lineage(table), row_group_size=parquet.ROW_GROUP)


def sql(name: str) -> str:
    """Return a SQL file of this package."""
    return (resources.files("meds_pipeline.quality") / "sql" / name).read_text(encoding="utf-8")
