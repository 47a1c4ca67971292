"""Finds and removes files of a home that nothing is made from any more: `meds gc`.

Every current output, every frozen release, and everything that these are made from is kept. Files that were written in
the last hours are kept too. Nothing is removed while a step runs, because all locks of the store are taken first.
"""

from __future__ import annotations

import re
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from meds_pipeline.core.errors import StoreError
from meds_pipeline.home.releases import releases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.store import Store

Kind = Literal["output", "check", "checkpoint", "leftover"]
KEEP_HOURS = 24.0
_RESUMED_HOURS = 168.0
"""Hours for which the checkpoints of a killed training are kept, so that it can resume."""
_TEMPORARY = re.compile(r"\..+\.[0-9]+(\.[0-9]+)?")
"""Names that files have while they are written: `.name.<process>.<thread>`."""
_WRITTEN_IN = (".", "current/*", "failed/*", "checks/*/*", "builds", "definitions", "releases", "catalog")


@dataclass(frozen=True, slots=True)
class Garbage:
    """One file or folder that nothing is made from.

    Attributes:
        kind: `output` of the store, `check` of an output that is gone, `checkpoint` of a training that was not resumed,
            `leftover` of a killed process.
        path: File or folder.
        bytes: What its removal frees.
    """

    kind: Kind
    path: Path
    bytes: int


def collect(store: Store, *, keep_hours: float = KEEP_HOURS, dry_run: bool = False) -> list[Garbage]:
    """Remove everything that nothing is made from; return it, by kind and path.

    Args:
        store: The store of the home.
        keep_hours: Files that were written in the last so many hours stay.
        dry_run: Only return what would be removed.

    Raises:
        StoreError: A run is going on, or the note of a release cannot be read, so that its inputs are not known.
    """
    with ExitStack() as held:
        partitions = _partitions(store.home)
        for asset, partition in [] if dry_run else partitions:
            held.enter_context(store.locked(asset, partition, wait=False))
        found = sorted(_garbage(store, keep_hours, partitions, dry_run=dry_run), key=lambda one: (one.kind, one.path))
        for one in [] if dry_run else found:
            _remove(one.path)
    return found


def clear_trials(home: Path) -> None:
    """Remove what killed trials left behind."""
    for path in (home / "scratch").glob("trial-*"):
        if _age(path) > KEEP_HOURS:
            shutil.rmtree(path, ignore_errors=True)


def _partitions(home: Path) -> list[tuple[str, str]]:
    return [(path.parent.name, path.name) for path in sorted((home / "store").glob("[!.]*/[!.]*"))]


def _garbage(
    store: Store, keep_hours: float, partitions: Sequence[tuple[str, str]], *, dry_run: bool
) -> Iterator[Garbage]:
    """Yield what goes: of outputs only those of `partitions`, for a new partition is nobody's to lock before it is."""
    home, kept = store.home, _kept(store)
    gone: set[str] = set()
    for path in (path for names in partitions for path in (home / "store").joinpath(*names).glob("*")):
        if path.name.startswith(".writing-"):
            if not dry_run or _age(path) > keep_hours:  # without locks a young one may be of a running step
                yield _found("leftover", path)
        elif path not in kept and _age(path) > keep_hours:
            gone.add(path.name)
            yield _found("output", path)
    for path in (home / "checks").glob("[!.]*/[!.]*/[!.]*.json"):
        stands = any((home / "store").glob(f"*/{path.parent.name}/{path.stem}"))
        if (path.stem in gone or not stands) and _age(path) > keep_hours:
            yield _found("check", path)
    for path in (home / "scratch").glob("[!.]*/[!.]*/[!.]*"):
        if path.parent.parent.name.startswith("trial-"):
            continue
        if _age(path) > max(_RESUMED_HOURS, keep_hours):
            yield _found("checkpoint", path)
    yield from (_found("leftover", path) for path in _leftovers(home) if _age(path) > keep_hours)


def _kept(store: Store) -> set[Path]:
    """Return the folders of all outputs that are kept."""
    waiting = list(store.pointers())
    folders = {output.path for output in waiting}
    for release in releases(store.home).values():
        for path in (store.home / "store" / "benchmark").glob(f"*/{release.fingerprint}"):
            folders.add(path)
            output = store.find("benchmark", path.parent.name, path.name)
            waiting += [] if output is None else [output]
    while waiting:
        for made_of in _inputs(store, waiting.pop()):
            if made_of.path not in folders:
                folders.add(made_of.path)
                waiting.append(made_of)
    return folders


def _inputs(store: Store, output: Output) -> Iterator[Output]:
    """Yield the inputs of an output, and outputs that could replace them; an input that is gone is left out."""
    for role, ref in output.manifest.inputs.items():
        named = store.find(ref.asset, ref.partition, ref.fingerprint)
        if named is not None:
            yield named
        try:
            yield store.input_of(output, role)
        except StoreError:
            continue


def _leftovers(home: Path) -> Iterator[Path]:
    """Yield the files that killed processes left behind."""
    yield from (home / "scratch").glob("trial-*")
    yield from (path for path in (home / "twins.writing",) if path.exists())
    for folder in _WRITTEN_IN:
        for path in home.glob(f"{folder}/.*" if folder != "." else ".*"):
            if path.is_file() and _TEMPORARY.fullmatch(path.name):
                yield path


def _found(kind: Kind, path: Path) -> Garbage:
    inner = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    stats = (one.lstat() for one in inner if one.is_symlink() or one.is_file())
    return Garbage(kind, path, sum(stat.st_size for stat in stats if stat.st_nlink == 1))


def _age(path: Path) -> float:
    """Return the hours since a file, or the last one directly in a folder, was written."""
    inner = [path, *path.iterdir()] if path.is_dir() and not path.is_symlink() else [path]
    return (time.time() - max(one.lstat().st_mtime for one in inner)) / 3600


def _remove(path: Path) -> None:
    """Remove a file or folder; a folder takes another name first, so that half of it is never taken for an output."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
        return
    going = path.with_name(f".writing-{path.name.removeprefix('.writing-')}-gone")
    path.rename(going)
    shutil.rmtree(going)
