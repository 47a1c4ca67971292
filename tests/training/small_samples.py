"""Small chats for the tests of tokenizer, packing and training."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.instructions.prompts import Message, render

DRUGS = ("aspirin", "ibuprofen", "metformin", "warfarin", "insulin")


def chat(number: int, *, shots: int = 0) -> list[Message]:
    """A small sample: a sentence that helps or harms, and the answer yes or no."""
    drug, helps = DRUGS[number % len(DRUGS)], number % 2 == 0
    query = f"In trial {number}, {drug} {'improved' if helps else 'worsened'} the symptoms."
    cases = [(f"Case {i}: {drug} was given.", "maybe") for i in range(shots)]
    return [
        *render("Does the drug help? Answer yes or no.", cases, query),
        {"role": "assistant", "content": "yes" if helps else "no, not at all"},
    ]


def write_samples(path: Path, chats: list[list[Message]]) -> Path:
    pq.write_table(pa.table({"sample_id": [f"s{i:05d}" for i in range(len(chats))], "messages": chats}), path)
    return path
