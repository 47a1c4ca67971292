"""The raw_corpus asset."""

from typing import Any

import dagster as dg

from assets.declare import materialize, step_asset
from resources.workspace import WorkspaceResource


@step_asset("raw_corpus", kinds={"parquet", "python"})
def raw_corpus(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult[Any]:
    """Run the step."""
    return materialize(context, workspace.open(), main="records/*.parquet")
