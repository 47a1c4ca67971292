"""Finds the files of a distribution, and the columns that their names give.

A path pattern of the catalog (see `catalog/paths.py`) is matched against the files below the distribution's folder.
Files and folders whose name starts with a dot are skipped: systems and interrupted copies leave them behind.

A distribution's folder may be a link to where its files are. Below it, linked folders are not followed, and a link to a
file must end inside the folder. Otherwise a download could present any file of this machine, or of a stricter corpus,
as its own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from meds_pipeline.catalog.paths import MEMBER, Presence, RawFile, beside, compile_pattern, stored
from meds_pipeline.core.errors import CatalogError, RawFileError, Where
from meds_pipeline.readers.archives import list_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from meds_pipeline.catalog.loader import Catalog
    from meds_pipeline.catalog.model import Corpus, Distribution, RawEntry


def look(raw: Path, name: str, distribution: Distribution) -> Presence:
    """Return which files of a distribution are below `raw`.

    Raises:
        RawFileError: An archive cannot be listed, or a file is a link out of the distribution's folder or has a name
            that is no text.
    """
    root = raw / (distribution.folder or name)
    paths = sorted(_seen(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()))
    _check_files(root, paths, distribution)
    files: list[RawFile] = []
    missing: list[str] = []
    for entry_name, entry in distribution.files.items():
        matching = _matches(entry_name, entry, root, paths)
        files += matching
        if not matching and not entry.optional:
            missing.append(entry.path)
    return Presence(name, root, tuple(files), tuple(missing))


def _check_files(root: Path, paths: Iterable[str], distribution: Distribution) -> None:
    read = {stored(path) for entry in distribution.files.values() for path in (entry.path, *entry.companions.values())}
    patterns = [compile_pattern(path) for path in read]
    for path in paths:
        file = root / path
        if not any(pattern.fullmatch(path) for pattern in patterns):
            continue
        if not _is_text(path):
            shown = path.encode(errors="surrogateescape").decode(errors="replace")
            raise RawFileError(
                "its name is not UTF-8.",
                Where(file=f"{root.name}/{shown}"),
                "Rename it as upstream names it, in UTF-8.",
            )
        if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
            raise RawFileError(
                f"a link out of its folder, to {file.resolve()}.",
                Where(file=f"{root.name}/{path}"),
                "Put the file itself there, or make the whole folder a link.",
            )


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _matches(entry_name: str, entry: RawEntry, root: Path, paths: list[str]) -> list[RawFile]:
    wanted, known = [entry.path, *entry.companions.values()], set(paths)
    for archive in {stored(pattern) for pattern in wanted if MEMBER in pattern}:
        holders = (path for path in paths if compile_pattern(archive).fullmatch(path))
        known.update(f"{path}{MEMBER}{member}" for path in holders for member in _members(root / path))
    pattern = compile_pattern(entry.path)
    hits = ((path, pattern.fullmatch(path)) for path in sorted(known))
    return [_raw_file(entry_name, entry, path, hit.groupdict(), known) for path, hit in hits if hit]


def _raw_file(name: str, entry: RawEntry, path: str, columns: dict[str, str], known: set[str]) -> RawFile:
    there = {role: other for role, other in beside(entry, columns).items() if other in known}
    return RawFile(name, path, columns, there)


def _members(archive: Path) -> tuple[str, ...]:
    return _listed(archive, archive.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _listed(archive: Path, changed: int) -> tuple[str, ...]:
    """Members of an archive, remembered while it is unchanged, because listing a .tar.gz inflates all of it."""
    return tuple(_seen(list_members(archive)))


def _seen(paths: Iterable[str]) -> Iterator[str]:
    return (path for path in paths if not any(part.startswith(".") for part in path.split("/")))


def active(corpus: Corpus, raw: Path, chosen: str | None = None) -> Presence | None:
    """Return the distribution of a corpus that a build uses, or None when no file of it is there.

    It is the distribution that the settings choose, else the first complete one in catalog order.

    Raises:
        RawFileError: Files of a distribution are there, but not all that it needs, or an archive cannot be listed.
        CatalogError: The settings choose a distribution that the corpus does not have.
    """
    if chosen is not None and chosen not in corpus.distributions:
        raise CatalogError(
            f"it has no distribution {chosen!r}.",
            Where(corpus.corpus),
            f"Set `catalog.active` to one of {', '.join(corpus.distributions)}.",
        )
    names = [chosen] if chosen else list(corpus.distributions)
    try:
        found = [look(raw, name, corpus.distributions[name]) for name in names]
    except RawFileError as error:
        raise RawFileError(error.problem, replace(error.where, corpus=corpus.corpus), error.next_step) from error
    for presence in found:
        if presence.complete and presence.files:
            return presence
    for presence in found:
        own = presence.folder.name == presence.distribution  # a shared folder need not hold this corpus
        if presence.files or (own and presence.folder.is_dir()):
            optional = [entry.path for entry in corpus.distributions[presence.distribution].files.values()]
            wanted = ", ".join(presence.missing) or f"any of {', '.join(optional)}"
            raise RawFileError(
                f"no file matches {wanted}.",
                Where(corpus.corpus, f"{presence.folder.name}/"),
                f"Put the missing files below {presence.folder}, or remove the folder.",
            )
    return None


def others(corpus: Corpus, raw: Path, used: str) -> tuple[str, ...]:
    """Return the distributions of a corpus, except the used one, that have all their files and so could be used too."""
    return tuple(name for name, form in corpus.distributions.items() if name != used and _usable(raw, name, form))


def _usable(raw: Path, name: str, distribution: Distribution) -> bool:
    try:
        presence = look(raw, name, distribution)
    except RawFileError:  # a broken archive
        return False
    return presence.complete and bool(presence.files)


def unknown_folders(catalog: Catalog, raw: Path) -> list[str]:
    """Return folders below `raw` that no distribution of the catalog reads."""
    if not raw.is_dir():
        raise RawFileError("raw folder does not exist.", Where(file=str(raw)), "Give an existing folder to --raw.")
    known = {distribution.folder or name for name, (_, distribution) in catalog.distributions.items()}
    return sorted(p.name for p in raw.iterdir() if p.is_dir() and p.name not in known)
