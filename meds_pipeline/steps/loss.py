"""Detects loss: compares a corpus's new outputs with the last good ones, and keeps which losses a user accepted.

A suite gets only the counts that were larger in the last good output. So its parameters, and with them a kept result,
change only if something was lost. Homes of twins are left out: they hold as many records as their settings say.
"""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from meds_pipeline.core import digests
from meds_pipeline.core.errors import StoreError
from meds_pipeline.core.files import read_ours, safe_name, write_atomic
from meds_pipeline.steps.raw_corpus import STEP as RAW_CORPUS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from meds_pipeline.catalog.model import Corpus
    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace

_COUNTS = {"raw_corpus": "entries", "instances": "tasks"}
"""By asset, the fact of its outputs that holds the counts: records by entry, instances by task."""


class Accepted(BaseModel):
    """A note in the home: these files of a corpus, read and queried as they were then, may give less than before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: str
    distribution: str
    files: dict[str, str]
    """sha256 of the files by path."""
    recipes: str
    """Digest over views and recipes."""
    by: str
    at: datetime


def accept(ws: Workspace, name: str) -> Accepted:
    """Note that what a corpus gives now may be less than its last good output.

    Raises:
        MedsError: The corpus is unknown, or its files are not there or cannot be read.
    """
    corpus = ws.with_files(name)
    work = RAW_CORPUS.work(ws, name)
    note = Accepted.model_validate(
        {
            "corpus": name,
            "distribution": work.settings["distribution"],
            "files": work.settings["files"],
            "recipes": _recipes(corpus, str(work.settings["distribution"])),
            "by": _user(),
            "at": datetime.now(UTC).replace(microsecond=0),
        }
    )
    write_atomic(_path(ws, name, work.settings), note.model_dump_json(indent=1).encode())
    return note


def compared(ws: Workspace, output: Output) -> dict[str, object]:
    """Return the parameters of suites that ask for what was lost.

    Args:
        ws: The home.
        output: An output of `raw_corpus` or `instances`; for any other asset there are no parameters.

    Returns:
        `accepted`: whether a user accepted the loss. `before` and `stated`: by entry or task, the number of records or
        instances that the last good output had, and that the catalog states, if larger than the number in `output`.
    """
    asset = output.manifest.asset
    if asset not in _COUNTS:
        return {}
    accepted = _is_accepted(ws, output)
    told = ws.origin == "real" and not accepted
    more = {"before": _last_good(ws, output), "stated": _stated(ws, output)} if told else {"before": {}, "stated": {}}
    now = _counts(output)
    short = {name: {k: n for k, n in counts.items() if n > now.get(k, 0)} for name, counts in more.items()}
    return {"accepted": accepted, **{name: json.dumps(counts, sort_keys=True) for name, counts in short.items()}}


def _last_good(ws: Workspace, output: Output) -> Mapping[str, int]:
    good = ws.good(output.manifest.partition)
    try:
        made = None if good is None else ws.instances_of(good)
        if made is not None and output.manifest.asset == "raw_corpus":
            made = ws.store.input_of(made, "raw_corpus")
    except StoreError:  # an input of it is damaged; this run makes it again
        return {}
    return {} if made is None else _counts(made)


def _stated(ws: Workspace, output: Output) -> Mapping[str, int]:
    if output.manifest.asset != "raw_corpus":
        return {}
    corpus = ws.catalog.corpus(output.manifest.partition)
    entries = corpus.distributions[str(output.manifest.facts["distribution"])].files
    return {name: entry.records for name, entry in entries.items() if entry.records is not None}


def _counts(output: Output) -> Mapping[str, int]:
    counts: Mapping[str, int] = output.manifest.facts.get(_COUNTS[output.manifest.asset], {})  # type: ignore[assignment]  # by its step
    return counts


def _is_accepted(ws: Workspace, output: Output) -> bool:
    m = output.manifest
    try:
        read = output if m.asset == "raw_corpus" else ws.store.input_of(output, "raw_corpus")
    except StoreError:  # an input of it is damaged; this run makes it again
        return False
    note = read_ours(_path(ws, m.partition, read.manifest.settings), Accepted)
    if note is None or m.asset == "raw_corpus":
        return note is not None
    asked = digests.fingerprint([m.settings["views"], m.settings["recipes"]])
    return note.recipes == asked


def _recipes(corpus: Corpus, distribution: str) -> str:
    form = corpus.distributions[distribution]
    return digests.fingerprint([form.views, form.recipes])


def _path(ws: Workspace, name: str, settings: Mapping[str, object]) -> Path:
    """Return where the note of these files of a corpus is; limits and versions of readers are not part of it."""
    read = digests.fingerprint([settings["distribution"], settings["files"]])[:32]
    return ws.home / "accepted" / safe_name(name) / f"{read}.json"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
