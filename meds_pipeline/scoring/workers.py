"""Scoring on all cores: the same function in child processes, fed by pipes.

Plain child processes rather than `multiprocessing`: forking a process with Arrow threads is unsafe, and spawning
re-imports the caller's main module. Run as `python -m meds_pipeline.scoring.workers` by this module only.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

from meds_pipeline.errors import ScoringError
from meds_pipeline.scoring.families import family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meds_pipeline.scoring.base import Answer, ItemScore
    from meds_pipeline.scoring.registry import TaskSpec

    Job = tuple[str, TaskSpec, Sequence[Answer]]

WORTH_A_PROCESS = 2_000_000
"""Characters of free text a process must have to do before starting one pays."""


def run(job: Job) -> list[ItemScore]:
    """Score the answers of one task for one scorer."""
    scorer, spec, answers = job
    measure = family(scorer, spec).score
    return [measure(answer) for answer in answers]


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _weight(job: Job) -> float:
    """Estimated work of a job, in characters of free text; other families cost next to nothing."""
    _, spec, answers = job
    characters = sum(len(answer.output or "") + len(answer.truth) for answer in answers)
    factor = {"ja": 30.0, "zh": 8.0}.get(spec.language, 1.0)
    return characters * (factor if spec.metric.startswith("bleu1") else 0.1)


def _halves(job: Job, parts: int) -> list[Job]:
    scorer, spec, answers = job
    size = -(-len(answers) // parts)
    return [(scorer, spec, answers[start : start + size]) for start in range(0, len(answers), size)]


def run_all(jobs: Sequence[Job], workers: int | None = None) -> list[list[ItemScore]]:
    """Score all jobs, in as many processes as there are cores and the work is worth.

    Raises:
        ScoringError: A child process ended early.
    """
    total = sum(map(_weight, jobs))
    most = max(1, int(total // WORTH_A_PROCESS))
    number = min(most, cores()) if workers is None else workers
    if number <= 1:
        return [run(job) for job in jobs]
    return _run_in_processes(jobs, number)


def _run_in_processes(jobs: Sequence[Job], number: int) -> list[list[ItemScore]]:
    """Deal every job out to all processes: balanced whatever a task costs, and each reads each dictionary once."""
    pieces = [_halves(job, number) for job in jobs]
    shares: list[list[Job]] = [[] for _ in range(number)]
    for parts in pieces:
        for share, part in zip(shares, parts, strict=False):
            share.append(part)
    children = [_start(share) for share in shares[1:]]
    results = [[run(job) for job in shares[0]]] + [_collect(child) for child in children]
    streams = [iter(result) for result in results]
    return [[item for _, stream in zip(parts, streams, strict=False) for item in next(stream)] for parts in pieces]


def _start(share: Sequence[Job]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "meds_pipeline.scoring.workers"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 (own module)
    assert child.stdin is not None  # noqa: S101 (for the type checker: a pipe was asked for)
    pickle.dump(share, child.stdin, protocol=pickle.HIGHEST_PROTOCOL)
    child.stdin.close()
    return child


def _collect(child: subprocess.Popen[bytes]) -> list[list[ItemScore]]:
    assert child.stdout is not None  # noqa: S101 (for the type checker: a pipe was asked for)
    data = child.stdout.read()
    if child.wait() != 0:
        raise ScoringError(
            f"a scoring process ended with status {child.returncode}", next_step="Free memory, or score with workers=1."
        )
    result: list[list[ItemScore]] = pickle.loads(data)  # noqa: S301 (written by our own child process)
    return result


def main() -> None:
    """Child process: jobs on standard input, scores on standard output."""
    jobs = pickle.load(sys.stdin.buffer)  # noqa: S301 (written by our own parent process)
    pickle.dump([run(job) for job in jobs], sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
