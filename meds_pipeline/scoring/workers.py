"""Scoring on all cores: large work goes in pieces to a pool of processes, small work is done in this process."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain
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

_WORTH_A_PROCESS = 0.6  # seconds of work that pay for starting a process
_WORTH_SENDING = 2e-5  # seconds it takes to send an answer to a process and its scores back
_PIECE = 0.5  # seconds of one piece of work
# Estimates of scoring time: per character for texts that are compared word by word, per answer for all others.
_SECONDS_A_CHARACTER = {"ja": 2e-5, "zh": 2.5e-6}
_START_SECONDS = {"ja": 0.2, "zh": 0.5}  # reading the dictionary
_SECONDS_AN_ANSWER = {"official": 3e-6, "corrected": 5e-5}


class ScoringJob(NamedTuple):
    """Answers of one task and the scorers to measure them with."""

    scorers: tuple[str, ...]
    spec: TaskSpec
    answers: Sequence[Answer]

    @property
    def seconds(self) -> float:
        """Estimated time; it only decides which process does the work."""
        if not self.spec.metric.startswith("bleu1"):
            return len(self.answers) * sum(_SECONDS_AN_ANSWER.get(scorer, 0.0) for scorer in self.scorers)
        characters = sum(len(answer.output or "") + len(answer.truth) for answer in self.answers)
        language = self.spec.language
        return characters * _SECONDS_A_CHARACTER.get(language, 3e-7) + _START_SECONDS.get(language, 0.0)

    @property
    def worth_sending(self) -> bool:
        """Whether its answers take longer to score than to send to another process."""
        return self.seconds > _WORTH_SENDING * len(self.answers)

    def split(self) -> list[ScoringJob]:
        """The job in pieces of about the same time."""
        pieces = max(1, round(self.seconds / _PIECE))
        size = max(1, -(-len(self.answers) // pieces))
        return [self._replace(answers=self.answers[i : i + size]) for i in range(0, len(self.answers), size)]


def run(job: ScoringJob) -> Scores:
    """Score the answers of one job; each answer goes to all scorers before the next, so that its words are cut once."""
    families = {scorer: family(scorer, job.spec) for scorer in job.scorers}
    scores: Scores = {scorer: [] for scorer in job.scorers}
    for answer in job.answers:
        for scorer, made in families.items():
            scores[scorer].append(made.score(answer))
    return scores


@contextmanager
def uncollected() -> Iterator[None]:
    """Turn off cyclic garbage collection within the block: rows form no cycles, and to search them takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def cores() -> int:
    """Processors this process may use; 1 for a daemon process, which may not start others."""
    if multiprocessing.current_process().daemon:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(jobs: Sequence[ScoringJob], processes: int | None = None) -> list[Scores]:
    """Score all jobs; the result is the same for any number of processes.

    Args:
        jobs: Answers by task.
        processes: Number of processes; if None, as many as the cores and the amount of work allow.

    Raises:
        ScoringError: A process of the pool ended early.
    """
    sent = sorted((i for i, job in enumerate(jobs) if job.worth_sending), key=lambda i: -jobs[i].seconds)
    if processes is None:
        processes = min(cores(), int(sum(jobs[i].seconds for i in sent) / _WORTH_A_PROCESS))
    if processes <= 1:
        return [run(job) for job in jobs]
    # Processes are spawned: to fork a process with Arrow's threads is unsafe.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=gc.disable)
    try:
        with _without_main():
            futures = {i: [pool.submit(run, piece) for piece in jobs[i].split()] for i in sent}
        done = {i: run(job) for i, job in enumerate(jobs) if i not in futures}
        done |= {i: _joined([future.result() for future in pieces]) for i, pieces in futures.items()}
        return [done[i] for i in range(len(jobs))]
    except BrokenProcessPool as error:
        raise ScoringError(
            "a scoring process ended early; it may have been killed for lack of memory.",
            next_step="Free memory and score again, or score fewer files at a time.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _joined(pieces: Sequence[Scores]) -> Scores:
    return {scorer: list(chain.from_iterable(piece[scorer] for piece in pieces)) for scorer in pieces[0]}


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not import the caller's main module again.

    Scoring needs nothing from the main module. It may be slow to import, and a script without
    `if __name__ == "__main__"` would start again in each process.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
