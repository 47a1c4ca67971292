"""The lineage asset; its preview is read from the database it has just put in place."""

from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from assets.declare import materialize, step_asset, with_metadata
from assets.metadata import table
from resources.workspace import WorkspaceResource

OUTPUTS = "SELECT asset, count(*) AS outputs, count(stale) AS stale FROM build GROUP BY ALL ORDER BY ALL"


@step_asset("lineage", kinds={"duckdb"})
def lineage(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, lineage_db: DuckDBResource
) -> dg.MaterializeResult[Any]:
    """Run the step."""
    result = materialize(context, workspace.open())
    with lineage_db.get_connection() as con:
        rows = con.execute(OUTPUTS).fetchall()
    outputs = [{"asset": asset, "outputs": number, "stale": stale} for asset, number, stale in rows]
    return with_metadata(result, {"outputs of the build": table(outputs)})
