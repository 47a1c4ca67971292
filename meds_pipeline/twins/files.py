"""Writes twins: the files of a distribution, from the `twin` lines of its file entries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from meds_pipeline.catalog.loader import Catalog, load_catalog
from meds_pipeline.catalog.paths import MEMBER, SYNTHETIC, beside, captures, free_captures, path_of
from meds_pipeline.core.errors import CatalogError, UnknownNameError, Where
from meds_pipeline.core.files import write_atomic
from meds_pipeline.readers.archives import gzip_bytes, packed
from meds_pipeline.readers.writing import NO_TEXT, ONE_RECORD, write
from meds_pipeline.twins.planting import plant_copies, plant_faults, spoiled
from meds_pipeline.twins.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from meds_pipeline.catalog.model import Distribution, RawEntry
    from meds_pipeline.twins.passages import Row
    from meds_pipeline.twins.planting import Planted

DEFAULT_RECORDS = 600
"""Size of the demo: about 600 labelled questions, 1,500 sentences, 400 consumer questions."""


@cache
def _own_catalog() -> Catalog:
    return load_catalog()


def twin_names(catalog: Catalog | None = None) -> list[str]:
    """Return the distributions that have a twin, sorted; of this package's catalog where none is given."""
    distributions = (catalog or _own_catalog()).distributions
    return sorted(name for name, (_, one) in distributions.items() if _twinned(one))


def write_twin(
    distribution: str,
    root: Path,
    *,
    records: int,
    seed: int,
    faults: bool = False,
    copies: bool = False,
    catalog: Catalog | None = None,
) -> list[Path]:
    """Write the upstream files of one distribution with invented content below its folder in `root`.

    Args:
        distribution: Name as in the catalog, for example `pubmedqa`.
        root: Folder to be used as `--raw`; made when absent.
        records: Size; the largest files have about this many records, others a fixed share of it.
        seed: Same arguments, same bytes, on any machine.
        faults: Whether to add malformed records; the good ones stay as they are.
        copies: Whether to turn some records into near copies of others. `<distribution>.planted.json` beside the folder
            lists what is planted.
        catalog: Where the distribution is; by default the catalog of this package.

    Returns:
        The files written. Each appears under its name only when complete.

    Raises:
        UnknownNameError: If the distribution has no twin.
        CatalogError: If a twin's SELECT cannot be run, or gives no path of its entry.
    """
    catalog = catalog or _own_catalog()
    names = twin_names(catalog)
    if distribution not in names:
        close = ", ".join(get_close_matches(distribution, names)) or ", ".join(names)
        raise UnknownNameError("this distribution has no twin.", Where(corpus=distribution), f"try {close}.")
    _, form = catalog.distributions[distribution]
    folder = form.folder or distribution
    world = World(seed, folder, records)  # forms of a corpus in one folder have the same content
    entries = {name: _rows(world, distribution, name, entry) for name, entry in _twinned(form).items()}
    planted = plant_copies(entries, lambda name: captures(form.files[name].path)) if copies else []
    if faults:
        planted += [one for name, rows in entries.items() for one in _faults(name, form.files[name], rows)]
    contents: dict[str, bytes] = {}
    for name, rows in entries.items():
        try:
            contents |= _files(form.files[name], rows)
        except KeyError as error:
            raise _wrong(distribution, name, f"no column {error}.") from error
    stored = _archived(contents)
    for path, content in stored.items():
        write_atomic(root / folder / path, content)
    if planted:
        write_atomic(root / f"{distribution}.planted.json", json.dumps([one._asdict() for one in planted]).encode())
    return [root / folder / path for path in stored]


def write_all(
    root: Path, *, records: int = DEFAULT_RECORDS, seed: int = 0, faults: bool = False, copies: bool = False
) -> dict[str, list[Path]]:
    """Write the twin of every distribution that has one; return the files of each."""
    written = {
        name: write_twin(name, root, records=records, seed=seed, faults=faults, copies=copies) for name in twin_names()
    }
    mark_twins(root)
    return written


def mark_twins(root: Path) -> None:
    """Mark a folder of twins and every folder in it, so that a copied folder is still known as synthetic."""
    text = b"Synthetic twins: invented content, no data. Leave this file here: it keeps them apart from real files.\n"
    for folder in (root, *sorted(path for path in root.iterdir() if path.is_dir())):
        write_atomic(folder / SYNTHETIC, text)


def _twinned(distribution: Distribution) -> dict[str, RawEntry]:
    return {name: entry for name, entry in distribution.files.items() if entry.twin is not None}


def _rows(world: World, distribution: str, name: str, entry: RawEntry) -> list[Row]:
    try:
        rows = world.rows(entry.twin or "")
    except duckdb.Error as error:
        raise _wrong(distribution, name, str(error)) from error
    if rows and (missing := sorted({*captures(entry.path), *(entry.columns or ())} - rows[0].keys())):
        raise _wrong(distribution, name, f"no column {', '.join(map(repr, missing))}.")
    return rows


def _wrong(distribution: str, name: str, problem: str) -> CatalogError:
    step = "Correct the SELECT; docs/add-a-corpus.md says what it may use."
    return CatalogError(f"{name}.twin: {problem}", Where(distribution), step)


def _faults(name: str, entry: RawEntry, rows: list[Row]) -> list[Planted]:
    apart = free_captures(entry.path) if entry.reader in ONE_RECORD else set()
    return plant_faults(name, rows, captures(entry.path), apart, spoil=entry.reader not in NO_TEXT)


def _files(entry: RawEntry, rows: Sequence[Row]) -> dict[str, bytes]:
    """The files of an entry, companions included, by path: rows with the same path stand in one file."""
    parts = captures(entry.path)
    files: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        files.setdefault(tuple(str(row[part]) for part in sorted(parts)), []).append(row)
    contents = {}
    options = entry.reader_options()
    encoding = str(options.get("encoding", "utf-8"))
    for values, found in files.items():
        captured = dict(zip(sorted(parts), values, strict=True))
        inner = [{column: value for column, value in row.items() if column not in parts} for row in found]
        written = write(entry.reader, inner, options)
        contents[path_of(entry.path, captured)] = spoiled(written.raw, encoding)
        for role, path in beside(entry, captured).items():
            contents[path] = spoiled(written.companions[role], encoding)
    return contents


def _archived(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files as they lie on disk: members in their archives, `.gz` files packed."""
    stored: dict[str, bytes] = {}
    archives: dict[str, dict[str, bytes]] = {}
    for path, content in contents.items():
        archive, mark, member = path.partition(MEMBER)
        if mark:
            archives.setdefault(archive, {})[member] = content
        else:
            stored[path] = gzip_bytes(content) if path.endswith(".gz") else content
    return stored | {name: packed(name, members) for name, members in archives.items()}
