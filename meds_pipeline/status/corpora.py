"""The state of every corpus of the catalog: whether its files exist, what was built from them, what a run would change.

Nothing is made and no raw file is read: a file counts as unchanged while its size and times are as when it was read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from meds_pipeline.core.errors import MedsError, RawFileError, Where
from meds_pipeline.home.presence import others
from meds_pipeline.status.faults import share_of
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.plan import out_of_date
from meds_pipeline.steps.unreleased import unreleased

if TYPE_CHECKING:
    from datetime import datetime

    from meds_pipeline.catalog.model import Corpus
    from meds_pipeline.catalog.paths import Presence
    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace

State = Literal["present", "stale", "failed", "not built", "missing", "gated"]
"""`present`: built from the files that are there. `stale`: its last good output is of other files, settings or code, a
newer attempt failed, or its files are gone. `failed`: every attempt failed. `not built`: files exist, but no run was
made. `missing`: no files. `gated`: no files, and upstream gives them only to registered or credentialed users."""
_CORPUS_STEPS = tuple(step for step in STEPS.values() if step.partitions == "corpus")


@dataclass(frozen=True, slots=True)
class CorpusStatus:
    """The state of one corpus. Counts and `built` are those of its last good output, None without one."""

    corpus: str
    title: str
    about: str
    category: str
    """Task category of most of its tasks."""
    state: State
    distribution: str | None
    """The distribution in use, None if there are no files or they are not complete."""
    unused: tuple[str, ...]
    """Other distributions whose files are there: `catalog.active` chooses one."""
    access: str
    licence: str
    source: str
    tasks: tuple[str, ...]
    records: int | None
    faults: int | None
    fault_share: float | None
    """Share of the bytes read that bad records cover."""
    instances: int | None
    rejected: int | None
    """Recipe rows without input or output."""
    built: datetime | None
    problem: str | None
    """Why it is not `present`, and what to do."""
    unreleased: tuple[str, ...]
    """Its tasks that could be scored and have no item in the release in use."""


def statuses(workspace: Workspace) -> list[CorpusStatus]:
    """Return the state of every corpus of the catalog, by category and name."""
    found = (status_of(workspace, name) for name in workspace.catalog.corpora)
    return sorted(found, key=lambda standing: (standing.category, standing.corpus))


def status_of(workspace: Workspace, name: str) -> CorpusStatus:
    """Return the state of one corpus; raises UnknownNameError if the catalog has no corpus of this name."""
    ws = workspace
    corpus = ws.catalog.corpus(name)
    presence, trouble = _presence(ws, corpus)
    # The outputs behind the good verdicts: a newer output of an earlier step may have been refused.
    good = ws.good(name)
    gone = presence is None and trouble is None
    absent = gone and good is None
    made = None if good is None else ws.instances_of(good)
    read = ws.store.current("raw_corpus", name) if made is None else ws.store.input_of(made, "raw_corpus")
    rows = read.manifest.rows if read and not absent else {}
    state, problem = _absent(ws, corpus) if absent else _state(ws, corpus, good, trouble, gone=gone)
    return CorpusStatus(
        corpus=name,
        title=corpus.title,
        about=corpus.about,
        category=Counter(task.category for task in corpus.tasks.values()).most_common(1)[0][0],
        state=state,
        distribution=None if presence is None else presence.distribution,
        unused=() if presence is None else others(corpus, ws.raw, presence.distribution),
        access=corpus.access,
        licence=corpus.licence,
        source=corpus.source,
        tasks=tuple(corpus.tasks),
        records=rows.get("records"),
        faults=rows.get("faults"),
        fault_share=round(share_of(rows), 4) if rows else None,
        instances=made.manifest.rows["instances"] if made else None,
        rejected=made.manifest.rows["rejected"] if made else None,
        built=good.manifest.started_at if good else None,
        problem=problem,
        unreleased=unreleased(ws, name),
    )


def forget(workspace: Workspace, name: str) -> None:
    """Take a corpus whose files are gone out of the builds; its outputs stay for the models made from them.

    Raises:
        UnknownNameError: The catalog has no such corpus.
        RawFileError: Its files exist, or it has no output in the builds.
    """
    corpus = workspace.catalog.corpus(name)
    if workspace.has_files(corpus):
        away = f"Move its folder out of {workspace.raw} first."
        raise RawFileError("its files are there: the next run would build it again.", Where(name), away)
    if workspace.good(name) is None:
        raise workspace.no_files(corpus)
    for step in _CORPUS_STEPS:
        workspace.store.unpoint(step.asset, name)
        workspace.clear_failure(step.asset, name)


def _presence(ws: Workspace, corpus: Corpus) -> tuple[Presence | None, str | None]:
    """Return the active distribution, or why its files cannot be read."""
    try:
        return ws.presence(corpus), None
    except MedsError as error:
        return None, str(error)


def _absent(ws: Workspace, corpus: Corpus) -> tuple[State, str]:
    if corpus.access == "open":
        return "missing", ws.way_to(corpus)
    return "gated", f"{corpus.access} at {corpus.source}"


def _state(
    ws: Workspace, corpus: Corpus, good: Output | None, trouble: str | None, *, gone: bool
) -> tuple[State, str | None]:
    name = corpus.corpus
    if gone:
        return "stale", str(ws.no_files(corpus))
    failure = next((f for step in _CORPUS_STEPS if (f := ws.failure(step.asset, name))), None)
    if failure is not None:
        return "stale" if good else "failed", f"{failure.asset}: {failure.reason}"
    if good is None:
        return "not built", trouble
    for one in out_of_date(ws, "corpora", [name], checks=False).get(name, []):
        mended = "" if one.would == "fail" else ". Run `meds run`."
        return "stale", f"{one.asset}: {'; '.join(one.because)}{mended}"
    return "present", None
