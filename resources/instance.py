"""The Dagster instance of a home: `<home>/dagster`, where `meds run` and the UI keep their runs."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from meds_pipeline.core.files import write_atomic

if TYPE_CHECKING:
    from dagster import DagsterInstance


def instance_folder(home: Path) -> Path:
    """Return `<home>/dagster`, made and given its `dagster.yaml` when it has none."""
    folder = home.resolve() / "dagster"
    target = folder / "dagster.yaml"
    if not target.is_file():
        write_atomic(target, (resources.files("resources") / "dagster.yaml").read_bytes())
    return folder


def embedded_instance(home: Path) -> DagsterInstance:
    """Open the instance for runs within this process.

    Their output is not captured: the steps print nothing, and capturing would take the terminal away from whoever
    called and start two processes a run.
    """
    from dagster import DagsterInstance
    from dagster._core.instance.ref import InstanceRef

    no_capture = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    overrides = {"compute_logs": {**no_capture, "config": {}}}
    return DagsterInstance.from_ref(InstanceRef.from_dir(str(instance_folder(home)), overrides=overrides))


def environment_of(home: Path, raw: Path | None) -> dict[str, str]:
    """Return the environment variables by which Dagster's processes find a home and its instance."""
    variables = {"MEDS_HOME": str(home.resolve()), "DAGSTER_HOME": str(instance_folder(home))}
    return variables | ({"MEDS_RAW": str(raw.resolve())} if raw else {})
