"""Path patterns of the catalog, and the files of a distribution that they match.

`{name}` matches within one path part and becomes a column, `{name:a|b}` matches only these words, `*` matches within a
part, `**` across parts. `archive::member` matches members of an archive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meds_pipeline.catalog.model import RawEntry

SYNTHETIC = ".synthetic"
"""File that marks a folder of synthetic twins, and every folder of a distribution in it."""
MEMBER = "::"
"""Stands between an archive and a member of it."""
_NAME = re.compile(r"\{([a-z][a-z0-9_]*)(?::[^{}/]+)?\}")
_TOKEN = re.compile(r"\{([a-z][a-z0-9_]*)(?::([^{}/]+))?\}|(\*\*/?)|(\*)|([^{}*]+)")


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of an entry, or member of an archive.

    Attributes:
        entry: Name of the entry.
        path: Path below the distribution's folder; `archive::member` for a member of an archive.
        captured: Columns that the path gave.
        companions: Paths of its companions that exist, by role.
    """

    entry: str
    path: str
    captured: Mapping[str, str] = field(default_factory=dict)
    companions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Presence:
    """Which files of a distribution exist."""

    distribution: str
    folder: Path
    files: tuple[RawFile, ...]
    missing: tuple[str, ...]
    """Patterns of required entries that no file matches."""

    @property
    def complete(self) -> bool:
        """Whether every required entry has a file."""
        return not self.missing

    @property
    def stored(self) -> list[str]:
        """Paths of all files on disk that are read, companions and archives included, each once."""
        return sorted({stored(path) for file in self.files for path in (file.path, *file.companions.values())})


def stored(path: str) -> str:
    """Return the path on disk; for `archive::member` this is the archive."""
    return path.partition(MEMBER)[0]


def beside(entry: RawEntry, captured: Mapping[str, str]) -> dict[str, str]:
    """Return the paths of a file's companions by role, whether they exist or not."""
    return {role: _NAME.sub(lambda name: captured[name[1]], path) for role, path in entry.companions.items()}


def captured(entry: RawEntry, path: str) -> dict[str, str]:
    """Return the columns that a path of this entry gives; raises KeyError if the path does not match the entry."""
    hit = compile_pattern(entry.path).fullmatch(path)
    if hit is None:
        raise KeyError(path)
    return hit.groupdict()


def captures(pattern: str) -> set[str]:
    """Return the names that the `{name}` parts of a path pattern give."""
    return set(compile_pattern(pattern).groupindex)


def free_captures(pattern: str) -> set[str]:
    """Return the names of the `{name}` parts that match any text; `{name:a|b}` parts are left out."""
    return {token[1] for token in _TOKEN.finditer(pattern) if token[1] and not token[2]}


def path_of(pattern: str, values: Mapping[str, str]) -> str:
    """Return the path with these values as its `{name}` parts; a wildcard is left out or becomes `twin`.

    Raises:
        CatalogError: The pattern does not match the value of a part.
    """
    path = _NAME.sub(lambda name: values[name[1]], pattern).replace("**/", "").replace("**", "").replace("*", "twin")
    if compile_pattern(pattern).fullmatch(path) is None:
        raise CatalogError(f"path pattern {pattern!r} does not match {path!r}.", next_step="Correct the `twin` SELECT.")
    return path


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
        name, words, deep, star, literal = token.groups()
        if name:
            parts.append(f"(?P<{name}>{'|'.join(map(re.escape, words.split('|'))) if words else '[^/]+'})")
        else:
            parts.append("(?:.*/)?" if deep == "**/" else ".*" if deep else "[^/]*" if star else re.escape(literal))
        at = token.end()
    try:
        return re.compile("".join(parts))
    except re.error as error:
        raise CatalogError(f"path pattern {pattern!r}: {error}.", next_step="Mend the pattern.") from error


def is_synthetic(folder: Path) -> bool:
    """Return whether a folder is marked as a folder of synthetic twins."""
    return (folder / SYNTHETIC).is_file()
