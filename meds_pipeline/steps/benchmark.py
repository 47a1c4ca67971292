"""Freezes the benchmark release that the settings name, unless it is frozen already.

A release is frozen once, from corpora that are all good: `home/releases.py` keeps its name and digest, and from then on
only the output with that digest is the release. `freeze` is the same for whoever asks by name.
"""

from __future__ import annotations

from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import QualityError, StoreError, Where
from meds_pipeline.home.releases import find_release, register
from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.over_corpora import CODE, definitions, needs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.home.work import Work
    from meds_pipeline.home.workspace import Workspace

_REASON = 160
"""Characters of why a corpus holds a release back."""
_INSTEAD = "Bring its files back, or freeze another one (`meds bench freeze NAME`) and set `benchmark.release` to it."


def _needs(ws: Workspace, _: str) -> Needs:
    """A release that is frozen stands in any case.

    Raises:
        StoreError: It is frozen and its files are damaged or gone.
        QualityError: It is not frozen, and a corpus holds it back.
    """
    from meds_pipeline.benchmark.freeze import freeze

    s = ws.settings
    if (output := frozen(ws)) is not None:
        return Needs(kept=output, publish=register)

    def write(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
        freeze(con, s.benchmark, s.seed, draft, threshold=s.quality.near_duplicate)

    without = s.benchmark.without
    settings = {
        "seed": s.seed,
        "near": s.quality.near_duplicate,
        **s.benchmark.model_dump(mode="json"),
        "definitions": definitions(ws, without),
    }
    needs = needs_of(ws, write, settings, without=without)
    if not s.benchmark.anyway and (held := holding_back(ws)):
        raise _held_back(s.benchmark.release, held)
    return replace(needs, publish=register)


def frozen(ws: Workspace) -> Output | None:
    """Return the release that the settings name, None where none was frozen under this name.

    Raises:
        StoreError: Its files are damaged or gone. Frozen anew it would be another one under the same name.
    """
    name = ws.settings.benchmark.release
    known = find_release(ws.home, name)
    folder = ws.home / "store" / "benchmark" / ALL
    if known is None:  # frozen before there were notes, or by a run that was killed before it made one
        outputs = ws.store.outputs("benchmark", ALL)
        output = next((output for output in outputs if output.manifest.facts["release"] == name), None)
        path = folder if output is None else output.path
        if output is None and not _unread(ws, name):
            return None
    else:
        output, path = ws.store.find("benchmark", ALL, known.fingerprint), folder / known.fingerprint
        if output is not None and output.digest != known.digest:
            output = None
    if output is None or not ws.store.intact(output):
        state = "damaged" if path.is_dir() else "gone"
        raise StoreError(f"the frozen release {name!r} is {state}.", Where(file=str(path)), _INSTEAD)
    return output


def _unread(ws: Workspace, name: str) -> bool:
    """Return whether the store has a release of this name whose manifest is damaged or of an earlier version."""
    texts = (path.read_text(errors="replace") for path in ws.home.glob(f"store/benchmark/{ALL}/[!.]*/manifest.json"))
    return any(f'"release": "{name}"' in text for text in texts)


def holding_back(ws: Workspace) -> dict[str, str]:
    """Return the corpora with files here that failed, were refused, are stale or were not run, each with the reason.

    Those that `benchmark.without` names are left out.
    """
    from meds_pipeline.steps.plan import out_of_date

    found = {fault.corpus or "the catalog": fault.error.problem for fault in ws.catalog_faults()}
    for name, due in out_of_date(ws, "corpora", ws.corpora(), checks=False).items():
        found[name] = f"{due[0].asset}: {'; '.join(due[0].because)}"
    return {name: why for name, why in sorted(found.items()) if name not in ws.settings.benchmark.without}


def _held_back(release: str, held: Mapping[str, str]) -> QualityError:
    reasons = "; ".join(f"{name} ({shorten(why, _REASON, placeholder=' ...')})" for name, why in held.items())
    without = " ".join(f"--without {name}" for name in held)
    return QualityError(
        f"the release {release!r} is not frozen, for these corpora would never be in it as they should: {reasons}.",
        next_step=f"Mend them and run again, or leave them out: `meds bench freeze {release} {without}`, "
        "or take the last good output of each: `--anyway`.",
    )


def freeze(ws: Workspace, *, use: bool) -> Output:
    """Freeze the release that the settings name.

    Args:
        ws: The home.
        use: Whether it is the release the home scores on, by the settings that others open the home with.

    Raises:
        StoreError: There is a release of this name.
        MedsError: What the step raises.
    """

    def ask() -> Work:
        work = STEP.work(ws, ALL)
        if work.kept is not None:
            raise StoreError(
                f"the release {ws.settings.benchmark.release!r} is frozen already.",
                Where(file=str(work.kept.path)),
                "A release is never altered: choose another name.",
            )
        return work

    output = ws.store.bring_up(STEP.asset, ALL, ask, current=use).output
    if use:
        ws.clear_failure(STEP.asset, ALL)
    return output


STEP = Step(
    asset="benchmark",
    version="3",
    group="release",
    partitions="all",
    reads=("instances", "verdicts"),
    about="The frozen benchmark release: items with their references and few-shot examples. Never altered once frozen.",
    main="items.parquet",
    code=(*CODE, "quality/near.py", "benchmark"),
    needs=_needs,
)
