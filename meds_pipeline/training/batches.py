"""Which sequences an optimiser step learns from, and the tensors made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import torch

    from meds_pipeline.training.plan import FineTunePlan


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """One optimiser step: (sequence, epoch) of everything it learns from."""

    number: int
    doses: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one forward pass; B sequences padded to T tokens.

    Attributes:
        input_ids: (B, T).
        position_ids: (B, T), from 0 in every segment.
        mask: (B, 1, T, T), true where a token may attend: earlier tokens of its own segment.
        labels: (B, T), the next token where it is learnt, else -100.
        segments: (B, T), the segment of each token, -1 in padding.
        tokens: Tokens in it, padding left out.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor
    segments: torch.Tensor
    tokens: int

    def weights(self, weigh: str) -> torch.Tensor:
        """The weight of each learnt token, in the order of the tokens: 1, or 1 / learnt tokens of its sample.

        Args:
            weigh: `tokens` or `samples` (see `FineTunePlan.weigh`).
        """
        import torch

        learnt = self.labels != -100
        if weigh == "tokens":
            return torch.ones(int(learnt.sum()))
        row = torch.arange(len(learnt))[:, None] * (int(self.segments.max()) + 1)
        sample = (self.segments + row)[learnt]
        return torch.bincount(sample).reciprocal()[sample]


class Sequences:
    """Random access to a `sequences.parquet`.

    The columns are held as Arrow arrays: about 12 bytes a token.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        table = pq.read_table(path).combine_chunks()
        self._columns = [table.column(name) for name in ("input_ids", "loss_mask", "segment_ids")]
        self.count: int = table.num_rows

    def batch(self, numbers: Sequence[int], *, answers_only: bool) -> Batch:
        """The tensors of some sequences.

        Args:
            numbers: Which sequences.
            answers_only: Whether only answers are learnt.
        """
        import torch

        rows = [[column[n].values.to_numpy() for column in self._columns] for n in numbers]
        shape = (len(rows), max(len(row[0]) for row in rows))
        ids = torch.zeros(shape, dtype=torch.long)
        answer = torch.zeros(shape, dtype=torch.bool)
        segment = torch.full(shape, -1)
        for i, (tokens, mask, segments) in enumerate(rows):
            ids[i, : len(tokens)] = torch.from_numpy(tokens.copy())
            answer[i, : len(tokens)] = torch.from_numpy(mask.copy()).bool()
            segment[i, : len(tokens)] = torch.from_numpy(segments.copy())
        at = torch.arange(shape[1])
        starts = torch.ones(shape, dtype=torch.bool)
        starts[:, 1:] = segment[:, 1:] != segment[:, :-1]
        position = at - torch.where(starts, at, 0).cummax(dim=1).values
        mask = (segment[:, :, None] == segment[:, None, :]) & (at[:, None] >= at[None, :])
        labels = torch.full(shape, -100)
        learnt = ~starts[:, 1:] & (segment[:, 1:] >= 0)
        if answers_only:
            learnt &= answer[:, 1:]
        labels[:, :-1] = torch.where(learnt, ids[:, 1:], -100)
        return Batch(ids, position, mask[:, None], labels, segment, sum(len(row[0]) for row in rows))


def step_count(sequences: int, plan: FineTunePlan) -> int:
    """Optimiser steps of a plan over so many sequences; the last may be smaller."""
    steps = math.ceil(sequences * plan.epochs / plan.batch)
    return min(steps, plan.max_steps) if plan.max_steps else steps


def schedule(sequences: int, plan: FineTunePlan, *, after: int = 0) -> Iterator[TrainingStep]:
    """The steps after step `after`; only plan and count decide them, so a resumed run takes the same steps.

    Every epoch has an order of its own, drawn from the seed; a step may span two epochs.
    """
    import torch

    total = step_count(sequences, plan)
    generator = torch.Generator().manual_seed(plan.seed)
    waiting: list[tuple[int, int]] = []
    number = 0
    for epoch in range(plan.epochs):
        order = torch.randperm(sequences, generator=generator).tolist()
        waiting += [(sequence, epoch) for sequence in order]
        while number < total and (len(waiting) >= plan.batch or (epoch == plan.epochs - 1 and waiting)):
            number += 1
            if number > after:
                yield TrainingStep(number, tuple(waiting[: plan.batch]))
            del waiting[: plan.batch]
        if number == total:
            return


def learning_rate(step: int, total: int, plan: FineTunePlan) -> float:
    """Rate of a step (from 1): linear warm-up to the peak, then a cosine down to `final_rate` of it at the end."""
    warm = math.ceil(plan.warmup * total)
    if step <= warm:
        return plan.learning_rate * step / warm
    along = (step - warm) / max(1, total - warm)
    share = plan.final_rate + (1 - plan.final_rate) * 0.5 * (1 + math.cos(math.pi * along))
    return plan.learning_rate * share
