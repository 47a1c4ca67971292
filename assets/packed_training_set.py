"""The packed_training_set asset."""

from typing import Any

import dagster as dg

from assets.declare import materialize, step_asset
from resources.workspace import WorkspaceResource


@step_asset("packed_training_set", kinds={"huggingface", "parquet"})
def packed_training_set(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult[Any]:
    """Run the step."""
    return materialize(context, workspace.open(), main="lineage/sequence.parquet")
