"""Settings: what shapes outputs, and where things are. `defaults.yaml`, then `<home>/meds.yaml`, then the caller.

Unknown keys fail with file and line. Paths and worker counts are not part of any fingerprint; the rest is, where a
step names it.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from meds_pipeline.catalog.model import Identifier, Strict
from meds_pipeline.errors import CatalogError, UnknownNameError, Where
from meds_pipeline.models.spec import ModelSpec
from meds_pipeline.training.plan import TrainingPlan


class CatalogSettings(Strict):
    """Where corpora come from and which distribution of each is used."""

    extra: list[Path] = []
    """Further folders of corpus YAMLs."""
    active: dict[Identifier, Identifier] = {}
    """Corpus to distribution, where more than one is there."""


class BenchmarkSettings(Strict):
    """How a release is chosen when it is frozen; a frozen release never changes."""

    release: Identifier = "default"
    items_per_task: int = Field(default=100, gt=0)
    shots: int = Field(default=3, ge=0)
    pool: int = Field(default=32, ge=0)
    """Training-split examples a task keeps to draw shots from."""


class QualitySettings(Strict):
    """Limits of the quality rules."""

    max_input_chars: int = 60_000
    near_duplicate: float = Field(default=0.8, gt=0, le=1)
    """Jaccard similarity of word 5-grams from which two inputs count as near duplicates."""


class TwinSettings(Strict):
    """How much synthetic content a run without raw files makes."""

    records: int = Field(default=600, gt=0)


class Settings(Strict):
    """All settings of a home."""

    seed: int = 0
    threads: int = Field(default=2, gt=0)
    """DuckDB threads of one step."""
    workers: int = Field(default=2, gt=0)
    """Corpora processed at the same time."""
    memory_limit: str = "4GB"
    sandbox_seconds: float = 600
    nightly: str = "0 3 * * *"
    """Cron schedule of the nightly rebuild, in UTC."""
    catalog: CatalogSettings = CatalogSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    quality: QualitySettings = QualitySettings()
    twins: TwinSettings = TwinSettings()
    plans: dict[str, TrainingPlan]
    models: dict[str, ModelSpec]

    def plan(self, name: str) -> TrainingPlan:
        """Return a training plan by name; raises UnknownNameError listing the known ones."""
        if name not in self.plans:
            raise UnknownNameError(f"there is no training plan {name!r}.", next_step=f"Known: {', '.join(self.plans)}.")
        return self.plans[name]

    def model(self, name: str) -> ModelSpec:
        """Return a model by name; raises UnknownNameError listing the known ones."""
        if name not in self.models:
            raise UnknownNameError(f"there is no model {name!r}.", next_step=f"Known: {', '.join(self.models)}.")
        return self.models[name]


def default_workers() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_settings(home: Path, overrides: dict[str, Any] | None = None) -> Settings:
    """Load the settings of a home.

    Raises:
        CatalogError: A file holds an unknown key or a bad value.
    """
    data = yaml.safe_load((resources.files("meds_pipeline") / "defaults.yaml").read_text(encoding="utf-8"))
    source = "defaults.yaml"
    for path in (home / "meds.yaml", home / "models.yaml"):
        if path.is_file():
            source = str(path)
            own = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            data = merge(data, own if path.name == "meds.yaml" else {"models": own})
    data = merge(data, overrides or {})
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CatalogError(
            f"{key}: {first['msg']}.", Where(file=source), "docs/settings.md lists every key."
        ) from error


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on it, mapping by mapping."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
