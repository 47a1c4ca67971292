"""Runs partitions in parallel in worker processes, and passes their events on as they come."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING

from meds_pipeline.core import events
from meds_pipeline.core.events import Event, Started, StepOutcome
from meds_pipeline.steps.run import Done, run_chain

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.queues import SimpleQueue

    from meds_pipeline.home.workspace import Workspace

_POLL_SECONDS = 0.1
_worker: tuple[Workspace, SimpleQueue[Event]]


def run_partitions(workspace: Workspace, assets: Sequence[str], partitions: Sequence[str]) -> Iterator[Done]:
    """Run steps for partitions, up to `workers` of the settings at a time, and yield what became of each as it ends.

    Workers are new processes that share only the home with this one; the store's locks keep them apart. If a worker is
    killed, the other workers of its pool end too. Their unfinished partitions are run again, each in its own worker, so
    that only a partition that kills its worker fails. When the caller is interrupted, the workers are ended.
    """
    workers = min(workspace.settings.workers, len(partitions))
    if workers < 2:
        for partition in partitions:
            yield from run_chain(workspace, assets, partition)
        return
    begun: dict[str, str] = {}
    for partition in (yield from _side_by_side(workspace, assets, partitions, workers, begun)):
        if (yield from _side_by_side(workspace, assets, [partition], 1, begun)):
            yield from _lost(workspace, assets, partition, begun.get(partition, assets[0]))


def _side_by_side(
    workspace: Workspace, assets: Sequence[str], partitions: Sequence[str], workers: int, begun: dict[str, str]
) -> Generator[Done, None, list[str]]:
    """Run partitions in a pool; note in `begun` the step each is at, and return those that a broken pool left over."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["meds_pipeline.steps.run", "meds_pipeline.readers.driver"])
    told: SimpleQueue[Event] = context.SimpleQueue()
    others = set(multiprocessing.active_children())
    left = dict.fromkeys(partitions)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(workspace, told)) as pool:
        try:
            futures: dict[Future[list[Done]], str] = {}
            with suppress(BrokenProcessPool):  # a worker is killed while there is still work to hand out
                for partition in partitions:
                    futures[pool.submit(_work, assets, partition)] = partition
            pending = set(futures)
            while pending:
                ended, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                while not told.empty():  # a worker's last event is queued before its result
                    event = told.get()
                    if isinstance(event, Started):
                        begun[event.partition] = event.asset
                    events.tell(event)
                for future in sorted(ended, key=lambda f: futures[f]):
                    with suppress(BrokenProcessPool):
                        found = future.result()
                        del left[futures[future]]
                        yield from found
        except BaseException:  # interrupted: let nothing new begin, end what runs, then pass it on
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise
    return list(left)


def _lost(workspace: Workspace, assets: Sequence[str], partition: str, at: str) -> Iterator[Done]:
    """Note and tell that the step a partition was at killed its worker; the steps before it stand."""
    place = assets.index(at)
    yield from run_chain(workspace, assets[:place], partition)
    problem = "its process was killed. Next: run again; give it more memory or fewer workers."
    workspace.set_failure(at, partition, problem)
    for asset in assets[place:]:
        failed = asset == at
        outcome = StepOutcome(asset, partition, "failed" if failed else "not run", problem=problem if failed else "")
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
    """End this worker when its parent ends; otherwise it would wait for work for ever."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _work(assets: Sequence[str], partition: str) -> list[Done]:
    workspace, told = _worker
    with events.listening(told.put):
        return list(run_chain(workspace, assets, partition))
