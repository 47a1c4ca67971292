"""The shipped `tiny` plan learns to read: run with `-m slow` (about a minute on two free cores)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from small_samples import write_samples

from meds_pipeline.home.settings import load_settings
from meds_pipeline.instructions.prompts import render
from meds_pipeline.models.base import LoadContext, Prompt, load_model
from meds_pipeline.models.spec import ModelSpec
from meds_pipeline.training.finetune import finetune
from meds_pipeline.training.packing import pack
from meds_pipeline.training.tokenizer import sample_texts, train_tokenizer

DEFINITION = "Read the passage and answer its question with yes, no or maybe."
CUES = {
    "yes": ("was clearly better with", "fell markedly with", "improved beyond doubt with"),
    "no": ("did not change with", "was the same with and without", "stayed as it was despite"),
    "maybe": ("was better in one half of the patients on", "changed within the range of chance with"),
}
THINGS = ("tea", "salt", "rest", "heat", "light", "walking", "music", "zinc", "honey", "sleep", "ginger", "yoga")
ILLS = ("pain", "cough", "fever", "fatigue", "nausea", "itching", "headache", "dizziness")
FILLERS = (
    "Patients were seen every week for {n} weeks at one hospital.",
    "All {n} participants gave consent before the first visit.",
    "The study was planned for {n} months and kept to its plan.",
)


def item(draw: random.Random) -> tuple[str, str]:
    answer = draw.choice(list(CUES))
    thing, ill, fillers = draw.choice(THINGS), draw.choice(ILLS), draw.sample(FILLERS, 2)
    passage = " ".join(
        [
            f"Whether {thing} helps against {ill} is often asked.",
            *(filler.format(n=draw.randint(10, 99)) for filler in fillers),
            f"In the end {ill} {draw.choice(CUES[answer])} {thing}.",
        ]
    )
    return f"{passage}\nQuestion: does {thing} help against {ill}?", answer


@pytest.mark.slow
def test_the_tiny_plan_beats_the_majority_answer_three_shot_on_new_items(tmp_path: Path) -> None:
    plan = load_settings(tmp_path).plan("tiny")
    draw = random.Random(0)  # noqa: S311 - invented text, not a secret
    chats = []
    for _ in range(1200):
        shots = [item(draw) for _ in range(3 if draw.random() < plan.mixture.few_shot else 0)]
        query, answer = item(draw)
        chats.append([*render(DEFINITION, shots, query), {"role": "assistant", "content": answer}])
    samples = write_samples(tmp_path / "samples.parquet", chats)
    train_tokenizer(sample_texts(samples), vocab_size=plan.vocabulary, path=tmp_path / "tokenizer")
    packed = pack(samples, tmp_path / "tokenizer", tmp_path, sequence_length=plan.sequence_length, seed=0)
    tuned = finetune(
        packed.sequences, tmp_path / "tokenizer", tmp_path, plan.fine_tuning, checkpoints=tmp_path / "checkpoints"
    )
    held_out = [item(draw) for _ in range(100)]
    prompts = [
        Prompt(str(n), "t", DEFINITION, tuple(item(draw) for _ in range(3)), query)
        for n, (query, _) in enumerate(held_out)
    ]
    model = load_model(ModelSpec(kind="local", path=str(tuned.model), max_new_tokens=4), LoadContext())
    right = sum(a.output == gold for a, (_, gold) in zip(model.generate(prompts), held_out, strict=True))
    most = max(sum(gold == answer for _, gold in held_out) for answer in CUES)
    assert right >= most + 25, f"{right} right of 100; the majority answer gets {most}"
