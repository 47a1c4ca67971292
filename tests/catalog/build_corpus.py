"""Builds one corpus in a temporary home, from its real files or its twin, and hands out what came of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow.parquet as pq
import pytest

from meds_pipeline.catalog.presence import beside, captured
from meds_pipeline.readers.base import Address
from meds_pipeline.readers.opening import opened
from meds_pipeline.readers.registry import get_reader
from meds_pipeline.steps import run_step
from meds_pipeline.twins import write_twin
from meds_pipeline.workspace import Workspace

if TYPE_CHECKING:
    from meds_pipeline.store import Output

CORPORA = Path(os.environ.get("MEDS_SHARED", Path(__file__).parents[2] / "../shared")).resolve() / "corpora"
BOTH = ("twin", "real")
TWIN_RECORDS = 60

Row = dict[str, Any]


@dataclass(frozen=True)
class Built:
    """A corpus that went through raw_corpus, instances and verdicts."""

    ws: Workspace
    corpus: str
    kind: str
    raw: Output
    made: Output
    judged: Output

    @property
    def folder(self) -> Path:
        """Where its raw files are."""
        presence = self.ws.presence(self.ws.catalog.corpus(self.corpus))
        assert presence is not None
        return presence.folder

    @property
    def is_real(self) -> bool:
        """Whether it was made from real files."""
        return self.kind == "real"

    def records(self, entry: str) -> list[Row]:
        """Staged records of an entry, in file order."""
        return pq.read_table(self.raw.file(f"records/{entry}.parquet")).to_pylist(maps_as_pydicts="strict")

    def lineage(self, table: str) -> list[Row]:
        """Lineage rows of a table, from whichever step wrote it."""
        outputs = [output for output in (self.raw, self.made) if f"lineage/{table}.parquet" in output.manifest.files]
        return pq.read_table(outputs[0].file(f"lineage/{table}.parquet")).to_pylist()

    @cached_property
    def _instances(self) -> list[Row]:
        return pq.read_table(self.made.file("instances.parquet")).to_pylist()

    def task(self, task: str) -> list[Row]:
        """Instances of a task, in order of their first source."""
        return [row for row in self._instances if row["task_id"] == task]

    def pairs(self, task: str) -> list[tuple[str, ...]]:
        """Input and outputs of every instance of a task, sorted."""
        return sorted((row["input"], *row["outputs"]) for row in self.task(task))

    def asked(self, task: str) -> list[tuple[str, str]]:
        """Input and first output of every instance of a task, in order of their records."""
        return [(row["input"], row["outputs"][0]) for row in self.task(task)]

    def count(self, path: str) -> int:
        """Records of one file, as the raw files' lineage has them."""
        (found,) = [row["records"] for row in self.lineage("raw_file") if row["path"] == path]
        return int(found)

    def rejected(self) -> list[Row]:
        """Recipe rows without input or output."""
        return pq.read_table(self.made.file("rejected.parquet")).to_pylist()

    def splits(self, task: str) -> dict[str, int]:
        """Instances a split."""
        found = [row["split"] for row in self.task(task)]
        return {split: found.count(split) for split in sorted(set(found))}

    def raw_texts(self, instance: Row) -> list[str]:
        """Raw text of every record an instance was made of, found by its lineage rows alone."""
        wanted = [row for row in self._sources if row["instance_id"] == instance["instance_id"]]
        files = self.ws.catalog.corpus(self.corpus).distributions[str(self.raw.manifest.facts["distribution"])].files
        texts = []
        for row in wanted:
            entry, path = files[row["entry"]], row["path"]
            with opened(self.folder, path, beside(entry, captured(entry, path))) as found:
                address = Address(row["record_index"], row["start"], row["length"])
                reader = get_reader(entry.reader)
                text = reader.raw_text(found.raw, address, companions=found.companions, **entry.reader_options())
            texts.append(text)
        return texts

    @cached_property
    def _sources(self) -> list[Row]:
        return self.lineage("instance_source")


class Builds(Protocol):
    """Builds a corpus from `real` or `twin` files, or finds it built."""

    def __call__(self, corpus: str, kind: str, distribution: str | None = None) -> Built:
        """Return the corpus in the form of `distribution`."""


def build(
    corpus: str,
    kind: str,
    tmp: Path,
    *,
    distribution: str | None = None,
    records: int = TWIN_RECORDS,
    raw: Path = CORPORA,
) -> Built:
    """Build a corpus; the test is skipped where real files are asked for and not there.

    Args:
        corpus: Its name.
        kind: `real` or `twin`.
        tmp: An empty folder for home and twin.
        distribution: Which form, where there are several.
        records: Size of the twin.
        raw: Folder of the real files.
    """
    name = distribution or corpus
    if kind == "twin":
        raw = tmp / "raw"
        write_twin(name, raw, records=records, seed=5)
    elif not raw.is_dir():
        pytest.skip(f"no real files: {raw} is absent")
    ws = Workspace.open(tmp / "home", raw, {"catalog": {"active": {corpus: name}}})
    raw_output, made, judged = (run_step(ws, asset, corpus).output for asset in ("raw_corpus", "instances", "verdicts"))
    return Built(ws, corpus, kind, raw_output, made, judged)


def assert_sound(built: Built, *, rejected: int = 0, faults: int = 0) -> None:
    """Assert what holds for every corpus: nothing lost unseen, no rule broken, splits apart, every source resolves."""
    assert [row["detail"] for row in built.lineage("record_fault")][faults:] == []
    assert len(built.rejected()) == rejected
    wrong = [row for row in _verdicts(built) if row["severity"] == "error"]
    assert wrong == []
    tasks = built.ws.catalog.corpus(built.corpus).distributions[built.raw.manifest.facts["distribution"]].recipes
    for task in tasks:
        rows = built.task(task)
        assert rows, f"{task} has no instance"
        by_subject: dict[str, set[str]] = {}
        for row in rows:
            by_subject.setdefault(row["subject"] or row["instance_id"], set()).add(row["split"] == "test")
        assert all(len(sides) == 1 for sides in by_subject.values())
        for row in rows[:3] + rows[-3:]:
            assert all(text.strip() for text in built.raw_texts(row))


def _verdicts(built: Built) -> list[Row]:
    return pq.read_table(built.judged.file("lineage/verdict.parquet")).to_pylist()
