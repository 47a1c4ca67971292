from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForCausalLM

from meds_pipeline.core.errors import ModelError
from meds_pipeline.training.batches import Sequences
from meds_pipeline.training.finetune import FineTuned, finetune, init_model, summed_loss
from meds_pipeline.training.plan import FineTunePlan

if TYPE_CHECKING:
    from meds_pipeline.training.packing import Packed

PLAN = FineTunePlan(
    layers=1,
    hidden=32,
    intermediate=64,
    heads=2,
    kv_heads=1,
    context=256,
    epochs=3,
    batch=2,
    learning_rate=5e-3,
    checkpoint_every=4,
    loss="answers",
)


@pytest.fixture(scope="module")
def tuned(packed: Packed, tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> FineTuned:
    """An unbroken run."""
    out = tmp_path_factory.mktemp("tuned")
    return finetune(packed.sequences, tokenizer, out, PLAN, checkpoints=out / "checkpoints")


def weights(model: Path) -> bytes:
    return (model / "model.safetensors").read_bytes()


def test_it_learns(tuned: FineTuned) -> None:
    assert tuned.last_loss < 0.5 * tuned.first_loss
    curve = pq.read_table(tuned.loss).to_pylist()
    assert [row["step"] for row in curve] == list(range(1, tuned.steps + 1))
    assert curve[-1]["tokens"] == tuned.tokens
    assert curve[0]["loss"] == tuned.first_loss


@pytest.mark.parametrize("step", [2, 9])
def test_a_killed_run_goes_on_to_the_same_weights(
    packed: Packed, tokenizer: Path, tuned: FineTuned, tmp_path: Path, step: int
) -> None:
    script = [sys.executable, str(Path(__file__).with_name("killed_run.py"))]
    arguments = [str(packed.sequences), str(tokenizer), str(tmp_path), PLAN.model_dump_json(), str(step)]
    assert subprocess.run([*script, *arguments], check=False).returncode == -signal.SIGKILL
    again = finetune(packed.sequences, tokenizer, tmp_path, PLAN, checkpoints=tmp_path / "checkpoints")
    assert again.resumed == (step - 1) // PLAN.checkpoint_every * PLAN.checkpoint_every
    assert weights(again.model) == weights(tuned.model)
    assert pq.read_table(again.dose).equals(pq.read_table(tuned.dose))
    assert again.loss.read_bytes() == tuned.loss.read_bytes()


def test_processors_of_the_machine_shape_no_weights(packed: Packed, tokenizer: Path, tmp_path: Path) -> None:
    wide = PLAN.model_copy(
        update={"hidden": 128, "intermediate": 256, "max_steps": 4}
    )  # so wide that threads share sums
    script = [sys.executable, str(Path(__file__).with_name("killed_run.py")), str(packed.sequences), str(tokenizer)]
    for threads in ("1", "3"):
        out = [str(tmp_path / threads), wide.model_dump_json(), "0"]
        subprocess.run([*script, *out], env={**os.environ, "OMP_NUM_THREADS": threads}, check=True)
    one, three = ({p.relative_to(o): p.read_bytes() for p in o.rglob("*.*")} for o in (tmp_path / "1", tmp_path / "3"))
    assert one == three


def test_a_damaged_checkpoint_is_passed_over(packed: Packed, tokenizer: Path, tuned: FineTuned, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(step: int, _steps: int, _loss: float) -> None:
        if step == 9:
            raise StoppedError

    with pytest.raises(StoppedError):
        finetune(packed.sequences, tokenizer, tmp_path, PLAN, checkpoints=tmp_path / "c", progress=stop)
    last = tmp_path / "c" / "step-000000008" / "state.pt"
    last.write_bytes(last.read_bytes()[:-100])
    again = finetune(packed.sequences, tokenizer, tmp_path, PLAN, checkpoints=tmp_path / "c")
    assert again.resumed == 4
    assert weights(again.model) == weights(tuned.model)


def test_checkpoints_of_another_plan_are_not_used(packed: Packed, tokenizer: Path, tmp_path: Path) -> None:
    short = PLAN.model_copy(update={"max_steps": 5})
    finetune(packed.sequences, tokenizer, tmp_path, short, checkpoints=tmp_path / "c")
    assert list((tmp_path / "c").iterdir())
    other = short.model_copy(update={"learning_rate": 1e-3})
    assert finetune(packed.sequences, tokenizer, tmp_path, other, checkpoints=tmp_path / "c").resumed == 0


def test_doses_say_which_step_consumed_which_sequence(tuned: FineTuned, packed: Packed) -> None:
    doses = pq.read_table(tuned.dose).to_pylist()
    assert len(doses) == 3 * packed.sequence_count
    assert {row["step"] for row in doses} == set(range(1, tuned.steps + 1))
    assert {(row["sequence"], row["epoch"]) for row in doses} == {
        (sequence, epoch) for sequence in range(packed.sequence_count) for epoch in range(3)
    }


def test_the_untuned_model_is_where_training_starts(
    packed: Packed, tokenizer: Path, tuned: FineTuned, tmp_path: Path
) -> None:
    init_model(PLAN, tokenizer, tmp_path / "untuned")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "untuned")
    first = [row["sequence"] for row in pq.read_table(tuned.dose).to_pylist() if row["step"] == 1]
    batch = Sequences(packed.sequences).batch(first, answers_only=True)
    weight = batch.weights("tokens")
    with torch.no_grad():
        loss = float(summed_loss(model, batch, weight) / weight.sum())
    assert loss == pytest.approx(tuned.first_loss, rel=1e-5)
    assert (tmp_path / "untuned" / "chat_template.jinja").is_file()


def test_a_packed_sample_is_learnt_as_if_it_were_alone(packed: Packed, tuned: FineTuned) -> None:
    model = AutoModelForCausalLM.from_pretrained(tuned.model).eval()
    batch = Sequences(packed.sequences).batch([0], answers_only=False)
    alone = torch.tensor(0.0)
    segments = batch.segments[0]
    with torch.no_grad():
        together = summed_loss(model, batch, batch.weights("tokens"))
        for segment in range(int(segments.max()) + 1):
            ids = batch.input_ids[0][segments == segment][None]
            alone += model(input_ids=ids, labels=ids).loss * (ids.shape[1] - 1)
    assert float(together) == pytest.approx(float(alone), rel=1e-4)


def test_micro_batches_add_up_to_the_batch(packed: Packed, tokenizer: Path, tmp_path: Path) -> None:
    short = PLAN.model_copy(update={"max_steps": 2, "batch": 4, "weigh": "samples"})
    split = short.model_copy(update={"micro_batch": 1})
    whole, parts = (
        finetune(packed.sequences, tokenizer, tmp_path / name, plan, checkpoints=tmp_path / name / "c")
        for name, plan in (("whole", short), ("parts", split))
    )
    assert parts.last_loss == pytest.approx(whole.last_loss, rel=1e-4)


def test_training_goes_on_from_a_base_model(packed: Packed, tokenizer: Path, tuned: FineTuned, tmp_path: Path) -> None:
    further = PLAN.model_copy(update={"max_steps": 1})
    from_base = finetune(packed.sequences, tokenizer, tmp_path, further, base=tuned.model, checkpoints=tmp_path / "c")
    assert from_base.first_loss < 0.5 * tuned.first_loss


def test_a_base_that_lacks_tokens_is_refused(packed: Packed, tokenizer: Path, tuned: FineTuned, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tuned.model)
    model.resize_token_embeddings(300)
    model.save_pretrained(tmp_path / "small")
    with pytest.raises(ModelError, match="300"):
        finetune(packed.sequences, tokenizer, tmp_path, PLAN, base=tmp_path / "small", checkpoints=tmp_path / "c")
