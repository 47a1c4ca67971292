"""Adding a corpus: a commented file to start from, in the own catalog of a home. `status/trial.py` tries it out."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from meds_pipeline.catalog.strict import is_identifier
from meds_pipeline.core.errors import CatalogError, RawFileError, Where
from meds_pipeline.core.files import write_atomic
from meds_pipeline.home.catalog import catalog_of
from meds_pipeline.home.origin import claimed
from meds_pipeline.home.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


def new_corpus(name: str, home: Path) -> Path:
    """Write a commented corpus YAML to start from into the catalog of a home; the home's kind of data is not decided.

    Raises:
        CatalogError: The name is not valid or is taken, or the file exists already.
        RawFileError: The home is a home of synthetic twins, and this corpus has no twin.
    """
    if not is_identifier(name):
        raise CatalogError(f"{name!r} cannot name a corpus.", next_step="Use a-z, 0-9 and '_', starting with a letter.")
    path = home / "catalog" / f"{name}.yaml"
    if path.exists():
        raise CatalogError("the file is already there.", Where(file=str(path)), "Edit it, or choose another name.")
    if name in catalog_of(home, load_settings(home)).corpora:
        raise CatalogError("the catalog has a corpus of this name.", Where(name), "Choose another name.")
    if (known := claimed(home)) and known.raw is None:
        raise RawFileError(
            "this home holds synthetic twins, and a new corpus has none.",
            Where(name, str(home)),
            "Leave out --home, or give one of real files.",
        )
    text = (resources.files("meds_pipeline.status") / "template.yaml.txt").read_text(encoding="utf-8")
    write_atomic(path, text.replace("NAME", name).encode())
    return path
