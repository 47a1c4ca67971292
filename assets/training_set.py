"""The training_set asset."""

from typing import Any

import dagster as dg

from assets.declare import materialize, step_asset
from resources.workspace import WorkspaceResource


@step_asset("training_set", kinds={"duckdb", "parquet"})
def training_set(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult[Any]:
    """Run the step."""
    return materialize(context, workspace.open(), main="samples.parquet")
