"""What an asset tells Dagster about an output: counts, sizes, identity, columns, the first rows, pictures."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import dagster as dg

from meds_pipeline.lineage.compact import columns as lineage_columns
from meds_pipeline.reports.drawn import pictures
from meds_pipeline.reports.preview import Scalar
from meds_pipeline.reports.preview import preview as first_rows
from meds_pipeline.steps.run import main_files
from meds_pipeline.steps.unreleased import unreleased
from resources.workspace import lineage_database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from meds_pipeline.core.events import StepOutcome
    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.quality.suites import SuiteResult
    from meds_pipeline.steps.run import Done

Metadata = dict[str, dg.MetadataValue]


def describe(workspace: Workspace, done: Done) -> Metadata:
    """Return the metadata of the output of a step, made now or found in the store."""
    assert done.result is not None  # noqa: S101 - the caller has seen it
    output, outcome = done.result.output, done.outcome
    manifest = output.manifest
    metadata: Metadata = {
        "outcome": dg.MetadataValue.text("unchanged" if done.result.reused else "built"),
        "bytes": dg.MetadataValue.int(manifest.bytes),
        "seconds": dg.MetadataValue.float(outcome.seconds),
        "seconds to make": dg.MetadataValue.float(manifest.seconds),
        "fingerprint": dg.MetadataValue.text(manifest.fingerprint),
        "folder": dg.MetadataValue.path(str(output.path)),
        "facts": dg.MetadataValue.json(manifest.facts),
    }
    metadata |= {f"rows/{name}": dg.MetadataValue.int(number) for name, number in manifest.rows.items()}
    if files := [output.file(name) for name in main_files(output)]:
        metadata["dagster/row_count"] = dg.MetadataValue.int(outcome.rows or 0)
        closed = {task for task, access in workspace.access_of_tasks().items() if access == "credentialed"}
        shown = {path: first_rows(path, output.access, closed) for path in files}
        path = next((path for path, rows in shown.items() if rows), files[0])  # an optional file may be absent
        metadata["dagster/column_schema"] = columns(path)
        metadata["preview" if len(files) == 1 else f"preview of {path.stem}"] = table(shown[path])
        if len(files) > 1:
            metadata |= {f"columns of {path.stem}": columns(path) for path in files}
    if (make := _MORE.get(manifest.asset)) is not None:
        metadata |= make(workspace.home, output)
    if manifest.asset == "benchmark":
        metadata["tasks in no release"] = dg.MetadataValue.json(list(unreleased(workspace)))
    drawn = pictures(workspace.home, output)
    return metadata | {name: picture(png) for name, png in drawn.items()}


def check_metadata(found: SuiteResult) -> Metadata:
    """Return what a suite asked and found, the failing rows by their naming columns, and which output was judged."""
    findings: list[dict[str, Scalar]] = [
        {
            "holds": finding.success,
            "severity": finding.severity,
            "expected": finding.about,
            "rows": finding.checked,
            "failing": finding.failing,
        }
        for finding in found.findings
    ]
    failing: list[dict[str, Scalar]] = [
        {"expected": finding.about, "row": ", ".join(f"{k} {v}" for k, v in row.items())}
        for finding in found.findings
        for row in finding.rows
    ]
    return {
        "rows": dg.MetadataValue.int(found.rows),
        "fingerprint": dg.MetadataValue.text(found.fingerprint),
        "expectations": table(findings),
        "failing rows": table(failing),
    }


def _scores(_: Path, output: Output) -> Metadata:
    """Return the figures that matter as numbers: Dagster plots their trend over runs."""
    import pyarrow.parquet as pq

    rows = pq.read_table(output.file("lineage/score.parquet")).to_pylist()
    wanted = [row for row in rows if row["level"] != "task" and row["value"] is not None]
    figures = [row for row in wanted if row["scorer"] == "official" or row["metric"] == "main"]
    return {f"{r['scorer']} {r['name']} {r['metric']}": dg.MetadataValue.float(float(r["value"])) for r in figures}


def _training(_: Path, output: Output) -> Metadata:
    manifest = output.manifest
    loss, tokens = manifest.facts["last_loss"], manifest.rows["tokens"]
    return {"loss": dg.MetadataValue.float(float(str(loss))), "tokens": dg.MetadataValue.int(tokens)}


def _lineage(home: Path, _: Output) -> Metadata:
    with lineage_database(home).get_connection() as con:
        rows = con.execute(_OUTPUTS).fetchall()
    return {"outputs of the build": table([{"asset": asset, "outputs": n, "stale": stale} for asset, n, stale in rows])}


def _leaderboard(home: Path, _: Output) -> Metadata:
    return {"page": dg.MetadataValue.path(str(home / "leaderboard" / "index.html"))}


_OUTPUTS = "SELECT asset, count(*) AS outputs, count(stale) AS stale FROM build GROUP BY ALL ORDER BY ALL"
_MORE = {"scores": _scores, "fine_tuned_model": _training, "lineage": _lineage, "leaderboard": _leaderboard}


def table(rows: Sequence[Mapping[str, Scalar]]) -> dg.MetadataValue:
    """Return rows as a table; every row has the columns of the first."""
    if not rows:
        return dg.MetadataValue.text("no rows")
    schema = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in rows[0]])
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], schema)


def outcome_table(outcomes: Sequence[StepOutcome]) -> dg.MetadataValue:
    """Return what became of every output as a table."""
    return table(
        [{"asset": o.asset, "partition": o.partition, "outcome": o.state, "seconds": o.seconds} for o in outcomes]
    )


def columns(path: Path) -> dg.MetadataValue:
    """Return the columns of a Parquet file with their types, and what the lineage schema says of them."""
    import pyarrow.parquet as pq

    about = lineage_columns().get(path.stem, {})
    schema = pq.read_schema(path)
    return dg.MetadataValue.table_schema(
        dg.TableSchema(columns=[dg.TableColumn(field.name, str(field.type), about.get(field.name)) for field in schema])
    )


def picture(png: bytes) -> dg.MetadataValue:
    """Return a picture that the UI shows in place."""
    return dg.MetadataValue.md(f"![picture](data:image/png;base64,{base64.b64encode(png).decode()})")
