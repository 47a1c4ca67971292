"""Opens model folders of `transformers`: nothing is downloaded, and no code in a folder is run.

A folder may bring code as Python modules (`auto_map` in its settings) or inside pickled weights. Both are refused
without a question; only safetensors weights are read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.errors import ModelError, Where

if TYPE_CHECKING:
    from pathlib import Path

    import torch

_SETTINGS = ("config.json", "tokenizer_config.json")


def load_weights(folder: Path, dtype: torch.dtype) -> Any:
    """Return the causal language model of a folder, on the CPU.

    Raises:
        ModelError: There is no model, it needs its own code, its weights are not safetensors, or they cannot be loaded.
    """
    from transformers import AutoModelForCausalLM

    _refuse_code(folder)
    _require(folder / "config.json")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            "it has no weights as safetensors; pickled ones (.bin, .pt) can run code and are not loaded.",
            Where(file=str(folder)),
            "Convert them where you trust them: `save_pretrained` writes safetensors.",
        )
    try:
        return AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except Exception as error:  # from the model's settings, its shapes, or the safetensors reader
        raise _unloadable("its model cannot be loaded", error, folder, "transformers model folder") from error


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer of a folder; raises ModelError where it needs code of its own or cannot be loaded."""
    from transformers import AutoTokenizer

    _require(folder)
    _refuse_code(folder)
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # from the tokenizer's settings or files
        files = "folder with tokenizer.json, tokenizer_config.json and a chat template"
        raise _unloadable("no fast tokenizer can be loaded", error, folder, files) from error


def _unloadable(problem: str, error: Exception, folder: Path, wanted: str) -> ModelError:
    return ModelError(f"{problem} ({type(error).__name__}).", Where(file=str(folder)), f"Give a {wanted}.")


def _require(path: Path) -> None:
    if not path.exists():
        raise ModelError("no model is there.", Where(file=str(path)), "Put a transformers model folder there.")


def _refuse_code(folder: Path) -> None:
    for path in (folder / name for name in _SETTINGS):
        if not path.is_file():
            continue
        try:
            settings = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise ModelError("it is not JSON.", Where(file=str(path)), "Give a transformers model folder.") from error
        if isinstance(settings, dict) and "auto_map" in settings:
            raise ModelError(
                "the model comes with code of its own (`auto_map`), which is not run.",
                Where(file=str(path)),
                "Take a model that transformers knows; where it knows this one's `model_type`, remove `auto_map`.",
            )
