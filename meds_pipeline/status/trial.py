"""A trial of a corpus: `meds corpus check NAME` builds it in a temporary home and shows instances beside their records.

Outputs, refusals and builds of the real home do not change; only the digests of the files that were read are kept.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from meds_pipeline.core import parquet
from meds_pipeline.core.digests import FileHasher
from meds_pipeline.home.origin import twins_of
from meds_pipeline.home.store import Store
from meds_pipeline.readers.base import Address
from meds_pipeline.readers.opening import record_text
from meds_pipeline.status.faults import Quarantined, quarantined
from meds_pipeline.status.gc import clear_trials
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.checks import check, checks_of
from meds_pipeline.steps.run import run_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from meds_pipeline.catalog.model import Corpus
    from meds_pipeline.catalog.paths import Presence
    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace

SHOWN = 3
"""Instances of each task that a trial shows."""
SET_ASIDE = 5
"""Bad records that a trial shows, and empty rows."""
_CHECKED = ("raw_corpus", "instances")
"""Assets of a corpus whose suites are run."""


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
class EntryTrial:
    """How many good records of one entry became instances."""

    entry: str
    records: int
    unused: int
    """Records that no instance is made from: this may be intended, or a JOIN or WHERE has lost them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a corpus gave: counts of its files, what became of its records, each task's trial, what is wrong with it."""

    corpus: str
    rows: dict[str, int]
    instances: int
    rejected: int
    """Rows without input or output."""
    set_aside: tuple[Quarantined, ...]
    """The first bad records and empty rows."""
    verdicts: dict[str, int]
    """Findings by quality rule."""
    errors: dict[str, int]
    """The findings that keep an instance out of training and releases, by quality rule."""
    erroneous: int
    """Instances that have such a finding."""
    entries: tuple[EntryTrial, ...]
    tasks: tuple[TaskTrial, ...]
    refused: tuple[str, ...]
    """Why a run would block the corpus; empty if it would not."""
    warnings: tuple[str, ...]


def try_corpus(workspace: Workspace, name: str) -> Trial:
    """Build records, instances and verdicts of one corpus in a temporary home, run its suites, and return the result.

    Raises:
        MedsError: A step failed; the text says where and what to do.
    """
    corpus = workspace.obtainable(name)
    with _aside(workspace, corpus) as ws:
        return _trial(ws, workspace.store, corpus)


@contextmanager
def _aside(workspace: Workspace, corpus: Corpus) -> Iterator[Workspace]:
    """Open a temporary home for one trial; it reads the raw files of the real home and is removed after the block."""
    scratch = workspace.home / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    clear_trials(workspace.home)
    with TemporaryDirectory(prefix="trial-", dir=scratch) as folder:
        home = Path(folder)
        there = not workspace.own_twins or workspace.presence(corpus) is not None
        raw = workspace.raw if there else _twin(workspace, corpus, home / "twins")
        store = Store(home)
        store.hasher = FileHasher(workspace.home / "digests.sqlite")  # large files are not hashed for every trial
        yield replace(workspace, home=home, raw=raw, store=store)


def _made(ws: Workspace, base: Store, asset: str, name: str) -> Output:
    """Return an output of a trial: the output of the real home if it stands there, else one that is made now."""
    if (standing := base.standing(STEPS[asset].work(ws, name))) is not None:
        ws.store.adopt(standing)
    return run_step(ws, asset, name).output


def _twin(workspace: Workspace, corpus: Corpus, raw: Path) -> Path:
    """Write the twin of a corpus, because a home of twins has it only after the first build."""
    from meds_pipeline.twins import write_twin

    settings = workspace.settings
    for name in corpus.distributions:
        if name in twins_of(settings, workspace.catalog):
            write_twin(
                name, raw, records=settings.twins.records, seed=settings.seed, copies=True, catalog=workspace.catalog
            )
    return raw


def _trial(ws: Workspace, base: Store, corpus: Corpus) -> Trial:
    from meds_pipeline.quality.verdicts import rules

    name = corpus.corpus
    raw, made, judged = (_made(ws, base, asset, name) for asset in ("raw_corpus", "instances", "verdicts"))
    presence = ws.presence(corpus)
    assert presence is not None  # noqa: S101 - raw_corpus has just read its files
    with parquet.connect(**ws.settings.budget._asdict(), temporary=ws.home) as con:
        parquet.view_of(con, "instance", [made.file("instances.parquet")])
        parquet.view_of(con, "instance_source", [made.file("lineage/instance_source.parquet")])
        entries = tuple(_entry(con, entry, raw) for entry in corpus.distributions[presence.distribution].files)
        tasks = tuple(_task(con, task, corpus, presence) for task in made.manifest.facts["tasks"])  # type: ignore[attr-defined]  # a mapping, by the instances step
    results = [check(ws, suite.name, name).result for asset in _CHECKED for suite in checks_of(asset)]
    found: dict[str, int] = judged.manifest.facts["rules"]  # type: ignore[assignment]  # likewise
    verdicts = {rule: count for rule, count in found.items() if count}
    severe = {rule.name for rule in rules() if rule.severity == "error"}
    return Trial(
        corpus=name,
        rows=raw.manifest.rows,
        instances=made.manifest.rows["instances"],
        rejected=made.manifest.rows["rejected"],
        set_aside=_first(quarantined(ws, name)),
        verdicts=verdicts,
        errors={rule: count for rule, count in verdicts.items() if rule in severe},
        erroneous=judged.manifest.rows["rejected"],
        entries=entries,
        tasks=tasks,
        refused=tuple(str(finding) for result in results for finding in result.refused),
        warnings=tuple(str(finding) for result in results for finding in result.warned),
    )


def _first(rows: list[Quarantined]) -> tuple[Quarantined, ...]:
    bad, empty = ([row for row in rows if (row.task is None) is broken] for broken in (True, False))
    return (*bad[:SET_ASIDE], *empty[:SET_ASIDE])


def _entry(con: duckdb.DuckDBPyConnection, entry: str, raw: Output) -> EntryTrial:
    parquet.view_of(con, "record", [raw.file(f"records/{entry}.parquet")])
    records, unused = con.execute(
        "SELECT count(*), count(*) FILTER (source NOT IN (SELECT unnest(source) FROM instance)) FROM record"
    ).fetchall()[0]
    return EntryTrial(entry, records, unused)


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
