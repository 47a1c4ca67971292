"""What the assets have in common: how a library step is declared as an asset, and how its body runs it."""

import time
from collections.abc import Callable
from typing import Any

import dagster as dg

from assets.automation import CHANGED
from assets.metadata import Metadata, describe
from assets.partitions import DEFINITIONS
from meds_pipeline.home.workspace import ALL, Workspace
from meds_pipeline.steps.step import STEPS, Step, run_step
from resources.workspace import explained

Decorator = Callable[[Callable[..., dg.MaterializeResult[Any]]], dg.AssetsDefinition]
OWNERS = ["team:medical-ai"]
GROUPS = {
    "corpora": ("raw_corpus", "instances", "verdicts"),
    "release": ("duplicates", "split_proof", "benchmark", "contamination"),
    "training": ("training_set", "packed_training_set", "fine_tuned_model"),
    "evaluation": ("predictions", "scores"),
    "comparison": ("comparisons",),
    "publication": ("lineage", "leaderboard"),
}
"""Assets by group; each group is one job."""
POOLS = {"fine_tuned_model": "accelerator", "predictions": "accelerator"}
"""Assets that want a machine's accelerator for themselves."""


def step_asset(asset: str, *, kinds: set[str]) -> Decorator:
    """Declare a function as the asset of a library step.

    Args:
        asset: Name of the step.
        kinds: What it is made with or made as, shown as icons in the UI.
    """
    step = STEPS[asset]
    group = next(name for name, members in GROUPS.items() if asset in members)
    decorator: Decorator = dg.asset(
        name=asset,
        description=step.about,
        owners=OWNERS,
        kinds=kinds,
        group_name=group,
        code_version=step.version,
        partitions_def=DEFINITIONS[step.partitions],
        deps=[_dependency(step, STEPS[read]) for read in step.reads],
        automation_condition=None if group == "corpora" else CHANGED,
        pool=POOLS.get(asset),
    )
    return decorator


def materialize(
    context: dg.AssetExecutionContext, workspace: Workspace, *, main: str = ""
) -> dg.MaterializeResult[Any]:
    """Run the step of the asset for the partition of the run.

    Args:
        context: Names asset and partition.
        workspace: Where.
        main: Pattern of the Parquet files that hold the asset's rows; the first one's first rows are shown.

    Raises:
        Failure: The step failed; the text says what to do, and trying again would not help.
    """
    asset = context.asset_key.path[-1]
    partition = context.partition_key if context.has_partition_key else ALL
    clock = time.perf_counter()
    with explained():
        result = run_step(workspace, asset, partition)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(result.output.digest),
        metadata=describe(workspace, result, seconds=time.perf_counter() - clock, main=main),
    )


def with_metadata(result: dg.MaterializeResult[Any], more: Metadata) -> dg.MaterializeResult[Any]:
    """Return a result with further metadata."""
    return dg.MaterializeResult(data_version=result.data_version, metadata={**(result.metadata or {}), **more})


def _dependency(step: Step, source: Step) -> dg.AssetDep:
    """Return a dependency; where partitions differ in kind, every one of the source's is read."""
    differ = source.partitions not in (step.partitions, "all")
    return dg.AssetDep(source.asset, partition_mapping=dg.AllPartitionMapping() if differ else None)
