"""What an asset tells Dagster about an output: counts, sizes, identity, columns, the first rows, pictures."""

from __future__ import annotations

import base64
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import dagster as dg

from meds_pipeline.lineage.compact import columns as lineage_columns
from meds_pipeline.reports.drawn import pictures
from meds_pipeline.reports.preview import Scalar
from meds_pipeline.reports.preview import preview as first_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from meds_pipeline.core.outcomes import Outcome
    from meds_pipeline.home.store import Result
    from meds_pipeline.home.workspace import Workspace

Metadata = dict[str, dg.MetadataValue]


def describe(workspace: Workspace, result: Result, *, seconds: float, main: str) -> Metadata:
    """Return the metadata of an output.

    Args:
        workspace: Knows what may be shown.
        result: The output, and whether it already stood.
        seconds: What this run took; the manifest says how long making it took.
        main: Pattern of the Parquet files that hold the asset's rows; the first one's first rows are shown.
    """
    manifest = result.output.manifest
    metadata: Metadata = {
        "outcome": dg.MetadataValue.text("unchanged" if result.reused else "built"),
        "bytes": dg.MetadataValue.int(manifest.bytes),
        "seconds": dg.MetadataValue.float(round(seconds, 3)),
        "seconds to make": dg.MetadataValue.float(manifest.seconds),
        "fingerprint": dg.MetadataValue.text(manifest.fingerprint),
        "folder": dg.MetadataValue.path(str(result.output.path)),
        "facts": dg.MetadataValue.json(manifest.facts),
    }
    metadata |= {f"rows/{name}": dg.MetadataValue.int(number) for name, number in manifest.rows.items()}
    files = [result.output.file(name) for name in sorted(manifest.files) if fnmatch(name, main)]
    if files:
        metadata["dagster/row_count"] = dg.MetadataValue.int(sum(_rows(file) for file in files))
        metadata["dagster/column_schema"] = columns(files[0])
        metadata["preview"] = table(first_rows(files[0], workspace.catalog, manifest.partition))
    drawn = pictures(workspace.home, result.output)
    return metadata | {name: picture(png) for name, png in drawn.items()}


def table(rows: Sequence[Mapping[str, Scalar]]) -> dg.MetadataValue:
    """Return rows as a table; every row has the columns of the first."""
    if not rows:
        return dg.MetadataValue.text("no rows")
    schema = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in rows[0]])
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], schema)


def outcome_table(outcomes: Sequence[Outcome]) -> dg.MetadataValue:
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


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)
