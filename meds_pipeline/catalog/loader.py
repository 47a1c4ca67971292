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
from meds_pipeline.catalog.model import Corpus, Distribution, Task
from meds_pipeline.errors import CatalogError, UnknownNameError, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENTRY_POINTS = "meds_pipeline.catalog"


@dataclass(frozen=True)
class Catalog:
    """All known corpora by name."""

    corpora: Mapping[str, Corpus]

    def corpus(self, name: str) -> Corpus:
        """Return a corpus; raises UnknownNameError with close names."""
        if name not in self.corpora:
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
        CatalogError: A file is not valid YAML or says something the models refuse, or two say the same name.
    """
    corpora: dict[str, Corpus] = {}
    owners: dict[str, Path] = {}
    for path in _yaml_files(extra):
        corpus = load_corpus(path)
        for kind, names in (("task", corpus.tasks), ("distribution", corpus.distributions)):
            for name in names:
                if (other := owners.setdefault(f"{kind} {name}", path)) != path:
                    raise CatalogError(
                        f"{kind} {name} is declared in {other} too.", Where(file=str(path)), "Keep it in one corpus."
                    )
        if corpus.corpus in corpora:
            raise CatalogError(
                "a second corpus of this name.", Where(corpus.corpus, str(path)), "Give one of them another name."
            )
        corpora[corpus.corpus] = corpus
    return Catalog(dict(sorted(corpora.items())))


def load_corpus(path: Path) -> Corpus:
    """Load one corpus YAML; raises CatalogError with the line of the first problem."""
    file = read_yaml(path)
    try:
        return Corpus.model_validate(file.data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CatalogError(
            f"{key}: {first['msg']}.", file.where(first["loc"]), "docs/add-a-corpus.md lists every key."
        ) from error


def _yaml_files(extra: Iterable[Path]) -> list[Path]:
    folders = [Path(str(resources.files("meds_pipeline.catalog") / "corpora")), *extra]
    folders += [Path(point.load()()) for point in metadata.entry_points(group=ENTRY_POINTS)]
    for folder in folders:
        if not folder.is_dir():
            raise CatalogError("catalog folder does not exist.", Where(file=str(folder)), "Mend `catalog.extra`.")
    return [path for folder in folders for path in sorted(folder.glob("*.yaml"))]
