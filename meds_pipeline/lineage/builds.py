"""A build: the list of current outputs. It is what "now" means, and what two points in time are compared by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meds_pipeline.core import digests
from meds_pipeline.core.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace

_ACROSS = ("duplicates", "split_proof", "benchmark", "contamination", "comparisons")
_BY_PLAN = ("training_set", "packed_training_set", "fine_tuned_model")
_BY_MODEL = ("predictions", "scores")


@dataclass(frozen=True, slots=True)
class Entry:
    """One output of a build."""

    output: Output
    role: str
    """`current`, or `history`: kept because a model or score stands on it."""
    stale: str | None
    """Why a newer attempt is not used."""


@dataclass(frozen=True, slots=True)
class Build:
    """The outputs of a home at one moment.

    Attributes:
        build_id: Digest over the outputs.
        created_at: When this list was first seen, ISO 8601.
        roots: Outputs nothing else in the build is made from.
        entries: All outputs, those the roots stand on included.
    """

    build_id: str
    created_at: str
    roots: tuple[Output, ...]
    entries: tuple[Entry, ...]

    def stale_names(self) -> list[str]:
        """Return `asset/partition: reason` for every stale output."""
        return [f"{e.output.manifest.asset}/{e.output.manifest.partition}: {e.stale}" for e in self.entries if e.stale]


def current_build(ws: Workspace) -> Build:
    """Return the build as it stands, writing down its id and time when it is new.

    Raises:
        StoreError: An output's input is no longer in the store.
    """
    roots = tuple(_roots(ws))
    closure = ws.store.closure(iter(roots))
    data = {o.manifest.fingerprint for o in ws.store.closure(o for o in roots if o.manifest.asset == "verdicts")}
    now = data | {o.manifest.fingerprint for o in roots}
    stale = {(f.asset, f.partition): f.reason for f in ws.failures()}
    names = {(o.manifest.asset, o.manifest.partition) for o in roots}
    entries = tuple(
        Entry(
            output,
            "current" if output.manifest.fingerprint in now else "history",
            _stale(output, stale, names) if output.manifest.fingerprint in now else None,
        )
        for output in closure
    )
    listed = [[e.output.manifest.fingerprint, e.role, e.stale] for e in entries]
    build_id = digests.fingerprint(listed)[:16]
    return Build(build_id, _first_seen(ws, build_id), roots, entries)


def _roots(ws: Workspace) -> Iterator[Output]:
    """Yield the current outputs that count: present corpora, the release, plans and models of the settings."""
    wanted = [("verdicts", name) for name in ws.good_corpora()]
    wanted += [(asset, "all") for asset in _ACROSS]
    wanted += [(asset, plan) for plan in sorted(ws.settings.plans) for asset in _BY_PLAN]
    wanted += [(asset, model) for model in sorted(ws.settings.models) for asset in _BY_MODEL]
    for asset, partition in wanted:
        output = ws.store.current(asset, partition)
        if output is not None:
            yield output


def _stale(output: Output, failures: dict[tuple[str, str], str], roots: set[tuple[str, str]]) -> str | None:
    """Return why the newest attempt behind a root is not used; a failure anywhere in a corpus makes its data stale."""
    m = output.manifest
    if (m.asset, m.partition) not in roots:
        return None
    chain = ("raw_corpus", "instances", "verdicts") if m.asset == "verdicts" else (m.asset,)
    return next((failures[asset, m.partition] for asset in chain if (asset, m.partition) in failures), None)


def _first_seen(ws: Workspace, build_id: str) -> str:
    path = ws.home / "builds" / f"{build_id}.json"
    if not path.is_file():
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_atomic(path, json.dumps({"build_id": build_id, "created_at": now}).encode())
    return str(json.loads(path.read_bytes())["created_at"])
