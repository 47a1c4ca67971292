"""Asks a model every item of the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.core.hardware import device
from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps.packed_training_set import base_digest, base_of
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace

_MADE_BY = {"tuned": "fine_tuned_model", "untuned": "packed_training_set", "majority": "training_set"}
"""By kind of model, the asset of its plan from which it is made."""
_COMPUTED = ("tuned", "untuned", "local")
"""Kinds whose answers are computed here."""


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.models.stage import predict

    spec = ws.settings.model(name)
    inputs = {"benchmark": ws.require_good("benchmark", ALL)}
    if (made_by := _MADE_BY.get(spec.kind)) is not None:
        inputs[made_by] = ws.require_good(made_by, str(spec.plan))
    plan = None if spec.plan is None else ws.settings.plan(spec.plan)
    untuned = plan if spec.kind == "untuned" else None
    weights = untuned and {"base": base_digest(ws, untuned), **untuned.fine_tuning.model_dump(mode="json")}
    on = device() if spec.kind in _COMPUTED else None
    base = None if plan is None else base_of(ws, plan)
    path = None if spec.path is None else ws.home / spec.path
    files = None if path is None else ws.store.hasher.sha256_tree(path)
    access = ws.access_of_tasks()
    return Needs(
        inputs,
        {
            "spec": spec.shaping(),
            "path": files,
            "fine_tuning": weights,
            "device": on,
            "closed": ws.closed_tasks(inputs["benchmark"]),
        },
        lambda draft: predict(name, spec, plan, inputs, draft, path=path, base=base, access=access),
    )


STEP = Step(
    asset="predictions",
    version="5",
    group="evaluation",
    partitions="model",
    reads=("benchmark", "training_set", "packed_training_set", "fine_tuned_model"),
    about="A model's answer to every item of the release.",
    kinds=frozenset({"parquet", "pytorch"}),
    main="lineage/prediction.parquet",
    code=(
        *("models", "instructions", "training/finetune.py", "scoring/submission", "scoring/base.py"),
        *("benchmark/access.py", "core/parquet.py", "core/pretrained.py", "core/hardware.py"),
    ),
    needs=_needs,
    pool="accelerator",
)
