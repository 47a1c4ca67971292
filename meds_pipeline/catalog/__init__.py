"""What exists: corpora, their distributions, tasks and recipes, as data.

Each public name is loaded when it is first used. So scoring, which needs only `published`, starts without pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meds_pipeline.catalog.loader import Catalog, CatalogFault, load_catalog, load_corpus
    from meds_pipeline.catalog.model import Corpus, Distribution, RawEntry, Task

__all__ = [
    "Catalog",
    "CatalogFault",
    "Corpus",
    "Distribution",
    "RawEntry",
    "Task",
    "load_catalog",
    "load_corpus",
]

_HOMES = {
    "loader": ("Catalog", "CatalogFault", "load_catalog", "load_corpus"),
    "model": ("Corpus", "Distribution", "RawEntry", "Task"),
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
