"""Checkpoints, from which a killed run resumes: written aside, renamed when whole, and checked by digest when read."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

KEEP = 2  # the last one, and one before it in case the last is damaged


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State after a step.

    Attributes:
        step: Optimiser steps done.
        state: `model` and `optimizer` state dicts.
        losses: The rows of the loss curve so far.
    """

    step: int
    state: dict[str, Any]
    losses: list[dict[str, float]]


def save_checkpoint(folder: Path, run: str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and remove all but the last `KEEP`.

    Args:
        folder: Where checkpoints of this run are.
        run: Digest of everything that shapes the run; only a checkpoint of the same run is read again.
        checkpoint: What to write.
    """
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"step-{checkpoint.step:09d}"
    aside = folder / f".{final.name}.{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    torch.save(checkpoint.state, aside / "state.pt")
    about = {
        "run": run,
        "step": checkpoint.step,
        "sha256": _digest(aside / "state.pt"),
        "losses": checkpoint.losses,
    }
    (aside / "checkpoint.json").write_text(json.dumps(about), encoding="utf-8")
    for file in aside.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    shutil.rmtree(final, ignore_errors=True)
    os.replace(aside, final)
    for old in _present(folder)[KEEP:]:
        shutil.rmtree(old)


def load_checkpoint(folder: Path, run: str) -> Checkpoint | None:
    """The last whole checkpoint of this run, or None; damaged checkpoints and those of other runs are skipped."""
    import torch

    for path in _present(folder):
        try:
            about = json.loads((path / "checkpoint.json").read_text(encoding="utf-8"))
            if about["run"] != run:
                continue
            if about["sha256"] != _digest(path / "state.pt"):
                raise ValueError("the digest differs")
        except (OSError, ValueError, KeyError) as error:
            logger.warning("Checkpoint %s is damaged and not used: %s", path, error)
            continue
        state = torch.load(path / "state.pt", map_location="cpu", weights_only=True)
        return Checkpoint(about["step"], state, about["losses"])
    return None


def _present(folder: Path) -> list[Path]:
    """Checkpoints, the last first; files of killed writers have a leading dot and are left out."""
    return sorted(folder.glob("step-*"), reverse=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
