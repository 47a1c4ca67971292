"""The split_proof asset."""

from typing import Any

import dagster as dg

from assets.declare import materialize, step_asset
from resources.workspace import WorkspaceResource


@step_asset("split_proof", kinds={"duckdb", "parquet"})
def split_proof(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult[Any]:
    """Run the step."""
    return materialize(context, workspace.open(), main="split_conflicts.parquet")
