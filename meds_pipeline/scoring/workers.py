"""Scoring on all cores: the same function in child processes, fed by pipes.

Plain child processes rather than `multiprocessing`: forking a process with Arrow threads is unsafe, and spawning
re-imports the caller's main module. Whoever is idle takes the next piece of work, so estimates need not be good.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, NamedTuple

from meds_pipeline.errors import ScoringError
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.languages import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meds_pipeline.scoring.base import Answer, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec

    Scores = dict[str, list[ItemScore]]
    """Scores of the answers in their order, by scorer."""

_SLICE = 1000  # answers whose tokens are kept at a time
_WORTH_A_PROCESS = 1.0  # estimated seconds of work that pay for starting a process
_SECONDS_A_CHARACTER = {"ja": 3e-6, "zh": 2e-6}
_START_SECONDS = {"ja": 0.6, "zh": 0.4}  # reading the dictionary
_CHILD = "from meds_pipeline.scoring.workers import main; main()"


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

    def split(self, share: float) -> list[Job]:
        """The job in equal pieces of about `share` seconds; of a quarter of that where no dictionary must be read."""
        dictionary = self.spec.language in _START_SECONDS and self.spec.metric.startswith("bleu1")
        pieces = max(1, round(self.seconds / share if dictionary else 4 * self.seconds / share))
        size = -(-len(self.answers) // pieces)
        return [self._replace(answers=self.answers[i : i + size]) for i in range(0, len(self.answers), size)]


def run(job: Job) -> Scores:
    """Score the answers of one job."""
    families = {scorer: family(scorer, job.spec) for scorer in job.scorers}
    scores: Scores = {scorer: [] for scorer in job.scorers}
    for start in range(0, len(job.answers), _SLICE):
        answers = job.answers[start : start + _SLICE]
        tokens = Tokens(job.spec.language)
        for scorer, made in families.items():
            made.prepare(answers, tokens)
            scores[scorer] += map(made.score, answers)
    return scores


@contextmanager
def uncollected() -> Iterator[None]:
    """Without cyclic garbage collection: rows form no cycles, and walking all of them again and again takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(jobs: Sequence[Job], processes: int | None = None) -> list[Scores]:
    """Score all jobs, in as many processes as there are cores and the work is worth.

    Raises:
        ScoringError: A child process ended early.
    """
    total = sum(job.seconds for job in jobs)
    number = min(cores(), max(1, int(total / _WORTH_A_PROCESS))) if processes is None else processes
    if number <= 1:
        return [run(job) for job in jobs]
    return _Pool(jobs, total / number, number).results()


class _Pool:
    """Pieces of work in a queue, taken by child processes and by this one; the longest first."""

    def __init__(self, jobs: Sequence[Job], share: float, number: int) -> None:
        self.jobs = jobs
        pieces = [job.split(share) for job in jobs]
        self.done: list[list[Scores | None]] = [[None] * len(parts) for parts in pieces]
        self.queue: SimpleQueue[tuple[int, int, Job]] = SimpleQueue()
        flat = [(i, j, part) for i, parts in enumerate(pieces) for j, part in enumerate(parts)]
        for piece in sorted(flat, key=lambda piece: -piece[2].seconds):
            self.queue.put(piece)
        self.failures: list[str] = []
        self.threads = [Thread(target=self._feed, daemon=True) for _ in range(number - 1)]

    def results(self) -> list[Scores]:
        """Work until the queue is empty, wait for the others, put the pieces together."""
        for thread in self.threads:
            thread.start()
        while (piece := self._next()) is not None:
            i, j, job = piece
            self.done[i][j] = run(job)
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise ScoringError(
                f"a scoring process ended early ({self.failures[0]})",
                next_step="Free memory, or score with one process.",
            )
        return [
            self._joined(job, [p for p in p_all if p is not None])
            for job, p_all in zip(self.jobs, self.done, strict=True)
        ]

    @staticmethod
    def _joined(job: Job, parts: Sequence[Scores]) -> Scores:
        return {scorer: [score for part in parts for score in part[scorer]] for scorer in job.scorers}

    def _next(self) -> tuple[int, int, Job] | None:
        try:
            return self.queue.get_nowait()
        except Empty:
            return None

    def _feed(self) -> None:
        """Hand pieces to one child process until none is left."""
        command = [sys.executable, "-c", _CHILD]
        try:
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603 (own code)
                assert child.stdin is not None  # noqa: S101 (for the type checker: pipes were asked for)
                assert child.stdout is not None  # noqa: S101
                while (piece := self._next()) is not None:
                    i, j, job = piece
                    _send(job, child.stdin)
                    self.done[i][j] = pickle.load(child.stdout)  # noqa: S301 (written by our own child)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            # OSError: a pipe that the child has left, met when writing or when closing.
            self.failures.append(repr(error))


def _send(thing: object, stream: IO[bytes]) -> None:
    pickle.dump(thing, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()


def main() -> None:
    """Child process: jobs on standard input, their scores on standard output, until the input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    gc.disable()
    while True:
        try:
            job = pickle.load(source)  # noqa: S301 (written by our own parent)
        except EOFError:
            return
        _send(run(job), sink)
