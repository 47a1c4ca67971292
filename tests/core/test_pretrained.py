"""Model folders from elsewhere: their code is refused without a question, their pickles are not opened."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from meds_pipeline.core.errors import ModelError
from meds_pipeline.core.pretrained import load_tokenizer, load_weights

OWN_CODE = {"auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M", "AutoTokenizer": ["own.T", None]}}


def with_code(folder: Path, name: str) -> Path:
    (folder / name).write_text(json.dumps({"model_type": "own", **OWN_CODE}))
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass C: pass\nclass M: pass\nclass T: pass\n")
    return folder


def weights(folder: Path) -> Any:
    return load_weights(folder, torch.float32)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("load", [load_tokenizer, weights])
def test_code_of_a_model_is_refused_and_nobody_is_asked(tmp_path: Path, name: str, load: Callable[[Path], Any]) -> None:
    with pytest.raises(ModelError, match=r"code of its own \(`auto_map`\)") as error:
        load(with_code(tmp_path, name))
    assert name in str(error.value)
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(ModelError, match=r"pickled ones \(\.bin, \.pt\) can run code"):
        weights(tmp_path)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"model_type": "nobody knows"}'])
def test_settings_that_say_nothing_valid_are_an_error_that_names_the_folder(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    (tmp_path / "model.safetensors").touch()
    for load in (load_tokenizer, weights):
        with pytest.raises(ModelError, match=str(tmp_path)):
            load(tmp_path)
