"""Great Expectations, called directly: it runs a suite over a pandas frame, and its results become our findings.

Its import takes seconds, so it is imported here, once per process, when an output is first checked.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.errors import QualityError, Where
from meds_pipeline.quality.suites import Finding, Scalar, Suite

if TYPE_CHECKING:
    import pandas as pd

KEPT_ROWS = 20
"""Failing rows kept of each expectation."""


def validate(suite: Suite, rows: pd.DataFrame, parameters: Mapping[str, object]) -> tuple[Finding, ...]:
    """Run a suite over rows.

    Args:
        suite: What is expected.
        rows: One row per thing that is judged, scalar columns only.
        parameters: Values of the suite's `$PARAMETER`s.

    Returns:
        One finding per expectation, in the suite's order.

    Raises:
        QualityError: An expectation could not be evaluated.
    """
    batches = _batches()
    import great_expectations as gx

    # Great Expectations returns results in another order; the place in `meta` restores the suite's order.
    asked = [{**e, "meta": {**e["meta"], "place": n}} for n, e in enumerate(suite.expectations)]
    answer = batches.get_batch({"dataframe": rows}).validate(
        gx.ExpectationSuite(name=suite.name, expectations=asked),
        expectation_parameters=dict(parameters),
        result_format={
            "result_format": "SUMMARY",
            "unexpected_index_column_names": list(suite.names),
            "partial_unexpected_count": KEPT_ROWS,
        },
    )
    results = sorted(answer.to_json_dict()["results"], key=lambda r: r["expectation_config"]["meta"]["place"])
    return tuple(_finding(suite, result) for result in results)


@lru_cache(maxsize=1)
def _batches() -> Any:
    """Return the batch definition that is used for all frames; analytics and progress bars are off."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("all")


def _finding(suite: Suite, result: Mapping[str, Any]) -> Finding:
    config, found = result["expectation_config"], result["result"]
    if not found and not result["success"]:
        raise QualityError(
            f"nobody can say whether {config['meta']['about']}: {_trouble(result['exception_info'])}",
            Where(file=f"expectations/{suite.name}.json"),
            f"Compare it with the columns of expectations/{suite.name}.sql.",
        )
    rows: list[dict[str, Scalar]] = found.get("partial_unexpected_index_list") or []
    return Finding(
        expectation=config["type"],
        about=config["meta"]["about"],
        severity=config["severity"],
        success=result["success"],
        checked=found.get("element_count", found.get("observed_value", 0)),
        failing=found.get("unexpected_count", 0 if result["success"] else 1),
        rows=tuple({str(key): value for key, value in row.items()} for row in rows[:KEPT_ROWS]),
    )


def _trouble(info: Mapping[str, Any]) -> str:
    """Return the message of the first exception; if a metric raised it, it is nested one level deeper."""
    nested = next((value for value in info.values() if isinstance(value, Mapping)), info)
    return str(nested.get("exception_message") or "no reason given")
