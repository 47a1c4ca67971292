"""The fine_tuned_model asset."""

from typing import Any

import dagster as dg

from assets.declare import materialize, step_asset
from resources.workspace import WorkspaceResource


@step_asset("fine_tuned_model", kinds={"huggingface", "pytorch"})
def fine_tuned_model(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult[Any]:
    """Run the step."""
    return materialize(context, workspace.open(), main="loss.parquet")
