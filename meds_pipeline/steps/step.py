"""Defines a step. Each step is defined completely in its own module of this room; `STEPS` lists all steps.

    work = STEPS["instances"].work(workspace, "pubmedqa")   # what it would do: no side effect
    workspace.store.standing(work)                          # its output, if it stands
    run_step(workspace, "instances", "pubmedqa")            # do it (steps/run.py)

A step knows nothing of Dagster. Raise `version` when its code changes what it writes; a test compares the code with
`steps.lock` and asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from meds_pipeline.core.errors import UnknownNameError
from meds_pipeline.home.work import Work
from meds_pipeline.home.workspace import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.home.workspace import Workspace

Partitions = Literal["corpus", "plan", "model", "all"]
"""Kind of a step's partitions; a step of kind `all` has one output for everything."""
Group = Literal["corpora", "release", "training", "evaluation", "comparison", "publication"]
"""Steps that a run takes together, in this order."""


@dataclass(frozen=True)
class Needs:
    """What a step needs for one partition; see `Work` for the fields."""

    inputs: Mapping[str, Output] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    produce: Callable[[Draft], object] | None = None
    """None if a kept output is used."""
    kept: Output | None = None
    publish: Callable[[Output, Path], object] | None = None


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        asset: Name of the asset it makes.
        version: Version of the code, part of every fingerprint.
        group: Group of steps that run together.
        partitions: Kind of its partitions.
        reads: Assets it reads.
        about: One sentence for people.
        kinds: What it is made with or made as: icons in Dagster.
        main: Pattern of the Parquet files that hold its rows; empty if it has none.
        code: Modules and data (paths below the package, folders whole) whose change asks for a new version.
        needs: Computes inputs and settings of a partition, and what to call; it has no side effect.
        pool: Name of a resource that it uses alone while it runs, such as the machine's accelerator.
    """

    asset: str
    version: str
    group: Group
    partitions: Partitions
    reads: tuple[str, ...]
    about: str
    code: tuple[str, ...]
    needs: Callable[[Workspace, str], Needs]
    kinds: frozenset[str] = field(default=frozenset({"duckdb", "parquet"}))
    main: str = ""
    pool: str | None = None

    def work(self, workspace: Workspace, partition: str) -> Work:
        """Return what the step would do for a partition, without doing it.

        Raises:
            UnknownNameError: There is no such corpus, plan or model.
            MedsError: The step cannot run: an input does not exist, was refused, or cannot be read.
        """
        self.check_name(workspace, partition)
        needs = self.needs(workspace, partition)
        return Work(
            self.asset,
            partition,
            self.version,
            needs.inputs,
            needs.settings,
            needs.produce,
            kept=needs.kept,
            publish=needs.publish,
        )

    def check_name(self, workspace: Workspace, partition: str) -> None:
        """Raise UnknownNameError where there is no such corpus, plan or model."""
        match self.partitions:
            case "corpus":
                workspace.catalog.corpus(partition)
            case "plan":
                workspace.settings.plan(partition)
            case "model":
                workspace.settings.model(partition)
            case "all":
                if partition != ALL:
                    problem = f"{self.asset} has no partition {partition!r}."
                    raise UnknownNameError(problem, next_step=f"Its one is {ALL!r}.")

    def names(self, workspace: Workspace) -> list[str]:
        """Return its partitions in a workspace; Dagster's partitions are made equal to these."""
        match self.partitions:
            case "corpus":
                return workspace.corpora()
            case "plan":
                return sorted(workspace.settings.plans)
            case "model":
                return sorted(workspace.settings.models)
            case "all":
                return [ALL]
