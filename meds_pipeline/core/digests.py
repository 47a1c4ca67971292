"""Hashes that identify files, outputs and rows, and a cache so that unchanged files are hashed once.

Everything is addressed by sha256 (files, outputs, fingerprints) or md5 (128-bit row ids that DuckDB computes in SQL).
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_log = logging.getLogger(__name__)

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def canonical_json(value: object) -> str:
    """Return `value` as JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint(value: object) -> str:
    """Return the sha256 of `value`'s canonical JSON as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def row_id(*parts: str) -> str:
    """Return the 128-bit id of a row as 32 hex digits: md5 over the md5 of each part.

    The SQL twin is `md5(concat_ws(',', md5(a), md5(b), ...))`; hashing each part first makes the joint unambiguous.
    """
    inner = ",".join(_md5(part) for part in parts)
    return _md5(inner)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def combined(digests: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Return one digest for named digests, whatever their order."""
    return fingerprint(sorted(dict(digests).items()))


def package_sha256(name: str) -> str:
    """Return one digest over the source files of `meds_pipeline/<name>/`."""
    folder = Path(__file__).parents[1] / name
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yaml", ".sql"))
    return combined({p.relative_to(folder).as_posix(): file_sha256(p) for p in files})


def stamp(path: Path) -> str:
    """Return the size, times and inode of a file; they change when the file is written or replaced."""
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"


class FileHasher:
    """sha256 of files, remembered by path and stamp in a small SQLite file, which is made for the first of them.

    Paths below the folder of this SQLite file are kept relative to it, because a home may be moved. A file whose stamp
    changed is read again. If the SQLite file is damaged, it is made again and all files are read once more.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def sha256(self, path: Path) -> str:
        """Return the file's sha256, from memory when its stamp is unchanged."""
        return self.sha256_all([path])[path]

    def sha256_all(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Return the sha256 of many files; all new ones are remembered in one transaction, after they were read."""
        known = self.remembered(paths)
        new = {path: (stamp(path), file_sha256(path)) for path, sha256 in known.items() if sha256 is None}
        if new:
            self._remember(new)
        return {path: sha256 or new[path][1] for path, sha256 in known.items()}

    def remembered(self, paths: Iterable[Path]) -> dict[Path, str | None]:
        """Return the sha256 of each file that is unchanged since it was read, None for any other; reads no file."""
        found: dict[Path, str | None] = dict.fromkeys(paths)
        if not self._cache.is_file():
            return found
        query = "SELECT memory, stamp, sha256 FROM file WHERE path = ?"
        try:
            here = self._cache.stat().st_ino
            with closing(sqlite3.connect(f"{self._cache.resolve().as_uri()}?mode=ro", timeout=60, uri=True)) as con:
                for path in found:
                    row = con.execute(query, (self._key(path),)).fetchone()
                    if row is not None and self._same(str(row[1]), stamp(path), copied=row[0] != here):
                        found[path] = str(row[2])
        except sqlite3.OperationalError:  # just made, or locked for long by another process: files are read again
            return dict.fromkeys(found)
        except sqlite3.DatabaseError:
            self._damaged()
            return dict.fromkeys(found)
        return found

    def sha256_tree(self, path: Path) -> str:
        """Return one digest for a file, or for all files of a folder by their relative names."""
        if path.is_file():
            return self.sha256(path)
        found = self.sha256_all(p for p in sorted(path.rglob("*")) if p.is_file())
        return combined({p.relative_to(path).as_posix(): sha256 for p, sha256 in found.items()})

    def _same(self, before: str, now: str, *, copied: bool) -> bool:
        """Return whether a file is the one that was read; `copied`: the home was copied after the file was read."""
        return before == now

    def _damaged(self) -> None:
        _log.warning("%s is damaged: it is made again, and files are read once more.", self._cache)
        self._cache.unlink(missing_ok=True)

    def _key(self, path: Path) -> str:
        path, home = path.resolve(), self._cache.parent.resolve()
        return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)

    def _remember(self, new: Mapping[Path, tuple[str, str]]) -> None:
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        rows = [(self._key(path), *found) for path, found in new.items()]
        try:
            with closing(sqlite3.connect(self._cache, timeout=60)) as con, con:
                con.execute(_TABLE)
                here = self._cache.stat().st_ino
                statement = f"INSERT OR REPLACE INTO file VALUES (?, {here}, ?, ?)"  # noqa: S608 - a number of ours
                con.executemany(statement, rows)
        except sqlite3.OperationalError as error:
            _log.warning("%s cannot be written (%s): files will be read once more.", self._cache, error)
        except sqlite3.DatabaseError:
            self._damaged()


_TABLE = "CREATE TABLE IF NOT EXISTS file (path TEXT PRIMARY KEY, memory INTEGER, stamp TEXT, sha256 TEXT)"
"""`memory` is the inode of this SQLite file when the row was written. If it has another inode now, it is a copy."""
UNKNOWN = "not read yet"
"""In place of the sha256 of a file that nobody has read since it was last written."""


class RememberedHashes(FileHasher):
    """The remembered sha256 of files, without reading any file: a new or changed file has no sha256 yet.

    In a copied home, a file with the same size and time of writing counts as unchanged: copying keeps only these two.
    """

    def sha256_all(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Return the remembered sha256 of each file, or `UNKNOWN`."""
        return {path: sha256 or UNKNOWN for path, sha256 in self.remembered(paths).items()}

    def _same(self, before: str, now: str, *, copied: bool) -> bool:
        return before.split(":")[:2] == now.split(":")[:2] if copied else before == now

    def _damaged(self) -> None:
        _log.warning("%s is damaged: the next run makes it again, and reads files once more.", self._cache)
