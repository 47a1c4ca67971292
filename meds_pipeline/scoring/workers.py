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
from contextlib import contextmanager, nullcontext, suppress
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING, NamedTuple

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.families import family
from meds_pipeline.scoring.languages import Tokens, read_dictionaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

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

    @property
    def dictionary(self) -> bool:
        """Whether a dictionary must be read for it."""
        return self.spec.language in _START_SECONDS and self.spec.metric.startswith("bleu1")

    def split(self, share: float) -> list[Job]:
        """The job in equal pieces of about `share` seconds; of a quarter of that where no dictionary must be read."""
        pieces = max(1, round(self.seconds / share if self.dictionary else 4 * self.seconds / share))
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


class Crew:
    """Child processes that outlast one list of jobs: each reads its dictionaries once. To be used in a `with`."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Crew:
        """No child is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the children: they hold nothing, and taking their dictionaries apart would take time."""
        for child in self._children:
            child.kill()
            with suppress(OSError):  # a child that ended early has left what was written last unread
                child.communicate()

    def members(self, number: int, *, early: bool = False) -> list[subprocess.Popen[bytes]]:
        """So many children, started where they are not there yet; `early` ones read all dictionaries at once."""
        for _ in range(len(self._children), number):
            command = [sys.executable, "-c", _CHILD, *(["early"] if early else [])]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 (own code)
            self._children.append(child)
        return self._children[:number]


def run_all(jobs: Sequence[Job], processes: int | None = None, crew: Crew | None = None) -> list[Scores]:
    """Score all jobs, in as many processes as there are cores and the work is worth.

    Args:
        jobs: Answers by task.
        processes: How many, this one included; as many as pay if None.
        crew: Children to share the work with, started where needed; own ones for these jobs if None.

    Raises:
        ScoringError: A child process ended early.
    """
    total = sum(job.seconds for job in jobs)
    number = min(cores(), max(1, int(total / _WORTH_A_PROCESS))) if processes is None else processes
    if number <= 1:
        return [run(job) for job in jobs]
    with nullcontext(crew) if crew is not None else Crew() as ready:
        return _Pool(jobs, total / number, ready.members(number - 1)).results()


class _Pool:
    """Pieces of work, taken by child processes and by this one.

    Those that need a dictionary come first, then the longest. This process takes the former last: children have read
    the dictionaries while it read the answers.
    """

    def __init__(self, jobs: Sequence[Job], share: float, children: Sequence[subprocess.Popen[bytes]]) -> None:
        self.jobs = jobs
        pieces = [job.split(share) for job in jobs]
        self.done: list[list[Scores | None]] = [[None] * len(parts) for parts in pieces]
        flat = [(i, j, part) for i, parts in enumerate(pieces) for j, part in enumerate(parts)]
        self.waiting = sorted(flat, key=lambda piece: (not piece[2].dictionary, -piece[2].seconds))
        self.lock = Lock()
        self.failures: list[str] = []
        self.threads = [Thread(target=self._feed, args=(child,), daemon=True) for child in children]

    def results(self) -> list[Scores]:
        """Work until the queue is empty, wait for the others, put the pieces together."""
        for thread in self.threads:
            thread.start()
        while (piece := self._next(plain=True)) is not None:
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

    def _next(self, *, plain: bool = False) -> tuple[int, int, Job] | None:
        """The next piece; with `plain` the next that needs no dictionary, where there is one."""
        with self.lock:
            if not self.waiting:
                return None
            places = (at for at, piece in enumerate(self.waiting) if plain and not piece[2].dictionary)
            return self.waiting.pop(next(places, 0))

    def _feed(self, child: subprocess.Popen[bytes]) -> None:
        """Hand pieces to one child process until none is left."""
        assert child.stdin is not None  # noqa: S101 (for the type checker: pipes were asked for)
        assert child.stdout is not None  # noqa: S101
        try:
            while (piece := self._next()) is not None:
                i, j, job = piece
                _send(job, child.stdin)
                self.done[i][j] = pickle.load(child.stdout)  # noqa: S301 (written by our own child)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            self.failures.append(repr(error))  # OSError: a pipe that the child has left


def _send(thing: object, stream: IO[bytes]) -> None:
    pickle.dump(thing, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()


def main() -> None:
    """Child process: jobs on standard input, their scores on standard output, until the input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    gc.disable()
    if "early" in sys.argv:
        read_dictionaries()
    while True:
        try:
            job = pickle.load(source)  # noqa: S301 (written by our own parent)
        except EOFError:
            return
        _send(run(job), sink)
