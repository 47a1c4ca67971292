"""The kind of data that a home holds: real files or synthetic twins, never both. The first build decides it for good.

Every command may ask for the kind; only a build claims a home and writes its twins.
"""

from __future__ import annotations

import filecmp
import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock

from meds_pipeline.catalog.paths import SYNTHETIC, is_synthetic
from meds_pipeline.core import digests
from meds_pipeline.core.errors import RawFileError, StoreError, Where
from meds_pipeline.core.files import read_ours, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meds_pipeline.catalog.loader import Catalog
    from meds_pipeline.home.settings import Settings

Origin = Literal["real", "twin"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The kind of data that a home holds for good, and where its raw files are."""

    origin: Origin
    raw: Path | None
    """The raw folder of the newest run; None in a home that writes its own twins."""


@dataclass(frozen=True, slots=True)
class Source:
    """The raw files that a home reads."""

    origin: Origin
    raw: Path
    own: bool
    """Whether the raw files are twins that the home writes itself."""


def claimed(home: Path) -> Claim | None:
    """Return the claim of a home, or None if nothing was built in it yet."""
    mark = _mark(home)
    known = read_ours(mark, Claim)
    if mark.exists() and (known is None or (known.origin == "real" and known.raw is None)):
        raise StoreError(
            "it is damaged, so nothing says whether this home holds real data or synthetic twins.",
            Where(file=str(mark)),
            'Write into it what is true: {"origin": "twin", "raw": null} or {"origin": "real", "raw": "<raw folder>"}.',
        )
    return known


def claim(home: Path, source: Source) -> None:
    """Decide for good the kind of data that a home holds, and note where its raw files are."""
    wanted = Claim(source.origin, None if source.own else source.raw)
    if wanted != claimed(home):
        said = {"origin": wanted.origin, "raw": None if wanted.raw is None else str(wanted.raw)}
        write_atomic(_mark(home), json.dumps(said).encode())


def source_of(home: Path, raw: Path | None, folders: Iterable[str]) -> Source:
    """Return the raw files that a home reads, as an earlier run or else this call says; nothing is written.

    A home with a raw folder remembers it. A home that writes its own twins never takes a raw folder.

    Args:
        home: The home.
        raw: The raw folder that the caller names.
        folders: Folders in it that the catalog reads.

    Raises:
        RawFileError: The raw folder does not exist or mixes twins and real files, or the home holds the other kind.
    """
    known = claimed(home)
    if raw is None:
        raw = None if known is None else known.raw
    elif known is not None and known.raw is None:
        raise RawFileError(
            "this home holds synthetic twins of its own and takes no other files.",
            Where(file=str(home)),
            "Give another --home.",
        )
    if raw is None:
        return Source("twin", home / "twins", own=True)
    found = origin_of(raw, folders)
    if known is not None and known.origin != found:
        words = {"real": "real data", "twin": "synthetic twins"}
        raise RawFileError(
            f"this home holds {words[known.origin]}, and {raw} holds {words[found]}.",
            Where(file=str(home)),
            "Give another --home.",
        )
    return Source(found, raw.resolve(), own=False)


def origin_of(raw: Path, folders: Iterable[str]) -> Origin:
    """Return whether a raw folder holds twins, by their marks; raises RawFileError if it is no folder or mixes both."""
    if not raw.is_dir():
        raise RawFileError("raw folder does not exist.", Where(file=str(raw)), "Give an existing folder to --raw.")
    there = [raw / name for name in sorted(folders) if (raw / name).is_dir()]
    twins = [folder for folder in there if is_synthetic(folder)]
    if not twins and not is_synthetic(raw):
        return "real"
    if real := [folder for folder in there if folder not in twins]:
        raise RawFileError(
            f"it holds synthetic twins ({twins[0].name if twins else SYNTHETIC}) and other files ({real[0].name}).",
            Where(file=str(raw)),
            "Give each kind a folder of its own: they never share a home.",
        )
    return "twin"


def _mark(home: Path) -> Path:
    return home / "origin.json"


@dataclass(frozen=True, slots=True)
class _Made:
    """The content of `twins/.made`: what the twins were made from (settings, catalog, code), and the files we wrote."""

    asked: str = ""
    """Settings, catalog and code as JSON; empty while the twins are being put in place."""
    files: tuple[str, ...] = ()

    @classmethod
    def read(cls, root: Path) -> _Made:
        return read_ours(root / ".made", cls) or cls()

    def stands(self, root: Path, wanted: str) -> bool:
        """Tell whether the twins are those asked for and none of their files is gone."""
        return self.asked == wanted and all((root / path).is_file() for path in self.files)

    def write(self, root: Path) -> None:
        write_atomic(root / ".made", json.dumps(asdict(self)).encode())


def twins_of(settings: Settings, catalog: Catalog) -> list[str]:
    """Return the distributions that have a twin in a home of twins."""
    from meds_pipeline.twins import twin_names

    return list(settings.twins.distributions) or twin_names(catalog)


def write_twins(home: Path, settings: Settings, catalog: Catalog) -> None:
    """Write the synthetic twins of a home if its settings, its catalog or our code changed, or if a twin is gone.

    Earlier twins are removed. A file that we did not write is neither removed nor overwritten.

    Raises:
        RawFileError: A file that we did not write is in the place of a twin.
    """
    root, wanted = home / "twins", _asked(settings, catalog)
    if _Made.read(root).stands(root, wanted):
        return
    with FileLock(home / "twins.lock"):  # several processes may open a new home at once
        made = _Made.read(root)
        if not made.stands(root, wanted):
            fresh = home / "twins.writing"
            shutil.rmtree(fresh, ignore_errors=True)  # of a killed run
            paths = _write(fresh, settings, catalog)
            _check_foreign(root, fresh, set(paths).difference(made.files))
            _Made("", (*made.files, *paths)).write(root)  # the files are known as ours even if we are killed now
            _remove(root, set(made.files).difference(paths))
            for path in paths:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (fresh / path).replace(root / path)
            _Made(wanted, tuple(paths)).write(root)
            shutil.rmtree(fresh)


def twin_changes(home: Path, settings: Settings, catalog: Catalog) -> list[str]:
    """Return why the next run writes the twins of a home again; empty if they are up to date or were never written."""
    root, wanted = home / "twins", _asked(settings, catalog)
    made = _Made.read(root)
    if not made.asked or made.stands(root, wanted):
        return []
    before, now = json.loads(made.asked), json.loads(wanted)
    changed = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    plain = {"records", "seed"}
    said = [f"{key} of the twins: {before.get(key)} -> {now.get(key)}" for key in changed if key in plain]
    return said or [f"twins changed: {', '.join(changed)}" if changed else "a twin is gone"]


def _asked(settings: Settings, catalog: Catalog) -> str:
    """Return what the twins of a home are made from, as JSON: settings, entries of the catalog, code."""
    code = [digests.package_sha256("twins"), digests.package_sha256("readers")]
    forms = catalog.distributions
    names = [name for name in twins_of(settings, catalog) if name in forms]
    entries = {name: forms[name][1].model_dump(mode="json", exclude={"recipes", "views"}) for name in names}
    return digests.canonical_json(
        {**settings.twins.model_dump(), "seed": settings.seed, "code": code, "entries": entries}
    )


def _write(folder: Path, settings: Settings, catalog: Catalog) -> list[str]:
    from meds_pipeline.twins import mark_twins, write_twin

    asked = settings.twins
    for name in twins_of(settings, catalog):
        write_twin(name, folder, records=asked.records, seed=settings.seed, copies=True, catalog=catalog)
    mark_twins(folder)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _check_foreign(root: Path, fresh: Path, paths: Iterable[str]) -> None:
    for path in sorted(paths):
        if (root / path).exists() and not filecmp.cmp(fresh / path, root / path, shallow=False):
            raise RawFileError(
                "a twin goes where a file stands that was not written as one.",
                Where(file=str(root / path)),
                f"Move {root / Path(path).parts[0]} away, or give another --home.",
            )


def _remove(root: Path, paths: Iterable[str]) -> None:
    """Remove files, and the folders that they leave empty: an empty folder would count as a distribution's."""
    for path in map(Path, paths):
        (root / path).unlink(missing_ok=True)
        with suppress(OSError):  # the folder is not empty
            for folder in list(path.parents)[:-1]:
                (root / folder).rmdir()
