"""Everything a step needs to know about where it runs: home, raw files, settings, catalog, store.

`Workspace.open(home, raw)` is for callers that build: the command line, the Dagster resource and tests. Without raw
files it writes synthetic twins below the home and reads those; twins and real data never share a home.
`Workspace.look(home, raw)` is for callers that only ask. It writes nothing, and of raw files it reads only names, times
and lists of archives.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from meds_pipeline.catalog.paths import is_synthetic
from meds_pipeline.core import digests
from meds_pipeline.core.errors import MedsError, QualityError, RawFileError, StoreError, Where
from meds_pipeline.core.files import read_ours, safe_name, write_atomic
from meds_pipeline.home.catalog import catalog_of
from meds_pipeline.home.origin import Origin, Source, claim, claimed, source_of, twin_changes, twins_of, write_twins
from meds_pipeline.home.presence import active
from meds_pipeline.home.settings import Settings, load_settings
from meds_pipeline.home.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meds_pipeline.catalog import Catalog, CatalogFault, Corpus
    from meds_pipeline.catalog.paths import Presence
    from meds_pipeline.core.outputs import Access, Output

ALL = "all"
"""Partition of assets that have one output for everything."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the newest attempt at an (asset, partition) gave no usable output."""

    asset: str
    partition: str
    fingerprint: str | None
    """Fingerprint of the output that a check refused; None if no output was made."""
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
    own_twins: bool = False
    """Whether the raw files are twins that the home writes itself."""

    @classmethod
    def open(cls, home: Path, raw: Path | None = None, overrides: dict[str, Any] | None = None) -> Workspace:
        """Open a home to build in it: it is made if it does not exist, and its kind of data is decided for good.

        Args:
            home: Holds everything written.
            raw: Holds `<distribution>/...` upstream files; None means synthetic twins below the home.
            overrides: Settings laid over those of the home.

        Raises:
            StoreError: The home cannot be made or written.
            RawFileError: The raw folder does not exist, or the home was used with the other kind of data.
            CatalogError: Settings or catalog are not valid.
            UnknownNameError: The settings choose a distribution of a corpus that the catalog does not have.
        """
        workspace = cls._of(home, raw, overrides, digests.FileHasher)
        try:
            workspace.home.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=workspace.home):
                pass  # a read-only home fails here and not in the first step
            claim(workspace.home, Source(workspace.origin, workspace.raw, workspace.own_twins))
            if workspace.own_twins:
                write_twins(workspace.home, workspace.settings, workspace.catalog)
        except OSError as error:
            where = Where(file=str(workspace.home))
            problem = f"this home cannot be made or written: {error.strerror or error}."
            raise StoreError(problem, where, "Give another --home, or mend its folder.") from error
        return workspace

    @classmethod
    def look(cls, home: Path, raw: Path | None = None, overrides: dict[str, Any] | None = None) -> Workspace:
        """Look at a home as it is: nothing is made or decided, neither twins nor the home itself.

        Arguments and errors are those of `open`. If no raw folder is given and nothing was run in the home, it has no
        raw files. A raw file counts as unchanged while its size and times are the same as when it was last read; any
        other file has no known sha256. Archives are listed.
        """
        return cls._of(home, raw, overrides, digests.RememberedHashes)

    @classmethod
    def _of(
        cls, home: Path, raw: Path | None, overrides: dict[str, Any] | None, hasher: type[digests.FileHasher]
    ) -> Workspace:
        home = home.resolve()
        settings = load_settings(home, overrides)
        catalog = catalog_of(home, settings)
        source = source_of(home, raw, catalog.folders)
        faulty = {fault.corpus for fault in catalog.faults}
        if all(fault.said for fault in catalog.faults):  # else the names of some corpora are unknown
            for name in settings.catalog.active.keys() - faulty:
                catalog.corpus(name)
        return cls(home, source.raw, source.origin, settings, catalog, Store(home, hasher), source.own)

    @cached_property
    def twin_changes(self) -> list[str]:
        """Why the next run writes the twins of this home again; empty if it does not."""
        return twin_changes(self.home, self.settings, self.catalog) if self.own_twins else []

    def obtainable(self, name: str) -> Corpus:
        """Return a corpus of the catalog that can have files here.

        Raises:
            UnknownNameError: The catalog has no such corpus.
            RawFileError: The home is a home of twins, and this corpus has no twin in it.
        """
        corpus = self.catalog.corpus(name)
        if self.own_twins and not self._has_twin(corpus):
            raise RawFileError("it has no synthetic twin here.", Where(name), self.way_to(corpus))
        return corpus

    def catalog_faults(self) -> list[CatalogFault]:
        """Return the faults of the catalog that prevent something in this home from being read.

        Two kinds of faults are left out: those of corpora that are known to have no files here, and those of corpora
        for which an earlier definition is used (the step that reads their files reports them).
        """
        faults = (fault for fault in self.catalog.faults if fault.corpus not in self.catalog.corpora)
        return [f for f in faults if not f.said or any((self.raw / folder).is_dir() for folder in f.folders)]

    def obtainable_corpora(self) -> list[str]:
        """Return the corpora that can have files here; in a home of twins these are the corpora with a twin."""
        corpora = self.catalog.corpora
        return [name for name, corpus in corpora.items() if not self.own_twins or self._has_twin(corpus)]

    def with_files(self, name: str) -> Corpus:
        """Return a corpus of the catalog that has files here, complete or not.

        Raises:
            UnknownNameError: The catalog has no such corpus.
            RawFileError: No file of it is here.
        """
        corpus = self.catalog.corpus(name)
        if not self.has_files(corpus):
            raise self.no_files(corpus)
        return corpus

    def no_files(self, corpus: Corpus) -> RawFileError:
        """Return the error of a corpus without files here: it never had any, or they are gone since its last output."""
        name = corpus.corpus
        if self.good(name) is None:
            return RawFileError("no raw files are there.", Where(name), self.way_to(corpus))
        forget = f"Put them back below {self.raw}, or let it leave the builds: `meds corpora forget {name}`."
        return RawFileError("its files are gone; its last good output stays in use.", Where(name), forget)

    def way_to(self, corpus: Corpus) -> str:
        """Return what to do about a corpus that has no files here."""
        folder = next(distribution.folder or name for name, distribution in corpus.distributions.items())
        if not self.own_twins:
            return f"Put its files below {self.raw / folder}; source: {corpus.source}"
        own = ", and another --home: this one holds synthetic twins" if claimed(self.home) else ""
        return f"Give the folder that holds {folder}/ with its files to --raw{own}; source: {corpus.source}"

    def _has_twin(self, corpus: Corpus) -> bool:
        return not corpus.distributions.keys().isdisjoint(twins_of(self.settings, self.catalog))

    def presence(self, corpus: Corpus) -> Presence | None:
        """Return the active distribution of a corpus, or None when no file of it is there.

        In a home of twins only the twins' files count: any other file was put there by hand.
        """
        chosen = self.settings.catalog.active.get(corpus.corpus)
        if not self.own_twins:
            return active(corpus, self.raw, chosen)
        if not self._has_twin(corpus):
            return None
        try:
            return active(corpus, self.raw, chosen)
        except RawFileError as error:
            again = "Run `meds run`: it writes the twins again."
            raise RawFileError(error.problem, error.where, again) from error

    def present_corpora(self) -> list[str]:
        """Return the corpora with files, complete or not: a run says what is missing."""
        return [name for name, corpus in self.catalog.corpora.items() if self.has_files(corpus)]

    def corpora(self) -> list[str]:
        """Return the corpora of a build: present ones, and those without files whose last good output stands.

        A corpus whose files are gone leaves the build only by `meds corpora forget`; until then its run fails.
        """
        return [name for name, corpus in self.catalog.corpora.items() if self.has_files(corpus) or self.good(name)]

    def gone_corpora(self) -> dict[str, RawFileError]:
        """Return the corpora whose files are gone while a last good output stands, with the error that says so."""
        found = ((name, corpus) for name, corpus in self.catalog.corpora.items() if self.good(name))
        return {name: self.no_files(corpus) for name, corpus in found if not self.has_files(corpus)}

    def good(self, name: str) -> Output | None:
        """Return the verdicts of a corpus, its last good output; None if a home of twins has no twin of it."""
        able = not self.own_twins or self._has_twin(self.catalog.corpus(name))
        return self.store.current("verdicts", name) if able else None

    def good_corpora(self) -> dict[str, Output]:
        """Return the verdicts of each corpus that has a last good output, by corpus.

        Raises:
            StoreError: The last good output of a corpus is damaged; it must not be left out silently.
        """
        outputs = ((name, self.store.last("verdicts", name)) for name in self.corpora())
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
        if (failure := self.refusal(output)) is not None:
            raise QualityError(
                f"{asset} did not pass its checks: {failure.reason}",
                Where(partition),
                "Mend the raw files or the recipe, then run the corpus again.",
            )
        return output

    def refusal(self, output: Output) -> Failure | None:
        """Return why a blocking check refused an output, or None when none did."""
        failure = self.failure(output.manifest.asset, output.manifest.partition)
        return failure if failure is not None and failure.fingerprint == output.manifest.fingerprint else None

    def failure(self, asset: str, partition: str) -> Failure | None:
        """Return why the newest attempt failed, or None when it did not."""
        path = self._failure_path(asset, partition)
        failure = read_ours(path, Failure)
        if failure is None and path.exists():  # a refused output must not pass if its note is damaged
            made = self.store.current(asset, partition)
            mark = made.manifest.fingerprint if made else None
            return Failure(asset, partition, mark, f"the note of its last failure, {path}, is damaged", "")
        return failure

    def failures(self) -> list[Failure]:
        """Return all open failures, in order of (asset, partition)."""
        names = [(path.parent.name, path.stem) for path in sorted((self.home / "failed").glob("[!.]*/[!.]*.json"))]
        return [failure for name in names if (failure := self.failure(*name)) is not None]

    def set_failure(self, asset: str, partition: str, reason: str, *, refused: Output | None = None) -> None:
        """Note that an attempt failed, or (with `refused`) that a blocking check refused its output."""
        note: Mapping[str, str | None] = {
            "asset": asset,
            "partition": partition,
            "fingerprint": refused.manifest.fingerprint if refused else None,
            "reason": reason,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_atomic(self._failure_path(asset, partition), json.dumps(note, indent=1).encode(), private=True)

    def clear_failure(self, asset: str, partition: str) -> None:
        """Forget an earlier failure: the newest attempt is good."""
        self._failure_path(asset, partition).unlink(missing_ok=True)

    def _failure_path(self, asset: str, partition: str) -> Path:
        return self.home / "failed" / safe_name(asset) / f"{safe_name(partition)}.json"

    def access_of_tasks(self) -> dict[str, Access]:
        """Return the access class of every task's corpus as the catalog has it now."""
        return {task: corpus.access for task, (corpus, _) in self.catalog.tasks.items()}

    def closed_tasks(self, release: Output) -> list[str]:
        """Return the tasks of a release that are credentialed today, whatever they were when it was frozen."""
        asked: Mapping[str, int] = release.manifest.facts["items"]  # type: ignore[assignment]  # by its step
        now = self.access_of_tasks()
        return sorted(task for task in asked if now.get(task) == "credentialed")

    def has_files(self, corpus: Corpus) -> bool:
        """Return whether a corpus has files here, complete or not."""
        try:
            return self.presence(corpus) is not None
        except MedsError:
            return True


def default_home(raw: Path | None) -> Path:
    """Return `MEDS_HOME`, else `./data/real` for real files, `./data/twins` for marked ones, `./data/demo` for none."""
    if named := os.environ.get("MEDS_HOME"):
        return Path(named)
    if raw is None:
        return Path("data/demo")
    return Path("data/twins") if any(map(is_synthetic, (raw, *raw.glob("*")))) else Path("data/real")
