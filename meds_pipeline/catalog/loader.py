"""Reads the catalog: one YAML a corpus, checked against the models, errors with file and line.

Sources, in order: this package's `catalog/corpora`, folders named in the settings (`catalog.extra`), and folders that
installed packages offer under the entry-point group `meds_pipeline.catalog` (a callable returning a path).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from meds_pipeline.catalog.located import read_yaml
from meds_pipeline.catalog.model import ACCESSES, Corpus, Distribution, Task
from meds_pipeline.core.errors import CatalogError, UnknownNameError, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from meds_pipeline.catalog.located import Located
    from meds_pipeline.catalog.model import Access

ENTRY_POINTS = "meds_pipeline.catalog"
_SUFFIXES = (".yaml", ".yml")
_KEYS = "docs/add-a-corpus.md lists every key."


@dataclass(frozen=True)
class Catalog:
    """All known corpora by name."""

    corpora: Mapping[str, Corpus]

    def corpus(self, name: str) -> Corpus:
        """Return a corpus; raises UnknownNameError with close names, or with the one that a distribution is of."""
        if name not in self.corpora:
            owners = [
                corpus.corpus for corpus in self.corpora.values() if name in (*corpus.distributions, *corpus.folders)
            ]
            if owners:
                problem = f"{name!r} is no corpus but a form of {' and '.join(owners)}."
                raise UnknownNameError(problem, next_step=f"Name the corpus: {' or '.join(owners)}.")
            close = difflib.get_close_matches(name, self.corpora, n=3)
            hint = f"Did you mean {' or '.join(close)}?" if close else "`meds corpora` lists all."
            raise UnknownNameError(f"there is no corpus {name!r} in the catalog.", next_step=hint)
        return self.corpora[name]

    @cached_property
    def tasks(self) -> Mapping[str, tuple[Corpus, Task]]:
        """Every task with the corpus it belongs to, by task id."""
        return {task_id: (corpus, task) for corpus in self.corpora.values() for task_id, task in corpus.tasks.items()}

    @cached_property
    def distributions(self) -> Mapping[str, tuple[Corpus, Distribution]]:
        """Every distribution with its corpus, by name: the name of its folder below the raw folder."""
        return {name: (corpus, d) for corpus in self.corpora.values() for name, d in corpus.distributions.items()}


def load_catalog(extra: Iterable[Path] = ()) -> Catalog:
    """Load and check every corpus YAML.

    Raises:
        CatalogError: A file is not valid YAML or says something the models or readers refuse, two say the same name, or
            a task takes its examples from one that nobody has.
    """
    files = [(file, _corpus(file)) for file in map(read_yaml, _yaml_files(extra))]
    owners: dict[str, Path] = {}
    for file, corpus in files:
        _claim_names(file, corpus, owners)
    tasks = {task_id for _, corpus in files for task_id in corpus.tasks}
    for file, corpus in files:
        _check_examples(file, corpus, tasks)
    access = _access_of_folders(corpus for _, corpus in files)
    corpora = {corpus.corpus: _as_strict_as(corpus, access) for _, corpus in files}
    return Catalog(dict(sorted(corpora.items())))


def load_corpus(path: Path) -> Corpus:
    """Load one corpus YAML; raises CatalogError with the line of the first problem."""
    return _corpus(read_yaml(path))


def _corpus(file: Located) -> Corpus:
    try:
        corpus = Corpus.model_validate(file.data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CatalogError(f"{key}: {first['msg']}.", file.where(first["loc"]), _KEYS) from error
    _check_entries(file, corpus)
    return corpus


def _check_entries(file: Located, corpus: Corpus) -> None:
    """Ask the reader of every entry whether it takes what the entry says."""
    from meds_pipeline.readers.driver import staged_schema

    for name, distribution in corpus.distributions.items():
        for entry, spec in distribution.files.items():
            try:
                staged_schema(corpus.corpus, entry, spec)
            except CatalogError as error:
                place = ("distributions", name, "files", entry)
                problem = f"{'.'.join(place)}: {error.problem}"
                raise CatalogError(problem, file.where(place), error.next_step) from error


def _claim_names(file: Located, corpus: Corpus, owners: dict[str, Path]) -> None:
    for kind, names in (("task", corpus.tasks), ("distribution", corpus.distributions)):
        for name in names:
            if (other := owners.setdefault(f"{kind} {name}", file.path)) != file.path:
                raise CatalogError(
                    f"{kind} {name} is declared in {other} too.", Where(file=str(file.path)), "Keep it in one corpus."
                )
    if owners.setdefault(f"corpus {corpus.corpus}", file.path) != file.path:
        raise CatalogError(
            "a second corpus of this name.",
            Where(corpus.corpus, str(file.path)),
            "Give one of them another name.",
        )


def _check_examples(file: Located, corpus: Corpus, tasks: Set[str]) -> None:
    for task_id, task in corpus.tasks.items():
        if task.shots_from is not None and task.shots_from not in tasks:
            place = ("tasks", task_id, "shots_from")
            raise CatalogError(
                f"{'.'.join(place)}: no corpus has the task {task.shots_from}.",
                file.where(place),
                "Name a task with a training split, or leave it out.",
            )


def _access_of_folders(corpora: Iterable[Corpus]) -> dict[str, Access]:
    """Return the strictest access that any corpus says for a folder below the raw folder."""
    found: dict[str, Access] = {}
    for corpus in corpora:
        for folder in corpus.folders:
            found[folder] = max(found.get(folder, corpus.access), corpus.access, key=ACCESSES.index)
    return found


def _as_strict_as(corpus: Corpus, access: Mapping[str, Access]) -> Corpus:
    """Return a corpus with the strictest access of its folders: no file becomes open by being read a second time."""
    strictest = max((access[folder] for folder in corpus.folders), key=ACCESSES.index)
    return corpus if strictest == corpus.access else corpus.model_copy(update={"access": strictest})


def _yaml_files(extra: Iterable[Path]) -> list[Path]:
    folders = [Path(str(resources.files("meds_pipeline.catalog") / "corpora")), *extra]
    for folder in folders:
        if not folder.is_dir():
            raise CatalogError("catalog folder does not exist.", Where(file=str(folder)), "Mend `catalog.extra`.")
    folders += [_offered(point) for point in metadata.entry_points(group=ENTRY_POINTS)]
    return [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in _SUFFIXES]


def _offered(point: metadata.EntryPoint) -> Path:
    """Return the folder that an installed package offers."""
    package = point.dist.name if point.dist else "its package"
    try:
        folder = Path(point.load()())
        problem = "" if folder.is_dir() else f"{folder} is not a folder"
    except Exception as error:  # code of others: whatever it raises, every command would end in it
        problem = f"{type(error).__name__}: {error}"
    if problem:
        raise CatalogError(
            f"entry point {point.name!r} ({point.value}) of the package {package} offers no catalog folder: {problem}.",
            next_step=f"Mend {package}, or uninstall it.",
        )
    return folder
