"""Settings: what shapes outputs, and where things are. `defaults.yaml`, then `<home>/meds.yaml`, then the caller.

Every file of `<home>/submissions` is a model too; a file that cannot be a model is refused without stopping the others.
Unknown keys and values out of bounds fail with file and line. Paths and worker counts are not part of any fingerprint;
the other settings are part of the fingerprints of the steps that name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ByteSize, Field, PrivateAttr, StringConstraints, TypeAdapter, ValidationError

from meds_pipeline.benchmark.settings import BenchmarkSettings
from meds_pipeline.catalog.located import Located, Place, read_yaml
from meds_pipeline.catalog.strict import Identifier, Strict
from meds_pipeline.core.errors import CatalogError, UnknownNameError, Where
from meds_pipeline.core.files import NAME
from meds_pipeline.core.parquet import Budget
from meds_pipeline.home.cron import Cron
from meds_pipeline.models.spec import ModelSpec
from meds_pipeline.quality.settings import QualitySettings
from meds_pipeline.readers.base import ReaderLimits
from meds_pipeline.scoring.submission.rows import SUFFIXES
from meds_pipeline.training.plan import TrainingPlan
from meds_pipeline.twins.settings import TwinSettings

if TYPE_CHECKING:
    from collections.abc import Container

_KEYS = "docs/settings.md lists every key."
_LEAST_MEGABYTES = 256
_MEGABYTES = {"K": 1e-3, "M": 1, "G": 1e3, "T": 1e6}


def _enough(size: str) -> str:
    number, unit = size.rstrip("iB")[:-1], size.rstrip("iB")[-1]
    if float(number) * _MEGABYTES[unit] < _LEAST_MEGABYTES:
        raise ValueError(f"{size} is too little: at least {_LEAST_MEGABYTES}MB")
    return size


Size = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}(\.[0-9]{1,3})? ?[KMGT]i?B$")]
Memory = Annotated[Size, AfterValidator(_enough)]
Name = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]
"""Name of a plan or model; it is also the name of folders."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file of `<home>/submissions` that is no model."""

    file: str
    problem: str
    next_step: str

    def __str__(self) -> str:
        """Render like an error."""
        return str(CatalogError(self.problem, Where(file=self.file), self.next_step))


class CatalogSettings(Strict):
    """Where corpora come from and which distribution of each is used."""

    extra: list[Path] = []
    """Further folders of corpus YAMLs, relative to the home."""
    active: dict[Identifier, Identifier] = {}
    """The distribution to use by corpus, for a corpus with files of several distributions."""


class Settings(Strict):
    """All settings of a home."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    threads: int = Field(default=2, gt=0, le=1024)
    """DuckDB threads of one step."""
    workers: int = Field(default=2, gt=0, le=1024)
    """Corpora processed at the same time."""
    memory_limit: Memory = "4GB"
    """Memory of one step's DuckDB, such as 4GB or 512MB."""
    reader_memory: Memory = "4GB"
    """Memory that reading one raw file may take."""
    reader_seconds: float = Field(default=60, ge=1, le=604_800)
    """Processor time that reading a small raw file may take."""
    reader_seconds_per_mb: float = Field(default=10, ge=0, le=604_800)
    """Processor time that reading a large raw file may take, per million bytes on disk."""
    sandbox_seconds: float = Field(default=600, ge=1, le=604_800)
    sandbox_output: Size = "20GB"
    """Text that the recipes of one corpus may return, before compression."""
    nightly: Cron | None = "0 3 * * *"
    """Cron schedule of the nightly rebuild, in UTC; null for none."""
    partitions_per_run: Annotated[int, Field(gt=0, le=1_000_000)] | Literal["all"] = "all"
    """Corpora that one run builds: `all` on one machine, 1 if a launcher spreads runs over several machines."""
    keep_runs_days: int = Field(default=30, ge=1, le=100_000)
    """Days for which Dagster keeps the log of a run; the run that made the current output is kept longer."""
    catalog: CatalogSettings = CatalogSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    quality: QualitySettings = QualitySettings()
    twins: TwinSettings = TwinSettings()
    plans: dict[Name, TrainingPlan]
    models: dict[Name, ModelSpec]
    _refused: tuple[Refused, ...] = PrivateAttr(default=())

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Files of `<home>/submissions` that are not models; no output depends on them."""
        return self._refused

    @property
    def corpora_per_run(self) -> int | None:
        """Corpora that one run builds, None for all."""
        return None if self.partitions_per_run == "all" else self.partitions_per_run

    @property
    def budget(self) -> Budget:
        """What one DuckDB connection of a step may use."""
        return Budget(self.threads, self.memory_limit)

    @property
    def reader_limits(self) -> ReaderLimits:
        """What reading one raw file may take."""
        memory = TypeAdapter(ByteSize).validate_python(self.reader_memory)
        return ReaderLimits(memory, self.reader_seconds, self.reader_seconds_per_mb)

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
        CatalogError: A file holds an unknown key or a bad value, or the caller's settings name trusted hosts.
    """
    data: dict[str, Any] = {}
    with resources.as_file(resources.files("meds_pipeline.home") / "defaults.yaml") as defaults:
        layers: list[tuple[Located, Place]] = [(read_yaml(defaults), ())]
    own_files: list[tuple[Path, Place]] = [(home / "meds.yaml", ()), (home / "models.yaml", ("models",))]
    layers += [(read_yaml(path), under) for path, under in own_files if path.exists()]
    for file, under in layers:
        own = {} if file.data is None else file.data
        if not isinstance(own, dict):
            raise CatalogError("not a mapping of keys to values.", Where(file=str(file.path)), _KEYS)
        data = merge(data, {str(under[0]): own} if under else own)
    _refuse_trust(overrides or {})
    data = merge(data, overrides or {})
    named: object = data["models"]
    refused: list[Refused] = []
    if isinstance(named, dict):  # else validation names its place
        submitted, refused = _submitted(home, named)
        data["models"] = {**named, **submitted}
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        raise CatalogError(f"{key}: {problem}.", _where(layers, first["loc"]), _KEYS) from error
    settings._refused = tuple(refused)
    return settings


def _refuse_trust(overrides: dict[str, Any]) -> None:
    """Raise CatalogError if a caller names trusted hosts: who may start a run may not decide where text is sent."""
    models = overrides.get("models")
    for name, model in models.items() if isinstance(models, dict) else ():
        if isinstance(model, dict) and "trusted_hosts" in model:
            problem = f"models.{name}.trusted_hosts: trust is taken from the home's files alone."
            raise CatalogError(problem, next_step=f"Write it under {name} in <home>/models.yaml.")


def _submitted(home: Path, named: Container[str]) -> tuple[dict[str, Any], list[Refused]]:
    """Return the models of `<home>/submissions`, each named after its file, and the files that are not models."""
    found: dict[str, Any] = {}
    refused = []
    for path in sorted((home / "submissions").glob("[!.]*")):
        if path.suffix not in SUFFIXES:
            continue
        problem = ""
        if not NAME.fullmatch(path.stem):
            problem = "no model can have this name."
        elif path.stem in named or path.stem in found:
            problem = f"another model has this name{': ' + found[path.stem]['path'] if path.stem in found else ''}."
        elif not path.is_file():
            problem = "it is no file."
        if problem:
            shown = str(path).encode(errors="surrogateescape").decode(errors="replace")
            refused.append(Refused(shown, problem, "Rename the file: its name names the model."))
        else:
            found[path.stem] = {"kind": "file", "path": f"submissions/{path.name}"}
    return found, refused


def _where(layers: list[tuple[Located, Place]], place: Place) -> Where:
    """Return file and line of the last layer that has the longest part of `place`; nothing if the caller set it."""
    found, deepest = Where(), 1
    for file, under in layers:
        inside = place[len(under) :] if place[: len(under)] == under else ()
        depth = file.depth(inside) + len(under)
        if inside and depth >= deepest:
            found, deepest = file.where(inside), depth
    return found


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `over` in place of its own, mapping by mapping."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
