"""Freezes the benchmark release that the settings name, unless it is frozen already.

A release is frozen once, from corpora that are all good. `home/releases.py` keeps its name and digest; from then on
only the output with that digest is the release. The first release of a home is frozen automatically, others by
`freeze`.
"""

from __future__ import annotations

from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import QualityError, StoreError, UnknownNameError, Where
from meds_pipeline.core.files import make_private
from meds_pipeline.home.releases import find_release, register, releases
from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.over_corpora import CODE, definitions, needs_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    import duckdb

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.home.work import Work
    from meds_pipeline.home.workspace import Workspace

_REASON = 160
"""Most characters of the reason why a corpus holds a release back."""
_INSTEAD = "Bring its files back, or freeze another one (`meds bench freeze NAME`) and set `benchmark.release` to it."


def _needs(ws: Workspace, _: str) -> Needs:
    """A frozen release is used as it is; the first release of a home is frozen automatically.

    Raises:
        StoreError: It is frozen and its files are damaged or gone.
        UnknownNameError: It is not frozen, and others are.
        QualityError: It is not frozen, and a corpus holds it back.
    """
    name = ws.settings.benchmark.release
    if (output := frozen(ws, name)) is not None:
        return Needs(kept=output, publish=lambda made, home: _note(ws, made, home))
    if known := releases(ws.home):
        raise no_release(name, known)
    return _freezing(ws, name)


def _freezing(ws: Workspace, name: str, without: Collection[str] = (), *, anyway: bool = False) -> Needs:
    """Return what freezing a release needs; raises QualityError where a corpus holds it back."""
    from meds_pipeline.benchmark.freeze import freeze

    s = ws.settings
    chosen = s.benchmark.model_copy(update={"release": name})

    def write(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
        freeze(con, chosen, s.seed, draft, threshold=s.quality.near_duplicate)

    settings = {
        "seed": s.seed,
        "near": s.quality.near_duplicate,
        **chosen.model_dump(mode="json"),
        "definitions": definitions(ws, without),
    }
    needs = needs_of(ws, write, settings, without=without)
    if not anyway and (held := holding_back(ws, without)):
        raise _held_back(name, held)
    return replace(needs, publish=register)


def _note(ws: Workspace, output: Output, home: Path) -> None:
    """Note a release; one that is less open today than when it was frozen is for its owner only from now on."""
    register(output, home)
    if ws.closed_tasks(output):
        make_private(output.path)


def frozen(ws: Workspace, name: str) -> Output | None:
    """Return the release of a name, None if none was frozen.

    Raises:
        StoreError: Its files are damaged or gone. It is not frozen again: that would be another release of this name.
    """
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
    noted = output is not None and (known is None or output.digest == known.digest)
    if output is None or not noted or not ws.store.intact(output):
        state = "damaged" if path.is_dir() else "gone"
        raise StoreError(f"the frozen release {name!r} is {state}.", Where(file=str(path)), _INSTEAD)
    return output


def _unread(ws: Workspace, name: str) -> bool:
    """Return whether the store has a release of this name whose manifest is damaged or of an earlier version."""
    texts = (path.read_text(errors="replace") for path in ws.home.glob(f"store/benchmark/{ALL}/[!.]*/manifest.json"))
    return any(f'"release": "{name}"' in text for text in texts)


def holding_back(ws: Workspace, without: Collection[str] = ()) -> dict[str, str]:
    """Return the corpora that failed, were refused, are stale or were not run, each with the reason.

    Corpora that never had a file here are left out, and so are those in `without`.
    """
    from meds_pipeline.steps.plan import out_of_date

    found = {fault.corpus or "the catalog": fault.error.problem for fault in ws.catalog_faults()}
    for name, due in out_of_date(ws, "corpora", ws.corpora(), checks=False).items():
        found[name] = f"{due[0].asset}: {'; '.join(due[0].because)}"
    return {name: why for name, why in sorted(found.items()) if name not in without}


def _held_back(release: str, held: Mapping[str, str]) -> QualityError:
    reasons = "; ".join(f"{name} ({shorten(why, _REASON, placeholder=' ...')})" for name, why in held.items())
    without = " ".join(f"--without {name}" for name in held)
    return QualityError(
        f"the release {release!r} is not frozen, for these corpora would never be in it as they should: {reasons}.",
        next_step=f"Mend them and run again, or leave them out: `meds bench freeze {release} {without}`, "
        "or take the last good output of each: `--anyway`.",
    )


def no_release(name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error of a name under which no release was frozen."""
    listed = ", ".join(known) or "none"
    return UnknownNameError(
        f"there is no release {name!r}.", next_step=f"Known: {listed}. To freeze it: `meds bench freeze {name}`."
    )


def freeze(ws: Workspace, name: str, *, without: Collection[str] = (), anyway: bool = False) -> Output:
    """Freeze a release; it becomes the current output only if the settings name it as the release in use.

    Args:
        ws: The home.
        name: Name of the release.
        without: Corpora that it leaves out.
        anyway: Freeze it even if corpora failed or are stale, from the last good output of each.

    Raises:
        StoreError: There is a release of this name.
        UnknownNameError: There is no such corpus.
        QualityError: A corpus holds it back.
    """
    for corpus in without:
        ws.catalog.corpus(corpus)

    def ask() -> Work:
        if (output := frozen(ws, name)) is not None:
            place = Where(file=str(output.path))
            known = "A release is never altered: choose another name."
            raise StoreError(f"the release {name!r} is frozen already.", place, known)
        return replace(STEP, needs=lambda ws, _: _freezing(ws, name, without, anyway=anyway)).work(ws, ALL)

    use = name == ws.settings.benchmark.release
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
