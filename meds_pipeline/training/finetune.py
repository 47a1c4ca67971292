"""Fine-tunes a Llama-architecture model on packed sequences.

The loop is our own rather than `transformers.Trainer`: what a step learns from is a function of plan and step number
(`batches.schedule`), so a run killed anywhere goes on from its last checkpoint to exactly the weights of an unbroken
run (on a CPU), and `dose.parquet` says which step consumed which sequence. Samples packed into
one sequence do not see each other: attention is block-diagonal and positions start again in every segment.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.errors import ModelError, Where
from meds_pipeline.core.events import quiet_transformers
from meds_pipeline.core.hardware import device, torch_threads
from meds_pipeline.core.pretrained import load_tokenizer, load_weights
from meds_pipeline.training.batches import Batch, Sequences, learning_rate, schedule, step_count
from meds_pipeline.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from meds_pipeline.training.plan import FineTunePlan

logger = logging.getLogger(__name__)

MODEL, LOSS, DOSE = "model", "loss.parquet", "dose.parquet"


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What fine-tuning wrote.

    Attributes:
        model: Folder with config, weights (safetensors) and tokenizer.
        loss: `loss.parquet`: step, loss (nats a token), lr, tokens (so far).
        dose: `dose.parquet`: step, sequence, epoch.
        steps: Optimiser steps.
        tokens: Tokens seen.
        first_loss: Loss of the first step.
        last_loss: Loss of the last step.
        resumed: Step of the checkpoint from which this call resumed; 0 if it started anew.
    """

    model: Path
    loss: Path
    dose: Path
    steps: int
    tokens: int
    first_loss: float
    last_loss: float
    resumed: int


def init_model(plan: FineTunePlan, tokenizer: Path, out: Path) -> None:
    """Write the untuned model: exactly the weights from which `finetune` starts if there is no base.

    Args:
        plan: Gives its shape and seed.
        tokenizer: Tokenizer folder; copied beside the weights.
        out: Folder to write; replaced as a whole when it exists.
    """
    _save(_new_model(plan, tokenizer), tokenizer, out)


def finetune(
    sequences: Path,
    tokenizer: Path,
    out: Path,
    plan: FineTunePlan,
    *,
    base: Path | None = None,
    checkpoints: Path,
    progress: Callable[[int, int, float], None] | None = None,
) -> FineTuned:
    """Train; resume from the last checkpoint of the same run if there is one.

    Args:
        sequences: `sequences.parquet` as `packing.pack` writes it.
        tokenizer: The tokenizer folder it was packed with; copied beside the weights.
        out: Folder to write `model/`, `loss.parquet` and `dose.parquet` into.
        plan: The settings.
        base: Model folder to start from; None makes a new model of the plan's shape.
        checkpoints: Folder for checkpoints; the caller removes it when `out` is safe.
        progress: Called after every step with step, steps and loss.

    Raises:
        ModelError: The loss is not a number, or the base does not fit the tokenizer.
    """
    import torch

    data = Sequences(sequences)
    total = step_count(data.count, plan)
    run = _run_digest(sequences, tokenizer, plan, base)
    model = _base_model(base, tokenizer) if base else _new_model(plan, tokenizer)
    model.to(torch.device(device())).train()
    if plan.gradient_checkpointing:
        model.gradient_checkpointing_enable()
    optimizer = _optimizer(model, plan)
    losses: list[dict[str, float]] = []
    if found := load_checkpoint(checkpoints, run):
        model.load_state_dict(found.state["model"])
        optimizer.load_state_dict(found.state["optimizer"])
        losses = found.losses
        logger.info("Going on after step %d of %d.", found.step, total)
    resumed = found.step if found else 0
    for step in schedule(data.count, plan, after=resumed):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step.number, total, plan)
        numbers = [sequence for sequence, _ in step.doses]
        with torch_threads(plan.threads):
            loss, tokens = _learn(model, optimizer, data, numbers, plan)
        losses.append(
            {
                "step": step.number,
                "loss": loss,
                "lr": optimizer.param_groups[0]["lr"],
                "tokens": tokens + (losses[-1]["tokens"] if losses else 0),
            }
        )
        if step.number % plan.checkpoint_every == 0 and step.number < total:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(checkpoints, run, Checkpoint(step.number, state, losses))
        if progress:
            progress(step.number, total, loss)
    _save(model, tokenizer, out / MODEL)
    _write_curves(out, losses, data.count, plan)
    return FineTuned(
        out / MODEL,
        out / LOSS,
        out / DOSE,
        total,
        int(losses[-1]["tokens"]),
        losses[0]["loss"],
        losses[-1]["loss"],
        resumed,
    )


def _learn(
    model: Any, optimizer: torch.optim.Optimizer, data: Sequences, numbers: list[int], plan: FineTunePlan
) -> tuple[float, int]:
    """One optimiser step; returns the mean loss over learnt tokens and the number of tokens seen."""
    import torch

    size = plan.micro_batch or plan.batch
    batches = [
        data.batch(numbers[i : i + size], answers_only=plan.loss == "answers") for i in range(0, len(numbers), size)
    ]
    weights = [batch.weights(plan.weigh) for batch in batches]
    total = sum(float(weight.sum()) for weight in weights) or 1.0
    loss = 0.0
    for batch, weight in zip(batches, weights, strict=True):
        part = summed_loss(model, batch, weight) / total
        part.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        loss += part.item()
    if loss != loss:
        raise ModelError("The loss is not a number.", next_step="Lower learning_rate or clip.")
    torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss, sum(batch.tokens for batch in batches)


def summed_loss(model: Any, batch: Batch, weight: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy summed over the learnt tokens of a batch, in nats.

    Only positions whose next token is learnt go through the output layer: with loss on answers this saves a good part
    of a small model's time. On a GPU the forward pass runs in bfloat16.
    """
    import torch

    device = next(model.parameters()).device
    bf16 = torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()
    labels = batch.labels.to(device)
    with bf16:
        hidden = model.base_model(
            input_ids=batch.input_ids.to(device),
            attention_mask=batch.mask.to(device),
            position_ids=batch.position_ids.to(device),
            use_cache=False,
        ).last_hidden_state
        learnt = labels != -100
        logits = model.get_output_embeddings()(hidden[learnt])
    each = torch.nn.functional.cross_entropy(logits.float(), labels[learnt], reduction="none")
    return torch.dot(each, weight.to(device))


def _new_model(plan: FineTunePlan, tokenizer: Path) -> Any:
    """A model of the plan's shape with weights drawn from its seed, on the CPU whatever the device."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokens = load_tokenizer(tokenizer)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=plan.hidden,
        intermediate_size=plan.intermediate,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.kv_heads,
        max_position_embeddings=plan.context,
        tie_word_embeddings=plan.tied,
        bos_token_id=tokens.bos_token_id,
        eos_token_id=tokens.eos_token_id,
        pad_token_id=tokens.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        return LlamaForCausalLM(config)


def _base_model(base: Path, tokenizer: Path) -> Any:
    """The base model; raises ModelError if it does not know every token of the tokenizer."""
    import torch

    model = load_weights(base, torch.float32)
    tokens = len(load_tokenizer(tokenizer))
    if tokens > (rows := model.get_input_embeddings().weight.shape[0]):
        raise ModelError(
            f"The tokenizer has {tokens} tokens and the model {rows}.",
            Where(file=str(base)),
            "Pack with the tokenizer of the base model.",
        )
    return model


def _optimizer(model: Any, plan: FineTunePlan) -> torch.optim.Optimizer:
    """AdamW; matrices are decayed, norms are not."""
    import torch

    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, plan.beta2), fused=True)


def _save(model: Any, tokenizer: Path, out: Path) -> None:
    """Write weights, config and tokenizer to a temporary folder and rename it."""
    quiet_transformers()
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(tokenizer, aside)
    model.save_pretrained(aside)
    shutil.rmtree(out, ignore_errors=True)
    os.replace(aside, out)


def _write_curves(out: Path, losses: list[dict[str, float]], sequences: int, plan: FineTunePlan) -> None:
    """Write `loss.parquet` and `dose.parquet`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    loss = pa.schema(
        {
            "step": pa.int64(),
            "loss": pa.float64(),
            "lr": pa.float64(),
            "tokens": pa.int64(),
        }
    )
    pq.write_table(pa.Table.from_pylist(losses, loss), out / LOSS)
    doses = [(step.number, *dose) for step in schedule(sequences, plan) for dose in step.doses]
    steps, numbers, epochs = zip(*doses, strict=True)
    dose = {
        "step": pa.array(steps, pa.int64()),
        "sequence": pa.array(numbers, pa.int64()),
        "epoch": pa.array(epochs, pa.int32()),
    }
    pq.write_table(pa.table(dose), out / DOSE)


def _run_digest(sequences: Path, tokenizer: Path, plan: FineTunePlan, base: Path | None) -> str:
    """Digest of everything that shapes a run, so that no run resumes from the checkpoint of another."""
    digest = hashlib.sha256(plan.model_dump_json(exclude={"checkpoint_every"}).encode())
    files = [sequences, tokenizer / "tokenizer.json"]
    if base:
        files += sorted(path for path in base.iterdir() if path.is_file())
    for path in files:
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
