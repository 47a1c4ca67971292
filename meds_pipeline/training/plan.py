"""The fine-tuning part of a training plan: which model is trained, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from meds_pipeline.catalog.strict import Strict


class FineTunePlan(Strict):
    """Settings of one fine-tuning run: everything that shapes the weights, except the kind of device."""

    layers: int = Field(4, ge=1, le=1_000)
    """Decoder layers. This and the next six settings describe a model made here; a base model does not use them."""
    hidden: int = Field(256, ge=8, le=65_536)
    """Width of the hidden states; a multiple of `heads`."""
    intermediate: int = Field(688, ge=8, le=1_000_000)
    """Width of the feed-forward part."""
    heads: int = Field(4, ge=1, le=1_000)
    """Attention heads."""
    kv_heads: int = Field(4, ge=1, le=1_000)
    """Key-value heads; a divisor of `heads`."""
    context: int = Field(2048, ge=16, le=10_000_000)
    """Positions the model can attend to, prompt and answer together."""
    tied: bool = True
    """Whether input and output embeddings are one matrix."""

    loss: Literal["all", "answers"] = "all"
    """Which tokens are learnt: every next token, as upstream did, or the answers and their ends of turn only."""
    weigh: Literal["tokens", "samples"] = "tokens"
    """What has equal weight in the loss: every learnt token, as upstream did, or every sample, so that a one-word
    answer weighs as much as a paragraph."""
    epochs: int = Field(1, ge=1, le=1_000)
    """Passes over the sequences."""
    max_steps: int | None = Field(None, ge=1, le=1_000_000_000)
    """Stops after so many optimiser steps even within an epoch; the schedule ends there too."""
    batch: int = Field(8, ge=1, le=1_000_000)
    """Sequences an optimiser step learns from."""
    micro_batch: int | None = Field(None, ge=1, le=1_000_000)
    """Sequences computed at once (gradients are accumulated up to `batch`); None: all of them."""
    learning_rate: float = Field(1e-3, gt=0, le=10)
    """Peak learning rate."""
    final_rate: float = Field(0.1, ge=0, le=1)
    """Learning rate at the end of the cosine, as a share of the peak."""
    warmup: float = Field(0.05, ge=0, le=1)
    """Share of the steps over which the learning rate rises linearly."""
    beta2: float = Field(0.95, gt=0, lt=1)
    """AdamW's decay of squared gradients (its first decay is 0.9)."""
    weight_decay: float = Field(0.1, ge=0, le=100)
    """AdamW's decay of matrices; norms are not decayed."""
    clip: float = Field(1.0, gt=0, le=1e9)
    """Largest norm of the gradient."""
    gradient_checkpointing: bool = False
    """Whether activations are computed again in the backward pass, to save memory."""
    checkpoint_every: int = Field(500, ge=1, le=1_000_000_000)
    """Optimiser steps between checkpoints."""
    threads: int = Field(2, ge=1, le=1024)
    """Processor threads of torch; fixed, because their number changes the rounding of sums and so the weights."""
    seed: int = Field(0, ge=0, lt=2**32)
    """Seeds the initial weights and the order of sequences in each epoch."""

    @model_validator(mode="after")
    def _divisible(self) -> FineTunePlan:
        if self.hidden % (2 * self.heads) or self.heads % self.kv_heads:
            raise ValueError("hidden must be a multiple of 2 x heads, and heads a multiple of kv_heads")
        if self.micro_batch and self.batch % self.micro_batch:
            raise ValueError("batch must be a multiple of micro_batch")
        return self


class Mixture(Strict):
    """Which instances become samples, how often, and in which words."""

    samples: int | None = Field(None, ge=1, le=1_000_000_000)
    """How many samples; None: every usable instance once, whatever its task."""
    alpha: float = Field(0.5, ge=0, le=1)
    """A task of n instances gets a share proportional to n to this power: 1 keeps sizes, 0 makes tasks equal."""
    weights: dict[str, Annotated[float, Field(ge=0, le=1e6)]] = {}
    """Further factor on a task's share; 0 leaves the task out."""
    max_repeats: int = Field(4, ge=1, le=1_000_000)
    """How often one instance may be used where a task has fewer than its share."""
    splits: tuple[Literal["train", "validation"], ...] = Field(("train", "validation"), min_length=1, max_length=2)
    """Splits to draw from; validation is used for training by default, as no setting is tuned on it here."""
    few_shot: float = Field(0.5, ge=0, le=1)
    """Share of samples that show examples before the question, as the benchmark does."""
    shots: int = Field(3, ge=0, le=1_000)
    """Number of examples that a few-shot sample shows."""
    max_chars: int | None = Field(None, ge=1, le=1_000_000_000)
    """Most characters of a few-shot prompt; a longer one shows fewer examples."""
    paraphrases: bool = True
    """Whether to draw from all phrasings of a task's definition, or use the definition alone."""
    drop_near: bool = True
    """Whether near duplicates are left out; exact duplicates always are."""


class TrainingPlan(Strict):
    """A training plan: base model, mixture, packing and fine-tuning under one name."""

    base: str | None = None
    """Folder of a pretrained model with its tokenizer; a relative path starts at the home. None: a new model, with a
    tokenizer trained on the training set."""
    vocabulary: int = Field(4096, ge=300, le=10_000_000)
    """Entries of a tokenizer trained here."""
    sequence_length: int = Field(2048, ge=32, le=10_000_000)
    """Tokens of a packed sequence."""
    mixture: Mixture = Mixture()
    fine_tuning: FineTunePlan = FineTunePlan()
