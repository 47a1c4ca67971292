"""Answers from a submission file: a CSV with the columns `task_id,input,GT,output`, as MedS-Bench takes them.

An item finds its answer by task and input. Where the file answers one input several times, the answers are given in the
file's order and the last one stays. An item without an answer is an error of that item: scored so, not left out.
"""

from __future__ import annotations

import csv
from collections import defaultdict, deque
from pathlib import Path
from typing import TYPE_CHECKING

from meds_pipeline.errors import ModelError, Where
from meds_pipeline.models.base import Generation, LoadContext, Model, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meds_pipeline.models.spec import ModelSpec

COLUMNS = ("task_id", "input", "output")
LONGEST_FIELD = 100_000_000  # characters; the csv module's own limit of 131,072 is below some inputs


class SubmissionModel:
    """Gives the answers of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers = self._read()

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[Generation]:
        """Look every prompt up."""
        waiting = {key: deque(answers) for key, answers in self._answers.items()}
        for prompt in prompts:
            answers = waiting.get((prompt.task_id, prompt.query))
            if not answers:
                yield Generation(prompt.item_id, None, error="the submission does not answer it")
            else:
                yield Generation(prompt.item_id, answers.popleft() if len(answers) > 1 else answers[0])

    def _read(self) -> dict[tuple[str, str], list[str]]:
        answers: dict[tuple[str, str], list[str]] = defaultdict(list)
        before = csv.field_size_limit(LONGEST_FIELD)
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file)
                if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                    raise self._unreadable(f"it has no column {', '.join(missing)}")
                for row in rows:
                    if any(row[name] is None for name in COLUMNS):
                        raise self._unreadable(f"line {rows.line_num} has too few columns")
                    answers[row["task_id"], row["input"]].append(row["output"])
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise self._unreadable(str(error)) from error
        finally:
            csv.field_size_limit(before)
        return answers

    def _unreadable(self, why: str) -> ModelError:
        return ModelError(
            f"the submission cannot be used: {why}.",
            Where(file=str(self._path)),
            "Give a UTF-8 CSV with the header task_id,input,GT,output.",
        )


def load(spec: ModelSpec, context: LoadContext) -> Model:
    """Read the file the spec names."""
    return SubmissionModel(Path(str(spec.path)))
