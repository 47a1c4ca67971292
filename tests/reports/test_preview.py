"""Previews: cells that fit a table, and nothing of a credentialed output but ids."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

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


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_open_rows_are_shown_with_long_texts_cut(tmp_path: Path) -> None:
    row = preview(write(tmp_path / "x.parquet", ROWS[1:]), "open")[0]
    assert row["input"] == "y" * CHARS + "…"
    assert row["age"] == 3
    assert row["outputs"] == "[]"


def test_a_credentialed_output_shows_ids_only(tmp_path: Path) -> None:
    (row, _) = preview(write(tmp_path / "x.parquet", ROWS), "credentialed")
    assert row == {
        "instance_id": "a1", "task_id": "task114", "split": "test", "input": HIDDEN, "age": HIDDEN, "outputs": HIDDEN,
    }  # fmt: skip


def test_a_row_with_an_access_class_of_its_own_goes_by_that(tmp_path: Path) -> None:
    rows = [{"input": "text", "access": access} for access in ("credentialed", "open", None)]
    shown = preview(write(tmp_path / "x.parquet", rows), "credentialed")
    assert [row["input"] for row in shown] == [HIDDEN, "text", HIDDEN]


def test_no_rows_and_more_rows_than_shown(tmp_path: Path) -> None:
    assert len(preview(write(tmp_path / "many.parquet", ROWS * 9), "open", rows=4)) == 4
    pq.write_table(pa.Table.from_pylist(ROWS).slice(0, 0), tmp_path / "none.parquet")
    assert preview(tmp_path / "none.parquet", "open") == []
