"""Work shared out among processes: same result, and a process that dies is an error with a next step."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring import workers
from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.workers import ScoringJob

TASKS = load_registry().tasks


def job(task: str, size: int, text: str = "some words here.") -> ScoringJob:
    answers = [Answer(f"{i:05d}", task, "", (text,), f"{text} {i}") for i in range(size)]
    return ScoringJob(("official", "corrected"), TASKS[task], answers)


def test_pieces_cover_the_job_in_order() -> None:
    whole = job("task18", 1000, "some words here. " * 1000)
    pieces = whole.split()
    assert len(pieces) > 3
    assert [answer for piece in pieces for answer in piece.answers] == list(whole.answers)


def test_any_number_of_processes_gives_the_same() -> None:
    jobs = [job("task18", 50, "some words here. " * 9), job("task57", 30, "B"), job("task54", 2, "患者は発熱")]
    alone = workers.run_all(jobs, 1)
    assert all(workers.run_all(jobs, number) == alone for number in (2, 3))


def test_small_work_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ProcessPoolExecutor", None)
    assert workers.run_all([job("task18", 5)])[0].keys() == {"official", "corrected"}


class Deadly(str):
    """A text that ends the process it is sent to."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (3,)


def test_a_process_that_dies_is_an_error() -> None:
    answers = [Answer("1", "task18", "", ("a",), Deadly("b" * 100))]
    with pytest.raises(ScoringError, match="ended early") as caught:
        workers.run_all([ScoringJob(("official",), TASKS["task18"], answers), job("task18", 50)], 2)
    assert "Next:" in str(caught.value)


def test_a_script_without_a_guard_runs_once(tmp_path: Path) -> None:
    """The processes do not import the caller's main module, which may be slow, or start all over again."""
    script = tmp_path / "script.py"
    script.write_text(
        "from meds_pipeline.scoring.base import Answer\n"
        "from meds_pipeline.scoring.registry import load_registry\n"
        "from meds_pipeline.scoring.workers import ScoringJob, run_all\n"
        "answers = [Answer(str(i), 'task18', '', ('a',), 100 * 'b') for i in range(9)]\n"
        "found = run_all([ScoringJob(('official',), load_registry().tasks['task18'], answers)], 2)\n"
        "print(len(found[0]['official']))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("9\n", "")
