"""Trains and kills itself in a step (0: never): `python killed_run.py SEQUENCES TOKENIZER OUT PLAN STEP`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from meds_pipeline.training.finetune import finetune
from meds_pipeline.training.plan import FineTunePlan

sequences, tokenizer, out = map(Path, sys.argv[1:4])
last = int(sys.argv[5])


def die(step: int, _steps: int, _loss: float) -> None:
    if step == last:
        os.kill(os.getpid(), signal.SIGKILL)


finetune(
    sequences,
    tokenizer,
    out,
    FineTunePlan.model_validate_json(sys.argv[4]),
    checkpoints=out / "checkpoints",
    progress=die,
)
