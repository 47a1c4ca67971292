"""Corpora side by side: a worker that is killed fails its own corpus and no other."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

from strange_corpus import write_many

from meds_pipeline.core.events import Event, Started, listening
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.steps.pool import run_partitions

ASSETS = ("raw_corpus", "instances")
NAMES = ("strange00", "strange01", "strange02")


def test_a_corpus_that_kills_its_worker_fails_alone_and_is_noted(
    opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    written = write_many(tmp_path, len(NAMES), broken=[])
    large = written["raw"] / "strange01_lines" / "lines.jsonl"
    large.write_bytes(large.read_bytes() * 30_000)  # takes seconds, so that it is at work when its worker is killed

    def kills(event: Event) -> None:
        if event == Started("raw_corpus", "strange01"):
            for child in multiprocessing.active_children():
                child.kill()

    workspace = opened(**written, workers=2)
    with listening(kills):
        outcomes = [done.outcome for done in run_partitions(workspace, ASSETS, NAMES)]
    states = {name: {o.asset: o.state for o in outcomes if o.partition == name} for name in NAMES}
    assert states["strange01"] == {"raw_corpus": "failed", "instances": "not run"}
    for good in ("strange00", "strange02"):
        assert set(states[good]) == set(ASSETS)
        assert set(states[good].values()) <= {"built", "unchanged"}
    (failure,) = workspace.failures()
    assert (failure.asset, failure.partition) == ("raw_corpus", "strange01")
    assert "its process was killed" in failure.reason
