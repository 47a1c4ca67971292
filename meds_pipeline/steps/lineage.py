"""Compacts the lineage rows of the current build into one DuckDB file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.steps import (
    benchmark,
    comparisons,
    contamination,
    duplicates,
    fine_tuned_model,
    instances,
    packed_training_set,
    predictions,
    raw_corpus,
    scores,
    split_proof,
    training_set,
    verdicts,
)
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.lineage.builds import Build

_ROOTS = (
    *(verdicts.STEP, duplicates.STEP, split_proof.STEP, benchmark.STEP, contamination.STEP),
    *(training_set.STEP, packed_training_set.STEP, fine_tuned_model.STEP, predictions.STEP, scores.STEP),
    comparisons.STEP,
)
"""Steps whose current outputs make a build; everything that these outputs are made from belongs to it too."""
READS = (raw_corpus.STEP.asset, instances.STEP.asset, *(step.asset for step in _ROOTS))
"""Assets whose outputs are in a build."""
_CHAINS = {verdicts.STEP.asset: (raw_corpus.STEP.asset, instances.STEP.asset, verdicts.STEP.asset)}


def current_build(ws: Workspace) -> Build:
    """Return the build as it stands; raises StoreError where an output's input is no longer in the store."""
    from meds_pipeline.lineage.builds import build_of

    current = (ws.store.current(step.asset, name) for step in _ROOTS for name in step.names(ws))
    return build_of(ws, tuple(output for output in current if output is not None), _CHAINS)


def _needs(ws: Workspace, _: str) -> Needs:
    from meds_pipeline.lineage.builds import first_seen
    from meds_pipeline.lineage.compact import compact, publish

    build = current_build(ws)
    return Needs(
        inputs_of(build),
        {"build": build.build_id},
        lambda draft: compact(build, first_seen(ws.home, build.build_id), draft, ws.settings.budget),
        publish=publish,
    )


def inputs_of(build: Build) -> dict[str, Output]:
    """Return the outputs of a build by role: asset, partition and the first digits of the fingerprint."""
    manifests = ((entry.output, entry.output.manifest) for entry in build.entries)
    return {f"{m.asset}:{m.partition}:{m.fingerprint[:12]}": output for output, m in manifests}


STEP = Step(
    asset="lineage",
    version="7",
    group="publication",
    partitions="all",
    reads=READS,
    about="lineage.duckdb: every row of the current build and of what models stand on, queryable both ways.",
    kinds=frozenset({"duckdb"}),
    code=("lineage/builds.py", "lineage/compact.py", "lineage/schema.sql", "core/parquet.py"),
    needs=_needs,
)
