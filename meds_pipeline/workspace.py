"""Everything a step needs to know about where it runs: home, raw files, settings, catalog, store.

`Workspace.open(home, raw)` is the one door; the command line, the Dagster resource and tests use it. Without raw
files it writes synthetic twins below the home and reads those: twins and real data never share a home.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from meds_pipeline import digests
from meds_pipeline.catalog import Catalog, Corpus, load_catalog
from meds_pipeline.catalog.presence import Presence, active
from meds_pipeline.errors import MedsError, QualityError, RawFileError, Where
from meds_pipeline.settings import Settings, load_settings
from meds_pipeline.store import Output, Store, safe_name, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

Origin = Literal["real", "twin"]
ALL = "all"
"""Partition of assets that have one output for everything."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the newest attempt at an (asset, partition) gave no usable output."""

    asset: str
    partition: str
    fingerprint: str | None
    """The output a check refused, or None when none was made."""
    reason: str
    at: str


@dataclass(frozen=True)
class Workspace:
    """An opened home."""

    home: Path
    raw: Path
    origin: Origin
    settings: Settings
    catalog: Catalog
    store: Store

    @classmethod
    def open(cls, home: Path, raw: Path | None = None, overrides: dict[str, Any] | None = None) -> Workspace:
        """Open a home, made if it is not there.

        Args:
            home: Holds everything written.
            raw: Holds `<distribution>/...` upstream files; None means synthetic twins below the home.
            overrides: Settings laid over those of the home.

        Raises:
            RawFileError: The raw folder does not exist, or the home was used with the other kind of data.
            CatalogError: Settings or catalog are not valid.
            UnknownNameError: The settings choose a distribution of a corpus that the catalog does not have.
        """
        home = home.resolve()
        home.mkdir(parents=True, exist_ok=True)
        settings = load_settings(home, overrides)
        origin, raw = _claim(home, raw.resolve() if raw else None)
        if raw is None:
            raw = _twins(home, settings)
        elif not raw.is_dir():
            raise RawFileError("raw folder does not exist.", Where(file=str(raw)), "Give an existing folder to --raw.")
        catalog = load_catalog([*settings.catalog.extra, *own_catalog(home)])
        for name in settings.catalog.active:
            catalog.corpus(name)
        return cls(home, raw.resolve(), origin, settings, catalog, Store(home))

    def presence(self, corpus: Corpus) -> Presence | None:
        """Return the active distribution of a corpus, or None when no file of it is there."""
        return active(corpus, self.raw, self.settings.catalog.active.get(corpus.corpus))

    def present_corpora(self) -> list[str]:
        """Return corpora with files, also those whose files are not complete: their run will say what is missing."""
        return [name for name, corpus in self.catalog.corpora.items() if self._has_files(corpus)]

    def good_corpora(self) -> dict[str, Output]:
        """Return present corpora that have a last good output, with it: their verdicts, by corpus."""
        outputs = ((name, self.store.current("verdicts", name)) for name in self.present_corpora())
        return {name: output for name, output in outputs if output is not None}

    def instances_of(self, verdicts: Output) -> Output:
        """Return the instances that verdicts were made of."""
        return self.store.input_of(verdicts, "instances")

    def require_good(self, asset: str, partition: str) -> Output:
        """Return the current output unless a blocking check refused it.

        Raises:
            StoreError: There is none.
            QualityError: Its checks failed.
        """
        output = self.store.require(asset, partition)
        failure = self.failure(asset, partition)
        if failure is not None and failure.fingerprint == output.manifest.fingerprint:
            raise QualityError(
                f"{asset} did not pass its checks: {failure.reason}",
                Where(partition),
                "Mend the raw files or the recipe, then run the corpus again.",
            )
        return output

    def failure(self, asset: str, partition: str) -> Failure | None:
        """Return why the newest attempt failed, or None when it did not."""
        path = self._failure_path(asset, partition)
        return Failure(**json.loads(path.read_bytes())) if path.is_file() else None

    def failures(self) -> list[Failure]:
        """Return all open failures, in order of (asset, partition)."""
        paths = sorted((self.home / "failed").glob("*/*.json"))
        return [Failure(**json.loads(path.read_bytes())) for path in paths]

    def set_failure(self, asset: str, partition: str, reason: str, *, refused: Output | None = None) -> None:
        """Note that an attempt failed, or (with `refused`) that a blocking check refused its output."""
        note: Mapping[str, str | None] = {
            "asset": asset,
            "partition": partition,
            "fingerprint": refused.manifest.fingerprint if refused else None,
            "reason": reason,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_atomic(self._failure_path(asset, partition), json.dumps(note, indent=1).encode())

    def clear_failure(self, asset: str, partition: str) -> None:
        """Forget an earlier failure: the newest attempt is good."""
        self._failure_path(asset, partition).unlink(missing_ok=True)

    def _failure_path(self, asset: str, partition: str) -> Path:
        return self.home / "failed" / safe_name(asset) / f"{safe_name(partition)}.json"

    def _has_files(self, corpus: Corpus) -> bool:
        try:
            return self.presence(corpus) is not None
        except MedsError:
            return True


def _claim(home: Path, raw: Path | None) -> tuple[Origin, Path | None]:
    """Return the origin of a home's data and its raw folder: what an earlier run said, else what this call says.

    A home of raw files finds them again without being told; a home of twins never takes raw files.
    """
    mark = home / "origin.json"
    known = json.loads(mark.read_bytes()) if mark.is_file() else None
    if known is not None and known["origin"] == "twin" and raw is not None:
        raise RawFileError(
            "this home holds synthetic twins and cannot hold real data too.",
            Where(file=str(home)),
            "Give another --home.",
        )
    if known is not None and raw is None:
        return known["origin"], Path(known["raw"]) if known["raw"] else None
    origin: Origin = "twin" if raw is None else "real"
    said = {"origin": origin, "raw": None if raw is None else str(raw)}
    if said != known:
        write_atomic(mark, json.dumps(said).encode())
    return origin, raw


def _twins(home: Path, settings: Settings) -> Path:
    """Return the folder of synthetic twins, written when the settings or the writers have changed."""
    from meds_pipeline.twins import twin_names, write_twin

    root, mark = home / "twins", home / "twins" / ".made"
    asked = {**settings.twins.model_dump(), "seed": settings.seed, "code": digests.package_sha256("twins")}
    wanted = digests.canonical_json(asked)
    if not mark.is_file() or mark.read_text() != wanted:
        shutil.rmtree(root, ignore_errors=True)
        for name in settings.twins.distributions or twin_names():
            write_twin(name, root, records=settings.twins.records, seed=settings.seed)
        write_atomic(mark, wanted.encode())
    return root


def own_catalog(home: Path) -> list[Path]:
    """Return the folder of corpus YAMLs that belongs to a home, `<home>/catalog`, where it is there."""
    folder = home / "catalog"
    return [folder] if folder.is_dir() else []


def default_home(raw: Path | None) -> Path:
    """Return `MEDS_HOME`, else `./data/real` with raw files and `./data/demo` without."""
    named = os.environ.get("MEDS_HOME")
    return Path(named) if named else Path("data") / ("demo" if raw is None else "real")
