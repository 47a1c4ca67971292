"""A transformers model on this machine: greedy decoding, in batches of prompts of similar length.

Prompts are fitted to the context (shots go first, the question stays), padded on the left and generated with
`do_sample=False` until the end of the turn. A prompt that cannot be fitted is an error of its own item.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from meds_pipeline.core import events
from meds_pipeline.core.errors import ModelError, Where
from meds_pipeline.core.hardware import device, torch_threads
from meds_pipeline.core.pretrained import load_weights
from meds_pipeline.instructions.chat import ChatTokenizer
from meds_pipeline.instructions.prompts import fit
from meds_pipeline.models.base import Generation, LoadContext, Model, Prompt, prompt_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from meds_pipeline.models.spec import ModelSpec


class _Ready(NamedTuple):
    """A prompt as tokens (none if it does not fit), with the facts that are known before generation."""

    ids: list[int]
    blank: Generation


class _Written(NamedTuple):
    """An answer, and whether it was cut off, which means that it has no end token."""

    text: str
    cut_off: bool


class LocalModel:
    """A causal language model in a folder."""

    def __init__(self, folder: Path, *, max_new_tokens: int, batch: int, threads: int) -> None:
        import torch

        events.quiet_transformers()
        self._device = torch.device(device())
        dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        self._model: Any = load_weights(folder, dtype)
        self._model.to(self._device).eval()
        self._chat = ChatTokenizer(folder)
        self._new, self._batch, self._threads = max_new_tokens, batch, threads
        positions = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if positions is None or positions <= max_new_tokens:
            raise ModelError(
                f"its config.json leaves no room for a prompt (max_position_embeddings {positions}).",
                Where(file=str(folder)),
                f"Correct it, or lower max_new_tokens ({max_new_tokens}).",
            )
        self._limit = positions - max_new_tokens

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[Generation]:
        """Answer every prompt in the given order; the longest are generated first, so too little memory shows early."""
        ready = [self._prepare(prompt) for prompt in prompts]
        order = [position for position, item in enumerate(ready) if item.ids]
        order.sort(key=lambda i: (-len(ready[i].ids), prompts[i].item_id))
        outputs: dict[int, _Written] = {}
        for first in range(0, len(order), self._batch):
            members = order[first : first + self._batch]
            outputs.update(zip(members, self._complete([ready[i].ids for i in members]), strict=True))
            events.report("generating", len(outputs), len(order))
        for position, item in enumerate(ready):
            written = outputs.get(position)
            yield item.blank if written is None else replace(item.blank, output=written.text, cut_off=written.cut_off)

    def _prepare(self, prompt: Prompt) -> _Ready:
        try:
            fitted = fit(prompt.definition, prompt.shots, prompt.query, limit=self._limit, count=self._chat.count)
        except ModelError as error:
            return _Ready([], Generation(prompt.item_id, None, error=error.problem))
        ids, _ = self._chat.encode([fitted.messages], prompt=True)[0].flat()
        blank = Generation(
            prompt.item_id,
            None,
            fitted.shots,
            fitted.truncated,
            prompt_digest(fitted.messages),
            template_digest=self._chat.template_digest,
        )
        return _Ready(ids, blank)

    def _complete(self, batch: list[list[int]]) -> list[_Written]:
        import torch

        width, pad = max(map(len, batch)), self._pad()
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in batch], device=self._device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in batch], device=self._device)
        ends = self._ends()
        with torch_threads(self._threads), torch.inference_mode():
            generated = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=False,
                max_new_tokens=self._new,
                pad_token_id=pad,
                eos_token_id=ends,
            )
        rows = generated[:, width:].tolist()
        return [_Written(self._chat.decode(row).strip(), not set(ends).intersection(row)) for row in rows]

    def _pad(self) -> int:
        hf = self._chat.hf
        return int(hf.pad_token_id if hf.pad_token_id is not None else hf.eos_token_id)

    def _ends(self) -> list[int]:
        """Tokens that end an answer: the tokenizer's, and the model's own list."""
        own = self._model.generation_config.eos_token_id
        listed = own if isinstance(own, list) else [own]
        return sorted({int(token) for token in [self._chat.hf.eos_token_id, *listed] if token is not None})


def load(spec: ModelSpec, context: LoadContext) -> Model:
    """Return the model in the context's folder, else in the spec's path."""
    from pathlib import Path

    folder = context.folder if context.folder is not None else Path(str(spec.path))
    return LocalModel(folder, max_new_tokens=spec.max_new_tokens, batch=spec.batch, threads=spec.threads)
