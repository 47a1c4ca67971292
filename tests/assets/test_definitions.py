"""Definitions load, and say of every asset what people need to know."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from assets.factory import ASSETS_OF_GROUP as GROUPS
from assets.partitions import DEFINITIONS
from meds_pipeline.definitions import defs
from meds_pipeline.quality.suites import suites
from meds_pipeline.steps import STEPS

ROOT = Path(__file__).parents[2]


def spec(asset: str) -> dg.AssetSpec:
    return next(s for s in defs.resolve_all_asset_specs() if s.key == dg.AssetKey(asset))


def test_everything_loads_together() -> None:
    defs.get_repository_def().load_all_definitions()


def test_workspace_yaml_and_pyproject_name_the_definitions() -> None:
    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert entry["python_module"] == project["code_location_target_module"] == "meds_pipeline.definitions"


@pytest.mark.parametrize("command", ["dagster definitions validate -w workspace.yaml", "dg check defs"])
def test_dagsters_own_commands_find_nothing_wrong(command: str) -> None:
    program, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("asset", STEPS)
def test_every_step_is_an_asset_that_says_what_it_is(asset: str) -> None:
    found, step = spec(asset), STEPS[asset]
    assert found.description == step.about
    assert found.code_version == step.version
    assert found.owners
    assert found.kinds
    assert asset in GROUPS[str(found.group_name)]
    assert {dep.asset_key.path[-1] for dep in found.deps} == set(step.reads)
    assert found.partitions_def == DEFINITIONS[step.partitions]


def test_no_asset_is_without_a_step() -> None:
    assert {s.key.path[-1] for s in defs.resolve_all_asset_specs()} == set(STEPS)


def test_every_suite_is_a_blocking_check_of_its_asset() -> None:
    graph = defs.resolve_asset_graph()
    found = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys}
    assert found == {(asked.asset, name) for name, asked in suites().items()}
    for key in graph.asset_check_keys:
        assert graph.get(key).blocking
        assert graph.get(key).partitions_def == DEFINITIONS[STEPS[key.asset_key.path[-1]].partitions]


def test_what_comes_after_the_corpora_reacts_to_changed_data_only() -> None:
    for asset in STEPS:
        condition = spec(asset).automation_condition
        assert (condition is None) == (asset in GROUPS["corpora"])
        if condition is not None:
            assert "newly_updated" not in str(condition.get_label())
            names = _names(condition)
            assert any("data_version_changed" in name.lower() for name in names)
            assert not any(name == "newly_updated" for name in names)


def test_no_corpus_runs_by_itself_until_it_is_switched_on_and_what_follows_is() -> None:
    schedules, sensors = defs.schedules or [], defs.sensors or []
    assert [getattr(s, "name", "") for s in schedules] == ["nightly"]
    statuses = {s.name: s.default_status.value for s in (*schedules, *sensors)}  # type: ignore[union-attr]
    assert statuses == {
        "nightly": "STOPPED",
        "raw_folders": "STOPPED",
        "submissions": "STOPPED",
        "after_changes": "RUNNING",
    }


def test_the_instance_is_quiet_and_counts_whole_runs() -> None:
    settings = yaml.safe_load((ROOT / "resources" / "dagster.yaml").read_text())
    assert settings["telemetry"]["enabled"] is False
    assert settings["nux"]["enabled"] is False
    assert settings["concurrency"]["pools"]["granularity"] == "run"
    assert settings["run_retries"]["retry_on_asset_or_op_failure"] is False


def _names(condition: dg.AutomationCondition) -> set[str]:
    names = {condition.name, str(condition.get_label())}
    for child in condition.children:
        names |= _names(child)
    return names
