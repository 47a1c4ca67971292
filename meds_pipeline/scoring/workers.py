"""Scoring on all cores: large work goes in pieces to a pool of processes, small work stays in this one."""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.families import family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meds_pipeline.scoring.base import Answer, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec

    Scores = dict[str, list[ItemScore]]
    """Scores of the answers in their order, by scorer."""

_WORTH_A_PROCESS = 0.6  # estimated seconds of work that pay for starting a process
_PIECE = 0.5  # estimated seconds of one piece of work
_SECONDS_A_CHARACTER = {"ja": 2.4e-5, "zh": 2.5e-6}
_START_SECONDS = {"ja": 0.2, "zh": 0.5}  # reading the dictionary


class Job(NamedTuple):
    """Answers of one task and the scorers to measure them with."""

    scorers: tuple[str, ...]
    spec: TaskSpec
    answers: Sequence[Answer]

    @property
    def seconds(self) -> float:
        """Estimated time."""
        characters = sum(len(answer.output or "") + len(answer.truth) for answer in self.answers)
        if not self.spec.metric.startswith("bleu1"):
            return characters * 5e-8
        language = self.spec.language
        return characters * _SECONDS_A_CHARACTER.get(language, 3e-7) + _START_SECONDS.get(language, 0.0)

    def split(self) -> list[Job]:
        """The job in pieces of about the same time."""
        pieces = max(1, round(self.seconds / _PIECE))
        size = max(1, -(-len(self.answers) // pieces))
        return [self._replace(answers=self.answers[i : i + size]) for i in range(0, len(self.answers), size)]


def run(job: Job) -> Scores:
    """Score the answers of one job; both scorers see an answer in turn, so that its words are cut once."""
    families = {scorer: family(scorer, job.spec) for scorer in job.scorers}
    scores: Scores = {scorer: [] for scorer in job.scorers}
    for answer in job.answers:
        for scorer, made in families.items():
            scores[scorer].append(made.score(answer))
    return scores


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(jobs: Sequence[Job], processes: int | None = None) -> list[Scores]:
    """Score all jobs; the result is the same for any number of processes.

    Args:
        jobs: Answers by task.
        processes: How many; as many as there are cores and the work is worth if None.

    Raises:
        ScoringError: A process of the pool ended early.
    """
    if processes is None:
        processes = min(cores(), int(sum(job.seconds for job in jobs) / _WORTH_A_PROCESS))
    if processes <= 1 or multiprocessing.current_process().daemon:  # a daemon may not start processes
        return [run(job) for job in jobs]
    pieces = [(i, piece) for i, job in enumerate(jobs) for piece in job.split()]
    done: list[Scores] = [{scorer: [] for scorer in job.scorers} for job in jobs]
    for (i, _), scores in zip(pieces, _in_pool([piece for _, piece in pieces], processes), strict=True):
        for scorer, made in scores.items():
            done[i][scorer] += made
    return done


def _in_pool(pieces: Sequence[Job], processes: int) -> list[Scores]:
    """Results of the pieces, in their order; the longest are begun first."""
    # Not forked: forking a process with Arrow's threads is unsafe.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        with _without_main():
            longest_first = sorted(range(len(pieces)), key=lambda at: -pieces[at].seconds)
            futures = {at: pool.submit(run, pieces[at]) for at in longest_first}
        return [futures[at].result() for at in range(len(pieces))]
    except BrokenProcessPool as error:
        raise ScoringError(
            "a scoring process ended early; it may have been killed for lack of memory.",
            next_step="Free memory and score again, or score fewer files at a time.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not import the caller's main module again.

    Scoring needs nothing from it. It may be slow to import, and a script without `if __name__ == "__main__"` would
    start again in each process.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
