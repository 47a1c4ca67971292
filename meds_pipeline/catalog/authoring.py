"""Adding a corpus: a commented file to start from, and a trial of what it gives.

`meds corpus new NAME` writes the file; `meds corpus check NAME` builds records and instances from the raw files at
hand and shows the first records beside what the recipes made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from meds_pipeline import parquet
from meds_pipeline.catalog.model import is_identifier
from meds_pipeline.errors import CatalogError, Where
from meds_pipeline.readers.base import Address
from meds_pipeline.readers.opening import record_text
from meds_pipeline.store import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from meds_pipeline.catalog.model import Corpus
    from meds_pipeline.catalog.presence import Presence
    from meds_pipeline.workspace import Workspace

SHOWN = 3
"""Instances of each task that a trial shows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One instance beside the raw text of the records it was made from."""

    records: tuple[str, ...]
    input: str
    outputs: tuple[str, ...]
    split: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class TaskTrial:
    """What the recipe of one task gave: instances by split, the most frequent answers, the first instances."""

    task_id: str
    splits: dict[str, int]
    answers: dict[str, int]
    first: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a corpus gave: counts of its files, and each task's trial."""

    corpus: str
    rows: dict[str, int]
    rejected: int
    verdicts: dict[str, int]
    tasks: tuple[TaskTrial, ...]


def new_corpus(name: str, folder: Path) -> Path:
    """Write a commented corpus YAML to start from.

    Raises:
        CatalogError: The name is not one, or the file is already there.
    """
    if not is_identifier(name):
        raise CatalogError(f"{name!r} cannot name a corpus.", next_step="Use a-z, 0-9 and '_', starting with a letter.")
    path = folder / f"{name}.yaml"
    if path.exists():
        raise CatalogError("the file is already there.", Where(file=str(path)), "Edit it, or choose another name.")
    text = (resources.files("meds_pipeline.catalog") / "template.yaml.txt").read_text(encoding="utf-8")
    write_atomic(path, text.replace("NAME", name).encode())
    return path


def try_corpus(workspace: Workspace, name: str) -> Trial:
    """Build records, instances and verdicts of one corpus and return what they look like.

    Raises:
        MedsError: A step failed; the text says where and what to do.
    """
    from meds_pipeline.steps import run_step

    corpus = workspace.catalog.corpus(name)
    raw, made, judged = (run_step(workspace, step, name).output for step in ("raw_corpus", "instances", "verdicts"))
    presence = workspace.presence(corpus)
    assert presence is not None  # noqa: S101 - raw_corpus has just read its files
    settings = workspace.settings
    with parquet.connect(threads=settings.threads, memory_limit=settings.memory_limit, temporary=workspace.home) as con:
        parquet.view_of(con, "instance", [made.file("instances.parquet")])
        parquet.view_of(con, "instance_source", [made.file("lineage/instance_source.parquet")])
        tasks = tuple(_task(con, task, corpus, presence) for task in made.manifest.facts["tasks"])  # type: ignore[attr-defined]  # a mapping, by the instances step
    rules: dict[str, int] = judged.manifest.facts["rules"]  # type: ignore[assignment]  # likewise
    return Trial(
        name,
        raw.manifest.rows,
        made.manifest.rows["rejected"],
        {rule: count for rule, count in rules.items() if count},
        tasks,
    )


def _task(con: duckdb.DuckDBPyConnection, task: str, corpus: Corpus, presence: Presence) -> TaskTrial:
    def counts(column: str) -> dict[str, int]:
        return dict(
            con.execute(
                f"SELECT {column}, count(*) AS n FROM instance WHERE task_id = ? GROUP BY ALL "  # noqa: S608 - our own columns
                "ORDER BY n DESC, 1 LIMIT 8",
                [task],
            ).fetchall()
        )

    first = con.execute(
        "SELECT instance_id, input, outputs, split, subject FROM instance WHERE task_id = ? "
        "ORDER BY source, instance_id LIMIT ?",
        [task, SHOWN],
    ).fetchall()
    return TaskTrial(
        task,
        counts("split"),
        counts("left(outputs[1], 60)"),
        tuple(
            Shown(_texts(con, instance, corpus, presence), text, tuple(outputs), split, subject)
            for instance, text, outputs, split, subject in first
        ),
    )


def _texts(con: duckdb.DuckDBPyConnection, instance: str, corpus: Corpus, presence: Presence) -> tuple[str, ...]:
    """Return the raw text of every record an instance was made from."""
    rows = con.execute(
        "SELECT entry, path, record_index, start, length FROM instance_source WHERE instance_id = ? ORDER BY ordinal",
        [instance],
    ).fetchall()
    entries = corpus.distributions[presence.distribution].files
    companions = {(file.entry, file.path): file.companions for file in presence.files}
    return tuple(
        record_text(presence.folder, path, companions[entry, path], entries[entry], Address(index, start, length))
        for entry, path, index, start, length in rows
    )
