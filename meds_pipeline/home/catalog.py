"""The catalog of a home, and the definitions by which its corpora were built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.catalog import Catalog, Corpus, load_catalog
from meds_pipeline.catalog.strict import is_identifier
from meds_pipeline.core.files import read_ours, write_atomic
from meds_pipeline.readers.driver import staged_schema

if TYPE_CHECKING:
    from pathlib import Path

    from meds_pipeline.home.settings import Settings


def catalog_of(home: Path, settings: Settings) -> Catalog:
    """Return the catalog of a home: ours, the folders of `catalog.extra`, and `<home>/catalog` if it exists."""
    folders = [home / folder for folder in settings.catalog.extra]
    own = home / "catalog"
    catalog = load_catalog([*folders, own] if own.is_dir() else folders, staged_schema)
    kept = (_kept(home, fault.corpus) for fault in catalog.faults if fault.corpus)
    return catalog.with_kept(corpus for corpus in kept if corpus is not None)


def keep_definition(home: Path, corpus: Corpus) -> None:
    """Keep the definition by which a corpus was built: it is used while the corpus's file is faulty."""
    path, text = _definition(home, corpus.corpus), corpus.model_dump_json().encode()
    if not path.is_file() or path.read_bytes() != text:
        write_atomic(path, text)


def _kept(home: Path, name: str) -> Corpus | None:
    path = _definition(home, name) if is_identifier(name) else home / "nothing"
    return read_ours(path, Corpus)


def _definition(home: Path, name: str) -> Path:
    return home / "definitions" / f"{name}.json"
