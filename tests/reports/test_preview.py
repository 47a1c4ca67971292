"""Previews: cells that fit a table, and nothing of a credentialed corpus but ids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meds_pipeline.catalog import Catalog, load_catalog
from meds_pipeline.reports.preview import CHARS, HIDDEN, preview

ROWS = [
    {
        "instance_id": "a1",
        "task_id": "task114",
        "input": "the secret",
        "age": 71,
        "outputs": ["x", "y"],
        "split": "test",
    },
    {"instance_id": "a2", "task_id": "task12", "input": "y" * 1000, "age": 3, "outputs": [], "split": "train"},
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The catalog with MeQSum (task114) made credentialed; none of the open corpora of the first three is."""
    known = load_catalog()
    secret = known.corpora["meqsum"].model_copy(update={"access": "credentialed"})
    return replace(known, corpora={**known.corpora, "meqsum": secret})


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_open_rows_are_shown_with_long_texts_cut(catalog: Catalog, tmp_path: Path) -> None:
    row = preview(write(tmp_path / "x.parquet", ROWS[1:]), catalog, "pubmedqa")[0]
    assert row["input"] == "y" * CHARS + "…"
    assert row["age"] == 3
    assert row["outputs"] == "[]"


def test_a_credentialed_corpus_shows_ids_only(catalog: Catalog, tmp_path: Path) -> None:
    (row, _) = preview(write(tmp_path / "x.parquet", ROWS), catalog, "meqsum")
    assert row == {
        "instance_id": "a1", "task_id": "task114", "split": "test", "input": HIDDEN, "age": HIDDEN, "outputs": HIDDEN,
    }  # fmt: skip


def test_where_corpora_mix_each_row_follows_its_task(catalog: Catalog, tmp_path: Path) -> None:
    secret, shown = preview(write(tmp_path / "x.parquet", ROWS), catalog, "tiny")
    assert secret["input"] == HIDDEN
    assert shown["input"] != HIDDEN


def test_a_row_that_cannot_be_placed_is_hidden_while_any_corpus_is_credentialed(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.parquet", [{"text": "of whom?"}])
    assert preview(path, catalog, "tiny") == [{"text": HIDDEN}]
    some = replace(catalog, corpora={"pubmedqa": catalog.corpora["pubmedqa"]})
    assert preview(path, some, "tiny") == [{"text": "of whom?"}]


def test_no_rows_and_more_rows_than_shown(catalog: Catalog, tmp_path: Path) -> None:
    assert len(preview(write(tmp_path / "many.parquet", ROWS * 9), catalog, "pubmedqa", rows=4)) == 4
    pq.write_table(pa.Table.from_pylist(ROWS).slice(0, 0), tmp_path / "none.parquet")
    assert preview(tmp_path / "none.parquet", catalog, "pubmedqa") == []
