"""A baseline that reads nothing: the most frequent training answer of each task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.models.base import Generation, LoadContext, Model, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meds_pipeline.models.spec import ModelSpec


class MajorityModel:
    """Answers every prompt of a task with the same text."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[Generation]:
        """Answer from the table; a task without training answers is an error of that prompt."""
        for prompt in prompts:
            answer = self._answers.get(prompt.task_id)
            error = None if answer is not None else f"{prompt.task_id} has no training answers"
            yield Generation(prompt.item_id, answer, error=error)


def load(spec: ModelSpec, context: LoadContext) -> Model:
    """Return the baseline over the training answers of the context."""
    return MajorityModel(context.answers)
