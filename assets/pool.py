"""Corpora side by side in worker processes; what they tell is told here, as it comes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from assets.embedded import Child, run_child
from assets.jobs import ASSETS_OF_JOB
from meds_pipeline.core import outcomes, progress
from meds_pipeline.core.outcomes import Event, Outcome, Working, tell

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from dagster import DagsterInstance
    from dagster._core.instance.ref import InstanceRef

POLL_SECONDS = 0.1
_events: SimpleQueue[Event]


def run_children(instance: DagsterInstance, children: Sequence[Child], workers: int) -> list[Outcome]:
    """Run jobs, up to `workers` at the same time, and return the outcomes in the order of the children.

    Workers are fresh processes that share nothing with this one but the instance and the home; the store's locks keep
    them apart. An instance that lives in memory cannot be shared, so it runs everything here.
    """
    workers = min(workers, len(children))
    if workers < 2 or not instance.is_persistent:
        return [outcome for child in children for outcome in run_child(instance, child)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["meds_pipeline.definitions"])
    events: SimpleQueue[Event] = context.SimpleQueue()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(events,)) as pool:
        futures = [pool.submit(_work, instance.get_ref(), child) for child in children]
        try:
            _relay(events, futures)
        except BaseException:  # interrupted: let nothing new begin, then pass it on
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [outcome for child, future in zip(children, futures, strict=True) for outcome in _result(child, future)]


def _relay(events: SimpleQueue[Event], futures: Sequence[Future[list[Outcome]]]) -> None:
    """Tell what workers send until all are done; a worker's last word is in the queue before its result is."""
    pending = set(futures)
    while pending:
        pending = wait(pending, timeout=POLL_SECONDS).not_done
        while not events.empty():
            tell(events.get())


def _result(child: Child, future: Future[list[Outcome]]) -> list[Outcome]:
    try:
        return future.result()
    except BrokenProcessPool as error:
        problem = f"its process ended without a word ({error}). Next: run again; give it more memory or fewer workers."
        first, *others = ASSETS_OF_JOB[child.job]
        lost = [Outcome(first, child.partition, "failed", problem=problem)]
        lost += [Outcome(asset, child.partition, "not run") for asset in others]
        for outcome in lost:
            tell(outcome)
        return lost


def _prepare(events: SimpleQueue[Event]) -> None:
    """Prepare a worker: it knows where to send its events, and ends when the parent does."""
    global _events  # noqa: PLW0603 - the one way to hand a pool's workers something that only inheritance can carry
    _events = events
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """A worker whose parent was killed would wait for work for ever."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _work(ref: InstanceRef, child: Child) -> list[Outcome]:
    from dagster import DagsterInstance

    def working(what: str, done: int, total: int) -> None:
        _events.put(Working(what, done, total))

    with DagsterInstance.from_ref(ref) as instance, outcomes.listening(_events.put), progress.listening(working):
        return run_child(instance, child)
