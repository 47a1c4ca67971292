"""Expectation suites: what must hold for an output before anything is built on it.

A suite is two files of the package `expectations`: `<name>.json` (Great Expectations' own format; `meta.asset` names
the asset, `meta.names` the columns that name a failing row, each expectation's `meta.about` says what it asks) and
`<name>.sql` (the scalar columns it looks at: ids, counts and lengths, never text).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from meds_pipeline.core import digests, parquet
from meds_pipeline.core.errors import UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from meds_pipeline.core.outputs import Output

Severity = Literal["critical", "warning", "info"]
Scalar = str | int | float | bool | None
SHOWN_ROWS = 3
"""Number of failing rows that the text of a refusal names; the result holds more."""


class Finding(BaseModel):
    """What one expectation found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expectation: str
    about: str
    severity: Severity
    success: bool
    checked: int
    failing: int
    rows: tuple[dict[str, Scalar], ...]
    """The first failing rows: the columns that name the row and the column that was judged."""

    def __str__(self) -> str:
        """Say what was expected, how many rows differ, and which are the first."""
        if not self.rows:
            return f"expected that {self.about}"
        named = (", ".join(f"{k} {v}" for k, v in row.items() if v not in ("", None)) for row in self.rows[:SHOWN_ROWS])
        more = "; ..." if self.failing > SHOWN_ROWS else ""
        return f"expected that {self.about}, but {self.failing} of {self.checked} rows differ: {'; '.join(named)}{more}"


class SuiteResult(BaseModel):
    """What a suite found in one output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    asset: str
    partition: str
    fingerprint: str
    digest: str
    """Digest of the suite's files and parameters; the result is valid while both are the same."""
    rows: int
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Critical expectations that do not hold: the output must not be used."""
        return tuple(f for f in self.findings if f.severity == "critical" and not f.success)

    @property
    def warned(self) -> tuple[Finding, ...]:
        """Expectations of lower severity that do not hold: worth a look."""
        return tuple(f for f in self.findings if f.severity != "critical" and not f.success)

    @property
    def remark(self) -> str:
        """The expectations that do not hold, in one sentence; empty if all hold."""
        return "; and ".join(str(finding) for finding in (*self.refused, *self.warned))

    @property
    def reason(self) -> str:
        """Why the output is refused, in one sentence with the failing rows; the partition replaces `CORPUS`."""
        found = "; and ".join(str(finding) for finding in self.refused)
        return f"{self.suite}: {found}".replace("--accept CORPUS", f"--accept {self.partition}")


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite, as read from its two files."""

    name: str
    asset: str
    about: str
    names: tuple[str, ...]
    """Columns that name a failing row."""
    expectations: tuple[Mapping[str, Any], ...]
    select: str

    @property
    def may_refuse(self) -> bool:
        """Whether one of its expectations is critical; only one suite per asset may refuse its outputs."""
        return any(expectation["severity"] == "critical" for expectation in self.expectations)

    @property
    def bound(self) -> frozenset[str]:
        """Names of the parameters that its SELECT takes, as `$name`."""
        return frozenset(re.findall(r"\$([a-z_]+)", self.select))

    def digest(self, given: Mapping[str, object]) -> str:
        """Return a digest over all that the suite asks; a result is valid while the digest is the same."""
        return digests.fingerprint([self.expectations, self.names, self.select, dict(given)])


@lru_cache(maxsize=1)
def suites() -> Mapping[str, Suite]:
    """Return all suites by name."""
    files = [file for file in resources.files("expectations").iterdir() if file.name.endswith(".json")]
    return {suite.name: suite for suite in (_load(file.name) for file in sorted(files, key=lambda f: f.name))}


def suite(name: str) -> Suite:
    """Return a suite by name; raises UnknownNameError listing the known ones."""
    if name not in suites():
        raise UnknownNameError(f"there is no suite {name!r}.", next_step=f"Known: {', '.join(suites())}.")
    return suites()[name]


def frame(
    asked: Suite, output: Output, given: Mapping[str, object], budget: parquet.Budget, scratch: Path
) -> pd.DataFrame:
    """Return the rows a suite looks at, by its SELECT over the Parquet files of an output."""
    with parquet.connect(**budget._asdict(), temporary=scratch) as con:
        for file in output.manifest.files:
            if file.endswith(".parquet"):
                parquet.view_of(con, f'"{output.file(file).stem}"', [output.file(file)])
        return con.execute(asked.select, {name: given[name] for name in asked.bound}).df()


def judge_output(
    asked: Suite, output: Output, given: Mapping[str, object], budget: parquet.Budget, scratch: Path
) -> SuiteResult:
    """Run a suite on an output.

    Args:
        asked: The suite.
        output: An output of its asset.
        given: Values of its `$PARAMETER`s.
        budget: What DuckDB may use.
        scratch: Folder for what does not fit into memory.

    Raises:
        QualityError: The suite cannot run, for example for a column that is not there.
    """
    from meds_pipeline.quality.gx import validate

    rows = frame(asked, output, given, budget, scratch)
    m = output.manifest
    return SuiteResult(
        suite=asked.name,
        asset=m.asset,
        partition=m.partition,
        fingerprint=m.fingerprint,
        digest=asked.digest(given),
        rows=len(rows),
        findings=validate(asked, rows, given),
    )


def _load(file: str) -> Suite:
    folder = resources.files("expectations")
    data = json.loads((folder / file).read_text(encoding="utf-8"))
    meta = data["meta"]
    select = (folder / file.replace(".json", ".sql")).read_text(encoding="utf-8")
    return Suite(data["name"], meta["asset"], meta["about"], tuple(meta["names"]), tuple(data["expectations"]), select)
