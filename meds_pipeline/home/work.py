"""Work: what a step would do for one partition, known without doing it.

`step.work(workspace, partition)` computes it and has no side effect. The store then says whether its output stands
(`store.standing(work)`) or makes it (`store.materialize(work)`). `--dry-run`, the nightly schedule and the state of a
corpus use the same `Work`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from meds_pipeline.core import digests
from meds_pipeline.core.outputs import strictest

_SHA256 = re.compile(r"[0-9a-f]{64}")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from meds_pipeline.core.outputs import Draft, InputRef, Manifest, Output


@dataclass(frozen=True)
class Work:
    """One output to be made.

    Attributes:
        asset: Asset it belongs to, for example `instances`.
        partition: Partition of the asset, for example `pubmedqa`.
        version: Version of the step's code.
        inputs: Outputs it is made of, by role.
        settings: Everything else that shapes it, the seed included; JSON.
        produce: Function that writes the output into a draft; None if `kept` is given.
        kept: An output that is used as it is, because a frozen release is never made again.
        publish: Function that is called with the finished output and the home's folder; it may run again at any time.
    """

    asset: str
    partition: str
    version: str
    inputs: Mapping[str, Output]
    settings: Mapping[str, object]
    produce: Callable[[Draft], object] | None
    kept: Output | None = None
    publish: Callable[[Output, Path], object] | None = None

    @cached_property
    def refs(self) -> dict[str, InputRef]:
        """How the output's manifest names its inputs, in order of their roles."""
        return {role: output.ref() for role, output in sorted(self.inputs.items())}

    @cached_property
    def fingerprint(self) -> str:
        """Address of the output, as 32 hex digits; it covers everything that shapes the output."""
        if self.kept is not None:
            return self.kept.manifest.fingerprint
        identity: dict[str, object] = {
            "asset": self.asset,
            "partition": self.partition,
            "version": self.version,
            "inputs": {role: ref.digest for role, ref in self.refs.items()},
            "settings": dict(self.settings),
        }
        if (access := strictest(output.access for output in self.inputs.values())) != "open":
            identity["access"] = access  # text that became less open is written anew, for its owner only
        return digests.fingerprint(identity)[:32]

    def differences(self, made: Manifest) -> list[str]:
        """Return the differences between this work and an output made before: version, inputs, settings."""
        found = [] if made.version == self.version else [f"version of the step: {made.version} -> {self.version}"]
        for role in sorted({*made.inputs, *self.refs}):
            before, now = made.inputs.get(role), self.refs.get(role)
            if before is None or now is None:
                found.append(f"input {role}: {'new' if before is None else 'gone'}")
            elif before.digest != now.digest:
                found.append(f"input {role}: changed")
        return found + [f"setting {text}" for text in _differing(made.settings, self.settings)]


def _differing(before: Mapping[str, object], now: Mapping[str, object], under: str = "") -> list[str]:
    """Return `key: old -> new` for every key that differs, keys of inner mappings joined by dots."""
    found = []
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        name = f"{under}{key}"
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differing(old, new, f"{name}.")
        elif key not in before or key not in now:
            found.append(f"{name}: {'new' if key not in before else 'gone'}")
        else:
            found.append(f"{name}: {_short(old)} -> {_short(new)}")
    return found


def _short(value: object) -> str:
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value[:8]
    text = value if isinstance(value, str) else digests.canonical_json(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
