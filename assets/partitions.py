"""Partitions of the assets: corpora with files, training plans, models; one function keeps them up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from meds_pipeline.steps import STEPS

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.steps.step import Partitions

CORPORA = dg.DynamicPartitionsDefinition(name="corpora")
PLANS = dg.DynamicPartitionsDefinition(name="plans")
MODELS = dg.DynamicPartitionsDefinition(name="models")
DEFINITIONS: dict[Partitions, dg.DynamicPartitionsDefinition | None] = {
    "corpus": CORPORA,
    "plan": PLANS,
    "model": MODELS,
    "all": None,
}


def sync_partitions(instance: dg.DagsterInstance, workspace: Workspace) -> dict[str, list[str]]:
    """Make Dagster's partitions equal to what the workspace has, added and removed ones alike.

    Returns:
        The partitions of each definition by its name.
    """
    synced = {}
    for step in STEPS.values():
        definition = DEFINITIONS[step.partitions]
        if definition is None or definition.name in synced:
            continue
        name = str(definition.name)
        wanted, known = step.names(workspace), instance.get_dynamic_partitions(name)
        if new := [key for key in wanted if key not in known]:
            instance.add_dynamic_partitions(name, new)
        for key in known:
            if key not in wanted:
                instance.delete_dynamic_partition(name, key)
        synced[name] = wanted
    return synced
