"""Settings: what shapes outputs, and where things are. `defaults.yaml`, then `<home>/meds.yaml`, then the caller.

Every file of `<home>/submissions` is a model, too. Unknown keys fail with file and line. Paths and worker counts are
not part of any fingerprint; the rest is, where a step names it.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt, ValidationError

from meds_pipeline.benchmark.settings import BenchmarkSettings
from meds_pipeline.catalog.located import Located, Place, read_yaml
from meds_pipeline.catalog.strict import Identifier, Strict
from meds_pipeline.core.errors import CatalogError, UnknownNameError, Where
from meds_pipeline.core.files import NAME
from meds_pipeline.core.parquet import Budget
from meds_pipeline.models.spec import ModelSpec
from meds_pipeline.quality.settings import QualitySettings
from meds_pipeline.scoring.submission.rows import SUFFIXES
from meds_pipeline.training.plan import TrainingPlan
from meds_pipeline.twins.settings import TwinSettings

if TYPE_CHECKING:
    from collections.abc import Container

_KEYS = "docs/settings.md lists every key."


_SIZE = r"^[1-9][0-9]*(\.[0-9]+)? ?[KMGT]i?B$"


class CatalogSettings(Strict):
    """Where corpora come from and which distribution of each is used."""

    extra: list[Path] = []
    """Further folders of corpus YAMLs, relative to the home."""
    active: dict[Identifier, Identifier] = {}
    """Corpus to distribution, where more than one is there."""


class Settings(Strict):
    """All settings of a home."""

    seed: int = 0
    threads: int = Field(default=2, gt=0)
    """DuckDB threads of one step."""
    workers: int = Field(default=2, gt=0)
    """Corpora processed at the same time."""
    memory_limit: str = Field(default="4GB", pattern=_SIZE)
    """Memory of one step's DuckDB, such as 4GB or 512MB."""
    sandbox_seconds: float = 600
    sandbox_output: str = Field(default="20GB", pattern=_SIZE)
    """Text that the recipes of one corpus may return, before compression."""
    nightly: str | None = "0 3 * * *"
    """Cron schedule of the nightly rebuild, in UTC; null for none."""
    partitions_per_run: PositiveInt | Literal["all"] = "all"
    """Corpora that one run carries: all on one machine, 1 where a launcher spreads runs over several."""
    catalog: CatalogSettings = CatalogSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    quality: QualitySettings = QualitySettings()
    twins: TwinSettings = TwinSettings()
    plans: dict[str, TrainingPlan]
    models: dict[str, ModelSpec]

    @property
    def corpora_per_run(self) -> int | None:
        """Corpora that one run carries, None for all."""
        return None if self.partitions_per_run == "all" else self.partitions_per_run

    @property
    def budget(self) -> Budget:
        """What one DuckDB connection of a step may use."""
        return Budget(self.threads, self.memory_limit)

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


def load_settings(home: Path, overrides: dict[str, Any] | None = None) -> Settings:
    """Load the settings of a home.

    Raises:
        CatalogError: A file holds an unknown key or a bad value, or the caller would have a host trusted.
    """
    data: dict[str, Any] = {}
    with resources.as_file(resources.files("meds_pipeline.home") / "defaults.yaml") as defaults:
        layers: list[tuple[Located, Place]] = [(read_yaml(defaults), ())]
    own_files: list[tuple[Path, Place]] = [(home / "meds.yaml", ()), (home / "models.yaml", ("models",))]
    layers += [(read_yaml(path), under) for path, under in own_files if path.is_file()]
    for file, under in layers:
        own = {} if file.data is None else file.data
        if not isinstance(own, dict):
            raise CatalogError("not a mapping of keys to values.", Where(file=str(file.path)), _KEYS)
        data = merge(data, {str(under[0]): own} if under else own)
    _refuse_trust(overrides or {})
    data = merge(data, overrides or {})
    data["models"] = {**data["models"], **_submitted(home, data["models"])}
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CatalogError(f"{key}: {first['msg']}.", _where(layers, first["loc"]), _KEYS) from error


def _refuse_trust(overrides: dict[str, Any]) -> None:
    """Raise CatalogError where a caller names hosts to trust: who may start a run need not be who may let text out."""
    models = overrides.get("models")
    for name, model in models.items() if isinstance(models, dict) else ():
        if isinstance(model, dict) and "trusted_hosts" in model:
            problem = f"models.{name}.trusted_hosts: trust is taken from the home's files alone."
            raise CatalogError(problem, next_step=f"Write it under {name} in <home>/models.yaml.")


def _submitted(home: Path, named: Container[str]) -> dict[str, Any]:
    """Return the models of `<home>/submissions`: each file is one, named after it."""
    found: dict[str, Any] = {}
    for path in sorted((home / "submissions").glob("[!.]*")):
        if path.suffix not in SUFFIXES:
            continue
        if path.stem in named or path.stem in found or not NAME.fullmatch(path.stem):
            problem = "another model has this name" if NAME.fullmatch(path.stem) else "no model can have this name"
            raise CatalogError(f"{problem}.", Where(file=str(path)), "Rename the file: its name names the model.")
        found[path.stem] = {"kind": "file", "path": f"submissions/{path.name}"}
    return found


def _where(layers: list[tuple[Located, Place]], place: Place) -> Where:
    """Return file and line of the last layer that says most of `place`; nothing where the caller said it."""
    found, deepest = Where(), 1
    for file, under in layers:
        inside = place[len(under) :] if place[: len(under)] == under else ()
        depth = file.depth(inside) + len(under)
        if inside and depth >= deepest:
            found, deepest = file.where(inside), depth
    return found


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on it, mapping by mapping."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
