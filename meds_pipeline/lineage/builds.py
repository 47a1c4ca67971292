"""A build: the list of a home's current outputs; the states of a home at two times are compared by their builds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meds_pipeline.core import digests
from meds_pipeline.core.files import read_ours, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.home.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Entry:
    """One output of a build."""

    output: Output
    role: str
    """`current`, or `history`: kept because a model or score was made from it."""
    stale: str | None
    """Why a newer attempt is not used; None if there is no newer attempt."""


@dataclass(frozen=True, slots=True)
class Build:
    """The outputs of a home at one moment.

    Attributes:
        build_id: Digest over the outputs.
        roots: The current outputs that the build was asked for.
        entries: All outputs: the roots and everything that they are made from.
    """

    build_id: str
    roots: tuple[Output, ...]
    entries: tuple[Entry, ...]

    def stale_names(self) -> list[str]:
        """Return `asset/partition: reason` for every stale output."""
        return [f"{e.output.manifest.asset}/{e.output.manifest.partition}: {e.stale}" for e in self.entries if e.stale]


def build_of(ws: Workspace, roots: tuple[Output, ...], chains: Mapping[str, tuple[str, ...]]) -> Build:
    """Return the build of some current outputs and everything that they are made from.

    Args:
        ws: The home.
        roots: The current outputs of present corpora, and of the plans and models of the settings.
        chains: By asset, the assets whose failure makes its last good output stale. For an asset that is not named,
            only its own failure does.

    Raises:
        StoreError: An output's input is no longer in the store.
    """
    closure = ws.store.closure(iter(roots))
    data = {o.manifest.fingerprint for o in ws.store.closure(o for o in roots if o.manifest.asset == "verdicts")}
    now = data | {o.manifest.fingerprint for o in roots}
    stale = {(f.asset, f.partition): f.reason for f in ws.failures()}
    stale |= {("raw_corpus", name): str(error) for name, error in ws.gone_corpora().items()}
    names = {(o.manifest.asset, o.manifest.partition) for o in roots}
    entries = tuple(
        Entry(
            output,
            "current" if output.manifest.fingerprint in now else "history",
            _stale(output, stale, names, chains) if output.manifest.fingerprint in now else None,
        )
        for output in closure
    )
    listed = [[e.output.manifest.fingerprint, e.role, e.stale] for e in entries]
    build_id = digests.fingerprint(listed)[:16]
    return Build(build_id, roots, entries)


def _stale(
    output: Output,
    failures: Mapping[tuple[str, str], str],
    roots: set[tuple[str, str]],
    chains: Mapping[str, tuple[str, ...]],
) -> str | None:
    """Return why the newest attempt behind a root is not used."""
    m = output.manifest
    if (m.asset, m.partition) not in roots:
        return None
    chain = chains.get(m.asset, (m.asset,))
    return next((failures[asset, m.partition] for asset in chain if (asset, m.partition) in failures), None)


def first_seen(home: Path, build_id: str) -> str:
    """Return when a build was first seen, ISO 8601; a new build is noted in the home with the time of this call."""
    path = home / "builds" / f"{build_id}.json"
    if (seen := read_ours(path, dict[str, str])) is not None and seen.get("build_id") == build_id:
        return seen["created_at"]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_atomic(path, json.dumps({"build_id": build_id, "created_at": now}).encode())
    return now
