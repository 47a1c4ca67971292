"""Expectation suites on the outputs of steps: each result is kept, and a refusal is noted in the home."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from meds_pipeline.core.errors import MedsError
from meds_pipeline.core.files import read_ours, write_atomic
from meds_pipeline.quality.suites import SuiteResult, judge_output, suite, suites
from meds_pipeline.steps.loss import compared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.quality.suites import Suite


@dataclass(frozen=True, slots=True)
class Checked:
    """A suite's result, and whether it was kept from an earlier check of the same output."""

    result: SuiteResult
    reused: bool


def checks_of(asset: str) -> list[Suite]:
    """Return the suites of an asset."""
    return [asked for asked in suites().values() if asked.asset == asset]


def check(ws: Workspace, name: str, partition: str) -> Checked:
    """Run a suite on the current output of a partition, and note in the home whether it may be used.

    Raises:
        StoreError: The partition has no output.
        QualityError: The suite cannot run, for example for a column that is not there.
    """
    asked = suite(name)
    output = ws.store.require(asked.asset, partition)
    result = kept_result(ws, asked, output)
    reused = result is not None
    if result is None:
        given = parameters(ws, asked, output)
        try:
            result = judge_output(asked, output, given, ws.settings.budget, ws.home / "scratch")
        except Exception as error:  # an output without a verdict must not be used
            if asked.may_refuse:
                reason = str(error) if isinstance(error, MedsError) else f"unexpected {type(error).__name__}"
                ws.set_failure(asked.asset, partition, f"{name} could not be checked: {reason}", refused=output)
            raise
        write_atomic(_path(ws, asked, output), result.model_dump_json(indent=1).encode(), private=True)
    if asked.may_refuse:
        _note(ws, result, output)
    return Checked(result, reused)


def kept_result(ws: Workspace, asked: Suite, output: Output) -> SuiteResult | None:
    """Return the result of an earlier check of this output by what the suite asks today, or None."""
    result = read_ours(_path(ws, asked, output), SuiteResult)
    if result is None or result.digest != asked.digest(parameters(ws, asked, output)):
        return None
    return result


def unchecked(ws: Workspace, output: Output) -> list[str]:
    """Return the suites that, as they are today, have not judged an output."""
    return [asked.name for asked in checks_of(output.manifest.asset) if kept_result(ws, asked, output) is None]


def parameters(ws: Workspace, asked: Suite, output: Output) -> dict[str, object]:
    """Return the values for this output of the suite's `$PARAMETER`s and of the `$parameter`s of its SELECT."""
    m = output.manifest
    known: dict[str, object] = {
        "trainable_tasks": [task_id for task_id, (_, task) in sorted(ws.catalog.tasks.items()) if task.use != "bench"]
    }
    if m.partition in ws.catalog.corpora:
        corpus = ws.catalog.corpus(m.partition)
        known |= {"fault_threshold": corpus.fault_threshold, "tasks": sorted(corpus.tasks), **compared(ws, output)}
    if ref := m.inputs.get("benchmark"):
        release = ws.store.find(ref.asset, ref.partition, ref.fingerprint)
        known |= {"items": _asked(release, m.facts) if release else None}
    text = json.dumps(asked.expectations)
    return {key: value for key, value in known.items() if json.dumps({"$PARAMETER": key}) in text or key in asked.bound}


def _asked(release: Output, facts: Mapping[str, Any]) -> int:
    """Return how many items of a release a model had to answer: all except items of tasks that are not submitted."""
    by_task = cast("dict[str, int]", release.manifest.facts["items"])
    return sum(count for task, count in by_task.items() if task not in facts.get("not_submitted", ()))


def _note(ws: Workspace, result: SuiteResult, output: Output) -> None:
    """Note in the home that an output was refused, or that an output that was refused before may be used."""
    failure = ws.failure(result.asset, result.partition)
    if result.refused:
        ws.set_failure(result.asset, result.partition, result.reason, refused=output)
    elif failure is not None and failure.fingerprint == output.manifest.fingerprint:
        ws.clear_failure(result.asset, result.partition)


def _path(ws: Workspace, asked: Suite, output: Output) -> Path:
    return ws.home / "checks" / asked.name / output.manifest.partition / f"{output.manifest.fingerprint}.json"
