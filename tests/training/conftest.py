from __future__ import annotations

from pathlib import Path

import pytest
from small_samples import chat, write_samples

from meds_pipeline.instructions.chat import ChatTokenizer
from meds_pipeline.training.packing import Packed, pack
from meds_pipeline.training.tokenizer import sample_texts, train_tokenizer


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 samples; every fifth shows three shots."""
    path = tmp_path_factory.mktemp("samples") / "samples.parquet"
    return write_samples(path, [chat(i, shots=3 if i % 5 == 0 else 0) for i in range(120)])


@pytest.fixture(scope="session")
def tokenizer(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer"
    train_tokenizer(sample_texts(samples), vocab_size=400, path=path)
    return path


@pytest.fixture(scope="session")
def chats(tokenizer: Path) -> ChatTokenizer:
    return ChatTokenizer(tokenizer)


@pytest.fixture(scope="session")
def packed(samples: Path, tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return pack(samples, tokenizer, tmp_path_factory.mktemp("packed"), sequence_length=256, seed=0)
