"""Expectation suites as asset checks: blocking, so that what is refused stops its own corpus, plan or model only."""

import warnings

import dagster as dg

from assets.metadata import table
from assets.partitions import DEFINITIONS
from meds_pipeline.home.workspace import ALL
from meds_pipeline.quality.suites import Scalar, Suite, SuiteResult, check, suites
from meds_pipeline.steps.step import STEPS
from resources.workspace import WorkspaceResource, explained


def check_of(suite: Suite) -> dg.AssetChecksDefinition:
    """Return the asset check that runs a suite on the partition of its run.

    The check has the partitions of its asset: the UI shows the state of each, and runs side by side do not hide one
    another's results.
    """
    partitions = DEFINITIONS[STEPS[suite.asset].partitions]

    @dg.asset_check(
        asset=suite.asset,
        name=suite.name,
        description=suite.about,
        blocking=True,
        partitions_def=partitions,
    )
    def run_suite(context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource) -> dg.AssetCheckResult:
        if partitions is not None and not context.has_partition_key:
            # Dagster launches checks alone without a partition, and refuses their results.
            raise dg.Failure(
                f"{suite.name} was started without a partition. Materialize the partitions of {suite.asset} to check: "
                "what stands is not made again, and its checks run.",
                allow_retries=False,
            )
        with explained():
            partition = context.partition_key if context.has_partition_key else ALL
            result = check(workspace.open(), suite.name, partition).result
        return dg.AssetCheckResult(
            passed=not result.refused and not result.warned,
            severity=dg.AssetCheckSeverity.ERROR if result.refused else dg.AssetCheckSeverity.WARN,
            description=result.reason if result.refused else None,
            metadata=_metadata(result),
        )

    return run_suite


with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.PreviewWarning)  # partitions of checks; the pinned release has them
    CHECKS = [check_of(suite) for suite in suites().values()]
ASSET_OF_CHECK_STEP = {check.op.name: suite.asset for check, suite in zip(CHECKS, suites().values(), strict=True)}


def _metadata(result: SuiteResult) -> dict[str, dg.MetadataValue]:
    """Return what was asked and found, the failing rows by what names them, and which output was judged."""
    findings: list[dict[str, Scalar]] = [
        {
            "holds": finding.success,
            "severity": finding.severity,
            "expected": finding.about,
            "rows": finding.checked,
            "failing": finding.failing,
        }
        for finding in result.findings
    ]
    failing: list[dict[str, Scalar]] = [
        {"expected": finding.about, "row": ", ".join(f"{k} {v}" for k, v in row.items())}
        for finding in result.findings
        for row in finding.rows
    ]
    return {
        "rows": dg.MetadataValue.int(result.rows),
        "fingerprint": dg.MetadataValue.text(result.fingerprint),
        "expectations": table(findings),
        "failing rows": table(failing),
    }
