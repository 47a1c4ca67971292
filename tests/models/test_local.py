"""The local adapter over a model that is trained here, in seconds, to answer what it is asked."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from transformers import BloomConfig, BloomForCausalLM

from meds_pipeline.core.errors import ModelError
from meds_pipeline.instructions.prompts import render
from meds_pipeline.models.base import LoadContext, Model, Prompt, load_model, prompt_digest
from meds_pipeline.models.spec import ModelSpec
from meds_pipeline.training.finetune import finetune
from meds_pipeline.training.packing import pack
from meds_pipeline.training.plan import FineTunePlan
from meds_pipeline.training.tokenizer import sample_texts, train_tokenizer

ANSWERS = {"red": "stop", "green": "go on", "yellow": "wait a little"}
DEFINITION = "What does the light mean?"
CONTEXT = 160
PLAN = FineTunePlan(
    layers=1, hidden=64, intermediate=64, heads=2, kv_heads=2, context=CONTEXT, loss="answers", epochs=25, batch=2,
    learning_rate=1e-2,
)  # fmt: skip


def asked(number: int) -> tuple[str, str]:
    colour = list(ANSWERS)[number % 3]
    return f"{'very ' * (number % 7)}{colour}", ANSWERS[colour]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("local")
    numbers = list(range(90))
    random.Random(0).shuffle(numbers)  # noqa: S311 - an order, not a secret
    chats = []
    for number in numbers:
        query, answer = asked(number)
        shots = [asked(number + 1)] if number % 4 == 0 else []
        chats.append([*render(DEFINITION, shots, query), {"role": "assistant", "content": answer}])
    samples = out / "samples.parquet"
    pq.write_table(pa.table({"sample_id": [str(n) for n in numbers], "messages": chats}), samples)
    train_tokenizer(sample_texts(samples), vocab_size=400, path=out / "tokenizer")
    packed = pack(samples, out / "tokenizer", out, sequence_length=256, seed=0)
    return finetune(packed.sequences, out / "tokenizer", out, PLAN, checkpoints=out / "checkpoints").model


def model(folder: Path, **options: int) -> Model:
    spec = ModelSpec(kind="local", path=str(folder), **{"max_new_tokens": 8, "batch": 4, **options})
    return load_model(spec, LoadContext())


def prompts(count: int, shots: int = 0) -> list[Prompt]:
    return [
        Prompt(f"i{n:02}", "task1", DEFINITION, tuple(asked(n + s) for s in range(shots)), asked(n)[0])
        for n in range(count)
    ]


def test_answers_are_those_it_learnt_in_the_order_asked_and_end_with_the_turn(folder: Path) -> None:
    answers = list(model(folder).generate(prompts(21)))
    assert [(a.item_id, a.output) for a in answers] == [(f"i{n:02}", asked(n)[1]) for n in range(21)]
    assert all(a.error is None and not a.truncated and not a.cut_off for a in answers)
    first = prompts(1)[0]
    assert answers[0].prompt_digest == prompt_digest(render(first.definition, first.shots, first.query))


def test_how_prompts_are_batched_changes_no_answer(folder: Path) -> None:
    several = list(model(folder, batch=5).generate(prompts(12)))
    alone = list(model(folder, batch=1).generate(prompts(12)[::-1]))[::-1]
    assert several == alone


def test_an_answer_is_cut_at_the_limit_and_said_so(folder: Path) -> None:
    (answer,) = model(folder, max_new_tokens=1).generate(prompts(2)[1:])
    assert answer.output
    assert len(answer.output) < len("go on")
    assert (answer.cut_off, answer.truncated) == (True, False)


def test_a_prompt_over_the_context_drops_shots_and_says_how_many_stayed(folder: Path) -> None:
    (answer,) = model(folder).generate(prompts(1, shots=12))
    assert answer.truncated
    assert 0 < answer.shots < 12


def test_a_prompt_that_cannot_be_fitted_is_an_error_of_its_item(folder: Path) -> None:
    endless = Prompt("i99", "task1", "word " * 500, (), "red")
    bad, good = model(folder).generate([endless, *prompts(1)])
    assert bad.output is None
    assert "definition alone" in str(bad.error)
    assert good.output == "stop"


def test_a_model_without_room_for_a_prompt_is_an_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"no room for a prompt \(max_position_embeddings {CONTEXT}\)"):
        model(folder, max_new_tokens=CONTEXT)
    shutil.copytree(folder, tmp_path / "bloom")
    BloomForCausalLM(BloomConfig(vocab_size=9, hidden_size=8, n_layer=1, n_head=2)).save_pretrained(tmp_path / "bloom")
    with pytest.raises(ModelError, match=r"bloom: its config.json leaves no room"):
        model(tmp_path / "bloom")


def test_a_folder_without_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model"):
        model(tmp_path)
