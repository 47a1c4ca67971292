"""The leaderboard asset; the page itself is at `<home>/leaderboard/index.html`."""

from typing import Any

import dagster as dg

from assets.declare import materialize, step_asset, with_metadata
from resources.workspace import WorkspaceResource


@step_asset("leaderboard", kinds={"html"})
def leaderboard(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult[Any]:
    """Run the step."""
    opened = workspace.open()
    result = materialize(context, opened)
    page = dg.MetadataValue.path(str(opened.home / "leaderboard" / "index.html"))
    return with_metadata(result, {"page": page})
