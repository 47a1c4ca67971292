"""Expectation suites as asset checks: blocking, so that what is refused stops its own corpus, plan or model only."""

from collections.abc import Iterable

import dagster as dg

from assets.metadata import table
from meds_pipeline.quality.suites import Scalar, Suite, SuiteResult, check, suites
from meds_pipeline.steps import STEPS, partitions_of
from meds_pipeline.workspace import Workspace
from resources.workspace import WorkspaceResource, explained

PARTITION_TAG = "dagster/partition"


def check_of(suite: Suite) -> dg.AssetChecksDefinition:
    """Return the asset check that runs a suite.

    It evaluates the partition of its run; started on its own in the UI, it evaluates every partition that has an
    output. (Checks with partitions of their own stay "planned" under backfills, so this one has none.) The UI shows
    the newest result only, so a result warns of other partitions that are still refused.
    """

    @dg.asset_check(asset=suite.asset, name=suite.name, description=suite.about, blocking=True)
    def run_suite(context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource) -> dg.AssetCheckResult:
        opened = workspace.open()
        with explained():
            results = [check(opened, suite.name, partition).result for partition in _partitions(context, opened, suite)]
        refused = [result for result in results if result.refused]
        others = _refused_elsewhere(opened, suite, results)
        problems = [f"{result.partition}: {result.reason}" for result in refused]
        return dg.AssetCheckResult(
            passed=not others and not any(result.refused or result.warned for result in results),
            severity=dg.AssetCheckSeverity.ERROR if refused else dg.AssetCheckSeverity.WARN,
            description="; ".join([*problems, *(f"still refused: {name}" for name in others)]) or None,
            metadata={**_metadata(results), "still refused": dg.MetadataValue.text("\n".join(others) or "nothing")},
        )

    return run_suite


CHECKS = [check_of(suite) for suite in suites().values()]
ASSET_OF_CHECK_STEP = {check.op.name: suite.asset for check, suite in zip(CHECKS, suites().values(), strict=True)}


def _partitions(context: dg.AssetCheckExecutionContext, workspace: Workspace, suite: Suite) -> list[str]:
    named = context.run.tags.get(PARTITION_TAG)
    if named is not None:
        return [named]
    step = STEPS[suite.asset]
    return [p for p in partitions_of(workspace, step) if workspace.store.current(suite.asset, p) is not None]


def _refused_elsewhere(workspace: Workspace, suite: Suite, results: Iterable[SuiteResult]) -> list[str]:
    judged = {result.partition for result in results}
    return [
        f"{failure.partition}: {failure.reason}"
        for failure in workspace.failures()
        if failure.asset == suite.asset and failure.fingerprint and failure.partition not in judged
    ]


def _metadata(results: Iterable[SuiteResult]) -> dict[str, dg.MetadataValue]:
    """Return what was asked and found, the failing rows by what names them, and which output was judged."""
    results = list(results)
    findings: list[dict[str, Scalar]] = [
        {
            "partition": result.partition,
            "holds": finding.success,
            "severity": finding.severity,
            "expected": finding.about,
            "rows": finding.checked,
            "failing": finding.failing,
        }
        for result in results
        for finding in result.findings
    ]
    failing: list[dict[str, Scalar]] = [
        {"partition": result.partition, "expected": finding.about, "row": ", ".join(f"{k} {v}" for k, v in row.items())}
        for result in results
        for finding in result.findings
        for row in finding.rows
    ]
    return {
        "partition": dg.MetadataValue.text(", ".join(result.partition for result in results)),
        "rows": dg.MetadataValue.int(sum(result.rows for result in results)),
        "fingerprint": dg.MetadataValue.text(", ".join(result.fingerprint for result in results)),
        "expectations": table(findings),
        "failing rows": table(failing),
    }
