"""Expectation suites: what must hold for an output before anything is built on it.

A suite is two files of the package `expectations`: `<name>.json` (Great Expectations' own format; `meta.asset` names
the asset, `meta.names` the columns that name a failing row, each expectation's `meta.about` says what it asks) and
`<name>.sql` (the scalar columns it looks at: ids, counts and lengths, never text). `check` runs one on the current
output of a partition, notes a refusal in the home, and keeps the result, so that an output is checked once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from meds_pipeline.core import digests, parquet
from meds_pipeline.core.errors import UnknownNameError
from meds_pipeline.core.files import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace

Severity = Literal["critical", "warning", "info"]
Scalar = str | int | float | bool | None
SHOWN_ROWS = 3
"""Failing rows that the text of a refusal names; the result holds more."""


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
    """The first failing rows: the columns that name them and the one that was judged."""

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
    """Of the suite's files and parameters: a result stands for as long as both are the same."""
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
    def reason(self) -> str:
        """Why the output is refused, in one sentence with the failing rows."""
        return f"{self.suite}: " + "; and ".join(str(finding) for finding in self.refused)


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite as its files say it."""

    name: str
    asset: str
    about: str
    names: tuple[str, ...]
    """Columns that name a failing row."""
    expectations: tuple[Mapping[str, Any], ...]
    select: str

    @property
    def may_refuse(self) -> bool:
        """Whether one of its expectations is critical; of the suites of an asset at most one may refuse its outputs."""
        return any(expectation["severity"] == "critical" for expectation in self.expectations)


@dataclass(frozen=True, slots=True)
class Checked:
    """A suite's result, and whether it stood from an earlier check of the same output."""

    result: SuiteResult
    reused: bool


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


def check(ws: Workspace, name: str, partition: str) -> Checked:
    """Run a suite on the current output of a partition, and note in the home whether it may be used.

    Args:
        ws: The home.
        name: Name of the suite.
        partition: Partition of the suite's asset.

    Raises:
        StoreError: The partition has no output.
        QualityError: The suite cannot run, for example for a column that is not there.
    """
    asked = suite(name)
    output = ws.store.require(asked.asset, partition)
    given = parameters(ws, asked, output)
    digest = digests.fingerprint([asked.expectations, asked.names, asked.select, given])
    kept = ws.home / "checks" / asked.name / partition / f"{output.manifest.fingerprint}.json"
    result = _standing(kept, digest)
    reused = result is not None
    if result is None:
        result = _run(ws, asked, output, given, digest)
        write_atomic(kept, result.model_dump_json(indent=1).encode())
    if asked.may_refuse:
        _note(ws, result, output)
    return Checked(result, reused)


def _note(ws: Workspace, result: SuiteResult, output: Output) -> None:
    """Note in the home that an output was refused, or that one refused before may be used."""
    failure = ws.failure(result.asset, result.partition)
    if result.refused:
        ws.set_failure(result.asset, result.partition, result.reason, refused=output)
    elif failure is not None and failure.fingerprint == output.manifest.fingerprint:
        ws.clear_failure(result.asset, result.partition)


def parameters(ws: Workspace, asked: Suite, output: Output) -> dict[str, object]:
    """Return what the suite's `$PARAMETER`s stand for in this output."""
    m = output.manifest
    known: dict[str, object] = {
        "trainable_tasks": [task_id for task_id, (_, task) in sorted(ws.catalog.tasks.items()) if task.use != "bench"]
    }
    if m.partition in ws.catalog.corpora:
        corpus = ws.catalog.corpus(m.partition)
        known |= {"fault_threshold": corpus.fault_threshold, "tasks": sorted(corpus.tasks)}
    if ref := m.inputs.get("benchmark"):
        release = ws.store.find(ref.asset, ref.partition, ref.fingerprint)
        known |= {"items": release.manifest.rows["items"] if release else None}
    text = json.dumps(asked.expectations)
    return {key: value for key, value in known.items() if json.dumps({"$PARAMETER": key}) in text}


def frame(ws: Workspace, asked: Suite, output: Output) -> pd.DataFrame:
    """Return the rows a suite looks at, by its SELECT over the Parquet files of an output."""
    scratch = ws.home / "scratch"
    with parquet.connect(threads=ws.settings.threads, memory_limit=ws.settings.memory_limit, temporary=scratch) as con:
        for file in output.manifest.files:
            if file.endswith(".parquet"):
                parquet.view_of(con, f'"{output.file(file).stem}"', [output.file(file)])
        return con.execute(asked.select).df()


def _run(ws: Workspace, asked: Suite, output: Output, given: Mapping[str, object], digest: str) -> SuiteResult:
    from meds_pipeline.quality.gx import validate

    rows = frame(ws, asked, output)
    m = output.manifest
    return SuiteResult(
        suite=asked.name,
        asset=m.asset,
        partition=m.partition,
        fingerprint=m.fingerprint,
        digest=digest,
        rows=len(rows),
        findings=validate(asked, rows, given),
    )


def _standing(kept: Path, digest: str) -> SuiteResult | None:
    if not kept.is_file():
        return None
    result = SuiteResult.model_validate_json(kept.read_bytes())
    return result if result.digest == digest else None


def _load(file: str) -> Suite:
    folder = resources.files("expectations")
    data = json.loads((folder / file).read_text(encoding="utf-8"))
    meta = data["meta"]
    select = (folder / file.replace(".json", ".sql")).read_text(encoding="utf-8")
    return Suite(data["name"], meta["asset"], meta["about"], tuple(meta["names"]), tuple(data["expectations"]), select)
