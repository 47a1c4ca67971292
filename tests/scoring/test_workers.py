"""Work shared out among processes: same result, and a process that dies is an error with a next step."""

from __future__ import annotations

import gc

import pytest

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring import workers
from meds_pipeline.scoring.base import Answer
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.workers import Job

TASKS = load_registry().tasks


def job(task: str, size: int, text: str = "some words here.") -> Job:
    answers = [Answer(f"{i:05d}", task, "", (text,), f"{text} {i}") for i in range(size)]
    return Job(("official", "corrected"), TASKS[task], answers)


def test_pieces_cover_the_job_in_order() -> None:
    whole = job("task18", 1000)
    for share in (whole.seconds / 7, whole.seconds, whole.seconds * 100):
        pieces = whole.split(share)
        assert [a for piece in pieces for a in piece.answers] == list(whole.answers)
    assert len(whole.split(whole.seconds / 7)) == 28
    assert len(job("task54", 1000).split(0.5)) < 4  # every piece reads the dictionary anew


def test_two_processes_give_what_one_gives() -> None:
    jobs = [job("task18", 50), job("task57", 30, "The right answer is B: x"), job("task18", 1)]
    assert workers.run_all(jobs, 2) == workers.run_all(jobs, 1)


def test_small_work_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CHILD", "raise SystemExit(3)")
    assert workers.run_all([job("task18", 5)])[0].keys() == {"official", "corrected"}


def test_a_process_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CHILD", "import sys; sys.stdin.buffer.read(1); raise SystemExit(3)")
    with pytest.raises(ScoringError, match="ended early") as caught:
        workers.run_all([job("task18", 3000) for _ in range(4)], 2)
    assert "Next:" in str(caught.value)


def test_collection_is_on_again_after_an_error() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError), workers.uncollected():
        raise KeyError
    assert gc.isenabled()
