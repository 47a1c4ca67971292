"""Whose data a home holds: raw files or synthetic twins, never both. The first run that builds settles it for good.

Everybody may ask; only who builds claims a home and writes its twins.
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
    """What a home was settled to hold."""

    origin: Origin
    raw: Path | None
    """The raw folder of the newest run; None in a home of twins."""


def claimed(home: Path) -> Claim | None:
    """Return what a home was settled to hold, or None where nothing was built yet."""
    mark = _mark(home)
    known = read_ours(mark, Claim)
    if mark.exists() and (known is None or (known.origin == "real" and known.raw is None)):
        raise StoreError(
            "it is damaged, so nothing says whether this home holds real data or synthetic twins.",
            Where(file=str(mark)),
            'Write into it what is true: {"origin": "twin", "raw": null} or {"origin": "real", "raw": "<raw folder>"}.',
        )
    return known


def claim(home: Path, origin: Origin, raw: Path) -> None:
    """Settle whose data a home holds, and note where raw files are."""
    wanted = Claim(origin, raw if origin == "real" else None)
    if wanted != claimed(home):
        said = {"origin": wanted.origin, "raw": None if wanted.raw is None else str(wanted.raw)}
        write_atomic(_mark(home), json.dumps(said).encode())


def source_of(home: Path, raw: Path | None) -> tuple[Origin, Path]:
    """Return the origin of a home's data and its raw folder: what an earlier run said, else what this call says.

    A home of raw files finds them again without being told; a home of twins never takes raw files. Nothing is written.

    Raises:
        RawFileError: The raw folder does not exist, or the home holds twins and the caller names raw files.
    """
    known = claimed(home)
    if raw is not None:
        _check_folder(raw)
        if known is not None and known.origin == "twin":
            raise RawFileError(
                "this home holds synthetic twins and cannot hold real data too.",
                Where(file=str(home)),
                "Give another --home.",
            )
        return "real", raw.resolve()
    if known is not None and known.raw is not None:
        _check_folder(known.raw)
        return "real", known.raw
    return "twin", home / "twins"


def _mark(home: Path) -> Path:
    return home / "origin.json"


def _check_folder(raw: Path) -> None:
    if not raw.is_dir():
        raise RawFileError("raw folder does not exist.", Where(file=str(raw)), "Give an existing folder to --raw.")


@dataclass(frozen=True, slots=True)
class _Made:
    """What stands in `twins/.made`: for which settings and catalog and by which code, and which files are ours."""

    asked: str = ""
    """Empty while they are being put in place."""
    files: tuple[str, ...] = ()

    @classmethod
    def read(cls, root: Path) -> _Made:
        return read_ours(root / ".made", cls) or cls()

    def stands(self, root: Path, wanted: str) -> bool:
        """Tell whether these are the twins asked for, and none is gone."""
        return self.asked == wanted and all((root / path).is_file() for path in self.files)

    def write(self, root: Path) -> None:
        write_atomic(root / ".made", json.dumps(asdict(self)).encode())


def twins_of(settings: Settings, catalog: Catalog) -> list[str]:
    """Return the distributions whose twins a home of twins has."""
    from meds_pipeline.twins import twin_names

    return list(settings.twins.distributions) or twin_names(catalog)


def write_twins(home: Path, settings: Settings, catalog: Catalog) -> None:
    """Write the synthetic twins of a home, where its settings, their catalog or our code has changed, or one is gone.

    Earlier twins go; a file that is not one of ours is neither removed nor overwritten.

    Raises:
        RawFileError: Such a file stands where a twin goes.
    """
    root = home / "twins"
    code = [digests.package_sha256("twins"), digests.package_sha256("readers")]
    forms = catalog.distributions
    names = [name for name in twins_of(settings, catalog) if name in forms]
    entries = {name: forms[name][1].model_dump(mode="json", exclude={"recipes", "views"}) for name in names}
    asked = {**settings.twins.model_dump(), "seed": settings.seed, "code": code, "entries": entries}
    wanted = digests.canonical_json(asked)
    if _Made.read(root).stands(root, wanted):
        return
    with FileLock(home / "twins.lock"):  # several processes may open a new home at once
        made = _Made.read(root)
        if not made.stands(root, wanted):
            fresh = home / "twins.writing"
            shutil.rmtree(fresh, ignore_errors=True)  # of a killed run
            paths = _write(fresh, settings, catalog)
            _check_foreign(root, fresh, set(paths).difference(made.files))
            _Made("", (*made.files, *paths)).write(root)  # so that they are known as ours if we are killed now
            _remove(root, set(made.files).difference(paths))
            for path in paths:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (fresh / path).replace(root / path)
            _Made(wanted, tuple(paths)).write(root)
            shutil.rmtree(fresh)


def _write(folder: Path, settings: Settings, catalog: Catalog) -> list[str]:
    from meds_pipeline.twins import write_twin

    asked = settings.twins
    for name in twins_of(settings, catalog):
        write_twin(name, folder, records=asked.records, seed=settings.seed, copies=True, catalog=catalog)
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
        with suppress(OSError):  # another file is in it
            for folder in list(path.parents)[:-1]:
                (root / folder).rmdir()
