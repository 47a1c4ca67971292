"""Builds one distribution, from its twin or from real files, and gives its records, instances and faults to tests."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pyarrow.parquet as pq
import pytest

from meds_pipeline.catalog import Catalog, load_catalog
from meds_pipeline.catalog.paths import beside, captured
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.readers.base import Address
from meds_pipeline.readers.opening import opened
from meds_pipeline.readers.registry import get_reader
from meds_pipeline.steps.run import run_step
from meds_pipeline.twins import write_twin

if TYPE_CHECKING:
    from meds_pipeline.catalog.model import Distribution
    from meds_pipeline.core.outputs import Output

SHARED = Path(os.environ.get("MEDS_SHARED", Path(__file__).parents[2] / "../shared"))
CORPORA = SHARED / "corpora"
Origin = Literal["twin", "real"]
BOTH: tuple[Origin, ...] = ("twin", "real")
Row = dict[str, Any]


@dataclass(frozen=True)
class Built:
    """One distribution, read and made into instances.

    Attributes:
        folder: Its upstream files, for expectations found independently of reader and recipe.
        origin: Whether they are its twin's or real.
    """

    folder: Path
    origin: Origin
    workspace: Workspace
    raw: Output
    made: Output

    @property
    def corpus(self) -> str:
        """Name of its corpus."""
        return self.raw.manifest.partition

    @cached_property
    def files(self) -> list[Row]:
        """Its raw files, companions included."""
        return rows(self.raw.file("lineage/raw_file.parquet"))

    @cached_property
    def sources(self) -> dict[str, list[Row]]:
        """Lineage rows of the records behind each instance."""
        found: dict[str, list[Row]] = {}
        for row in rows(self.made.file("lineage/instance_source.parquet")):
            found.setdefault(row["instance_id"], []).append(row)
        return found

    def raw_texts(self, instance: Row) -> list[str]:
        """Raw text of every record an instance was made of, found by its lineage rows alone."""
        files = self.said.files
        texts = []
        for row in self.sources[instance["instance_id"]]:
            entry, path = files[row["entry"]], row["path"]
            with opened(self.folder, path, beside(entry, captured(entry, path))) as found:
                address = Address(row["record_index"], row["start"], row["length"])
                reader, options = get_reader(entry.reader), entry.reader_options()
                texts.append(reader.raw_text(found.raw, address, companions=found.companions, **options))
        return texts

    def records(self, entry: str) -> list[Row]:
        """The staged records of one entry."""
        return rows(self.raw.file(f"records/{entry}.parquet"))

    def count(self, path: str) -> int:
        """How many records one file gave."""
        (found,) = [file["records"] for file in rows(self.raw.file("lineage/raw_file.parquet")) if file["path"] == path]
        return int(found)

    @cached_property
    def faults(self) -> list[Row]:
        """Bad records."""
        return rows(self.raw.file("lineage/record_fault.parquet"))

    @cached_property
    def rejected(self) -> list[Row]:
        """Rows of recipes without an input or output."""
        return rows(self.made.file("rejected.parquet"))

    @cached_property
    def _instances(self) -> list[Row]:
        return rows(self.made.file("instances.parquet"))

    @property
    def said(self) -> Distribution:
        """What the catalog says of it."""
        return catalog().distributions[str(self.raw.manifest.facts["distribution"])][1]

    def task(self, task_id: str) -> list[Row]:
        """The instances of a task, in order of their records."""
        return sorted((row for row in self._instances if row["task_id"] == task_id), key=lambda row: row["source"])

    def pairs(self, task_id: str) -> list[tuple[str, str]]:
        """Input and first output of a task's instances, in order of their records."""
        return [(row["input"], row["outputs"][0]) for row in self.task(task_id)]

    def splits(self, task_id: str) -> dict[str, int]:
        """Instances of a task by split."""
        found = [row["split"] for row in self.task(task_id)]
        return {split: found.count(split) for split in sorted(set(found))}


class Builds(Protocol):
    """The fixture `builds`: every distribution is built once a session, whoever asks."""

    def __call__(self, distribution: str, origin: Origin) -> Built:
        """Return the distribution, from its twin or from real files (skips the test where these are absent)."""


@cache
def catalog() -> Catalog:
    """The catalog of this package, read once."""
    return load_catalog()


def rows(path: Path) -> list[Row]:
    """The rows of a Parquet file."""
    found: list[Row] = pq.read_table(path).to_pylist()
    return found


def folder_name(distribution: str) -> str:
    """The folder of a distribution below the raw folder."""
    return catalog().distributions[distribution][1].folder or distribution


def real_folder(distribution: str) -> Path:
    """The folder with a distribution's real files; the test is skipped where they are not beside the checkout."""
    folder = CORPORA / folder_name(distribution)
    if not folder.is_dir():
        pytest.skip(f"no real files: {folder} is absent")
    return folder


def build(distribution: str, origin: Origin, folder: Path, *, records: int = 600, real: Path | None = None) -> Built:
    """Read a distribution and run its recipes below `folder`.

    Args:
        distribution: Name as in the catalog.
        origin: `twin` writes the twin first; `real` reads the real files, or skips the test.
        folder: An empty folder.
        records: Size of the twin.
        real: Raw folder to take real files from, where it is not the shared one.
    """
    if origin == "twin":
        raw = folder / "raw"
        write_twin(distribution, raw, records=records, seed=0)
    else:
        raw = real if real is not None else real_folder(distribution).parent
    name = catalog().distributions[distribution][0].corpus
    workspace = Workspace.open(folder / "home", raw, {"catalog": {"active": {name: distribution}}})
    read = run_step(workspace, "raw_corpus", name).output
    made = run_step(workspace, "instances", name).output
    return Built(raw / folder_name(distribution), origin, workspace, read, made)
