"""Which files of a distribution are there, and what their names say.

A path pattern of the catalog is matched against the files below `<raw>/<distribution>/`: `{name}` matches within one
path part and becomes a column, `*` matches within a part, `**` across parts. Files and folders whose name starts with a
dot are not looked at: they are what systems and interrupted copies leave behind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meds_pipeline.errors import CatalogError, RawFileError, Where

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from meds_pipeline.catalog.loader import Catalog
    from meds_pipeline.catalog.model import Corpus, Distribution, RawEntry

_TOKEN = re.compile(r"\{([a-z][a-z0-9_]*)\}|(\*\*/?)|(\*)|([^{}*]+)")


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of an entry: path below the distribution's folder, and the columns its name gave."""

    entry: str
    path: str
    captured: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Presence:
    """What of a distribution is there."""

    distribution: str
    files: tuple[RawFile, ...]
    missing: tuple[str, ...]
    """Patterns of required entries no file matches."""

    @property
    def complete(self) -> bool:
        """Whether every required entry has a file."""
        return not self.missing


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return a path pattern as a regular expression with a named group for each `{name}`.

    Raises:
        CatalogError: A brace does not close, or a name appears twice.
    """
    parts, at = [], 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise CatalogError(f"path pattern {pattern!r} has an unpaired brace.", next_step="Mend the pattern.")
        name, deep, star, literal = token.groups()
        if name:
            parts.append(f"(?P<{name}>[^/]+)")
        else:
            parts.append("(?:.*/)?" if deep == "**/" else ".*" if deep else "[^/]*" if star else re.escape(literal))
        at = token.end()
    try:
        return re.compile("".join(parts))
    except re.error as error:
        raise CatalogError(f"path pattern {pattern!r}: {error}.", next_step="Mend the pattern.") from error


def look(raw: Path, name: str, distribution: Distribution) -> Presence:
    """Return which files of a distribution are below `raw`."""
    root = raw / name
    found = (p.relative_to(root) for p in root.rglob("*") if p.is_file())
    paths = sorted(p.as_posix() for p in found if not any(part.startswith(".") for part in p.parts))
    files: list[RawFile] = []
    missing: list[str] = []
    for entry_name, entry in distribution.files.items():
        matching = _matches(entry_name, entry, paths)
        files += matching
        if not matching and not entry.optional:
            missing.append(entry.path)
    return Presence(name, tuple(files), tuple(missing))


def _matches(entry_name: str, entry: RawEntry, paths: list[str]) -> list[RawFile]:
    pattern = compile_pattern(entry.path)
    hits = ((path, pattern.fullmatch(path)) for path in paths)
    return [RawFile(entry_name, path, hit.groupdict()) for path, hit in hits if hit]


def active(corpus: Corpus, raw: Path, chosen: str | None = None) -> Presence | None:
    """Return the distribution of a corpus that a build uses, or None when no file of it is there.

    It is the one the settings choose, else the first complete one in catalog order.

    Raises:
        RawFileError: Files of a distribution are there, but not all that it needs.
        CatalogError: The settings choose a distribution that the corpus does not have.
    """
    if chosen is not None and chosen not in corpus.distributions:
        raise CatalogError(
            f"it has no distribution {chosen!r}.",
            Where(corpus.corpus),
            f"Set `catalog.active` to one of {', '.join(corpus.distributions)}.",
        )
    names = [chosen] if chosen else list(corpus.distributions)
    found = [look(raw, name, corpus.distributions[name]) for name in names]
    for presence in found:
        if presence.complete and presence.files:
            return presence
    for presence in found:
        if presence.files or (raw / presence.distribution).is_dir():
            wanted = ", ".join(presence.missing)
            raise RawFileError(
                f"no file matches {wanted}.",
                Where(corpus.corpus, f"{presence.distribution}/"),
                f"Put the missing files below {raw / presence.distribution}, or remove the folder.",
            )
    return None


def unknown_folders(catalog: Catalog, raw: Path) -> list[str]:
    """Return folders below `raw` that no distribution of the catalog is named after."""
    if not raw.is_dir():
        raise RawFileError("raw folder does not exist.", Where(file=str(raw)), "Give an existing folder to --raw.")
    return sorted(p.name for p in raw.iterdir() if p.is_dir() and p.name not in catalog.distributions)
