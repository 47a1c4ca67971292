"""The one protocol of models, and the function that loads them through adapters.

    model = load_model(spec, context)
    for generation in model.generate(prompts): ...   # in the order of the prompts

An adapter is a function `(ModelSpec, LoadContext) -> Model` under the entry-point group `meds_pipeline.models`. Our own
adapters are registered there too, and in the table here for a checkout without package metadata.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from meds_pipeline.core.digests import canonical_json
from meds_pipeline.core.errors import ModelError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from meds_pipeline.instructions.prompts import Message
    from meds_pipeline.models.spec import ModelSpec

    Adapter = Callable[[ModelSpec, "LoadContext"], "Model"]

GROUP = "meds_pipeline.models"
_HERE = "meds_pipeline.models"
BUILT_IN: dict[str, str] = {
    "tuned": f"{_HERE}.local:load",
    "untuned": f"{_HERE}.local:load",
    "local": f"{_HERE}.local:load",
    "majority": f"{_HERE}.majority:load",
    "endpoint": f"{_HERE}.endpoint:load",
    "file": f"{_HERE}.submission:load",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question with all that may be shown beside it.

    Attributes:
        item_id: Item it belongs to.
        task_id: Task of the item.
        definition: What the task asks for.
        shots: Worked cases (input, output), in the order they are shown.
        query: The input to answer.
        shot_ids: Instance of each worked case.
    """

    item_id: str
    task_id: str
    definition: str
    shots: tuple[tuple[str, str], ...]
    query: str
    shot_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """A model's answer to a prompt.

    Attributes:
        item_id: Item it answers.
        output: What the model wrote; None where it failed.
        shots: How many worked cases were shown; they are the last ones of the prompt.
        truncated: Whether the prompt was shortened.
        prompt_digest: md5 of the messages shown, 32 hex digits; empty if no messages were shown.
        error: Why there is no output.
        template_digest: md5 of the chat template that rendered the messages; empty if the model's server renders them.
        cut_off: Whether the output ended at the limit of new tokens and not by itself.
    """

    item_id: str
    output: str | None
    shots: int = 0
    truncated: bool = False
    prompt_digest: str = ""
    error: str | None = None
    template_digest: str = ""
    cut_off: bool = False


class Model(Protocol):
    """Something that answers prompts."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[Generation]:
        """Answer every prompt, in order; a prompt that fails gives a generation with an error.

        A submission gives no generation for the prompts of a task of which it has no row.
        """


@dataclass(frozen=True, slots=True)
class LoadContext:
    """What an adapter may need besides its spec.

    Attributes:
        name: Name of the model.
        folder: Model folder, for kinds whose weights the pipeline made.
        answers: Most frequent training answer by task, for baselines.
        credentialed: Corpora whose credentialed text the prompts may hold; it must not leave this machine.
        truths: First reference of every item by id; only for `file` models, which find their rows by it.
    """

    name: str = ""
    folder: Path | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    credentialed: tuple[str, ...] = ()
    truths: Mapping[str, str] = field(default_factory=dict)


def load_model(spec: ModelSpec, context: LoadContext) -> Model:
    """Return the model a spec describes.

    Raises:
        UnknownNameError: No adapter of this kind; close names are in the text.
        ModelError: The adapter cannot load it, or two packages claim its kind.
    """
    table = dict(BUILT_IN)
    for point in entry_points(group=GROUP):
        if table.setdefault(point.name, point.value) != point.value:
            raise ModelError(
                f"the model kind {point.name!r} is claimed by {table[point.name]} and by {point.value}.",
                next_step="Uninstall one of the two packages.",
            )
    if spec.kind not in table:
        close = difflib.get_close_matches(spec.kind, table, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else f"Known kinds: {', '.join(sorted(table))}."
        raise UnknownNameError(f"there is no model kind {spec.kind!r}.", next_step=hint)
    module, _, name = table[spec.kind].partition(":")
    adapter: Adapter = getattr(import_module(module), name)
    return adapter(spec, context)


def prompt_digest(messages: Sequence[Message]) -> str:
    """Return the md5 of messages as they are shown to a model."""
    return hashlib.md5(canonical_json(list(messages)).encode(), usedforsecurity=False).hexdigest()
