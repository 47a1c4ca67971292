"""Answers from a submission file: CSV, JSON lines or Parquet with `item_id,output`, or with MedS-Bench's columns.

A row belongs to the item whose id it gives; without an id, to the item with its task, input and GT. Of several rows for
one item the first counts. A task without any answer, because it has no row or blank ones only, is not submitted: it has
no predictions and no scores. In a submitted task, an item without a row is scored as an error and not left out. Broken
rows, double rows, blank ones, rows of no item and items without a row are counted and named.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import ScoringError, Where
from meds_pipeline.models.base import Generation, LoadContext, Model, Prompt
from meds_pipeline.scoring.submission.problems import Problems
from meds_pipeline.scoring.submission.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meds_pipeline.models.spec import ModelSpec


_NO_ANSWER = {
    "no_item": "are of no item of the release (do their ids come from another one?)",
    "missing_output": "have no output",
    "blank_output": "have a blank output",
    "broken_row": "cannot be read",
    "not_utf8": "are not UTF-8",
}
"""Why rows answer nothing, by kind of problem."""


class SubmissionModel:
    """Gives the answers of a file.

    Attributes:
        rows: Number of rows in the file; set when `generate` has read it.
        problems: What is odd about the rows; set when `generate` has read them.
        not_submitted: Tasks without any row; set when `generate` has read the file.
    """

    def __init__(self, path: Path, truths: Mapping[str, str]) -> None:
        self._path, self._truths = path, truths
        self.rows = 0
        self.problems = Problems()
        self.not_submitted: tuple[str, ...] = ()

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[Generation]:
        """Look every prompt up; those of tasks that are not submitted are left out.

        Raises:
            ScoringError: The file cannot be read, or no task is submitted.
        """
        found = self._found(prompts)
        asked = {prompt.item_id: prompt.task_id for prompt in prompts}
        tasks = {asked[item] for item, answer in found.items() if (answer.output or "").strip()}
        self.not_submitted = tuple(sorted(set(asked.values()) - tasks))
        if asked and not tasks:
            counts = self.problems.counts
            problem = f"none of its {self.rows:,} rows answers an item of the release"
            said = [f"{counts[kind]:,} {text}" for kind, text in _NO_ANSWER.items() if counts[kind]]
            step = "Write `output` into the file that `meds bench items` makes for this release; keep its `item_id`."
            raise ScoringError(f"{problem}{': ' * bool(said)}{', '.join(said)}.", Where(file=str(self._path)), step)
        if self.not_submitted and (broken := self.problems.places["broken_row"]):
            raise ScoringError(
                f"it cannot be read to its end, and {len(self.not_submitted)} tasks have no answer.",
                Where(file=str(self._path), record=broken[0]),
                "Write the file again, whole; a part of the tasks can be submitted without broken rows.",
            )
        for prompt in prompts:
            if prompt.task_id not in tasks:
                continue
            if (answer := found.get(prompt.item_id)) is not None:
                yield answer
            else:
                self.problems.add("unanswered", f"{prompt.item_id} ({prompt.task_id})")
                yield Generation(prompt.item_id, None, error="the submission does not answer it")

    def _found(self, prompts: Sequence[Prompt]) -> dict[str, Generation]:
        """Return the answers by item."""
        items = {prompt.item_id for prompt in prompts}
        keys = {(p.task_id, p.query, self._truths.get(p.item_id, "")): p.item_id for p in prompts}
        found: dict[str, Generation] = {}
        for row in read_rows(self._path, by_id=True):
            self.rows += 1
            for kind in row.kinds:
                self.problems.add(kind, row.named)
            if row.fields is None:
                continue
            key = (row.text("task_id") or "", row.text("input") or "", row.references[0])
            item = row.own_id if row.own_id in items else keys.get(key)
            if item is None:
                self.problems.add("no_item", row.named)
            elif item in found:
                self.problems.add("answered_again", row.named)
            else:
                output, truncated, cut_off = row.text("output") or "", row.flag("truncated"), row.flag("cut_off")
                if not output.strip():
                    self.problems.add("blank_output" if output else "missing_output", row.named)
                found[item] = Generation(item, output, truncated=truncated, cut_off=cut_off)
        return found


def load(spec: ModelSpec, context: LoadContext) -> Model:
    """Return the file that the spec names; `generate` reads it, and raises ScoringError if it cannot."""
    return SubmissionModel(Path(str(spec.path)), context.truths)
