"""Partitions side by side in worker processes; what they tell is told here, as it comes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from meds_pipeline.core import events
from meds_pipeline.core.events import Event, StepOutcome
from meds_pipeline.steps.run import Done, run_chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.queues import SimpleQueue

    from meds_pipeline.home.workspace import Workspace

_POLL_SECONDS = 0.1
_worker: tuple[Workspace, SimpleQueue[Event]]


def run_partitions(workspace: Workspace, assets: Sequence[str], partitions: Sequence[str]) -> Iterator[Done]:
    """Run steps for partitions, up to `workers` of the settings at a time, and yield what became of each as it ends.

    Workers are fresh processes that share nothing with this one but the home; the store's locks keep them apart. One
    that is killed fails its partition alone. When the caller is interrupted, the workers are ended.
    """
    workers = min(workspace.settings.workers, len(partitions))
    if workers < 2:
        for partition in partitions:
            yield from run_chain(workspace, assets, partition)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["meds_pipeline.steps.run", "meds_pipeline.readers.driver"])
    told: SimpleQueue[Event] = context.SimpleQueue()
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(workspace, told)) as pool:
        try:
            futures = {pool.submit(_work, assets, partition): partition for partition in partitions}
            pending = set(futures)
            while pending:
                ended, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                while not told.empty():  # a worker's last word is in the queue before its result is
                    events.tell(told.get())
                for future in sorted(ended, key=lambda f: futures[f]):
                    try:
                        yield from future.result()
                    except BrokenProcessPool as error:
                        yield from _lost(assets, futures[future], error)
        except BaseException:  # interrupted: let nothing new begin, end what runs, then pass it on
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise


def _lost(assets: Sequence[str], partition: str, error: BrokenProcessPool) -> Iterator[Done]:
    problem = f"its process ended without a word ({error}). Next: run again; give it more memory or fewer workers."
    for place, asset in enumerate(assets):
        outcome = StepOutcome(asset, partition, "not run" if place else "failed", problem="" if place else problem)
        events.tell(outcome)
        yield Done(outcome)


def _prepare(workspace: Workspace, told: SimpleQueue[Event]) -> None:
    """Prepare a worker: it knows its home and where to send its events, and ends when the parent does."""
    global _worker  # noqa: PLW0603 - the one way to hand a pool's workers something that only inheritance can carry
    _worker = workspace, told
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this worker with its parent: it would wait for work for ever."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _work(assets: Sequence[str], partition: str) -> list[Done]:
    workspace, told = _worker
    with events.listening(told.put):
        return list(run_chain(workspace, assets, partition))
