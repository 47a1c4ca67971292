"""Hashes that give things their identity, and a cache so that unchanged files are hashed once.

Everything is addressed by sha256 (files, outputs, fingerprints) or md5 (128-bit row ids that DuckDB computes in SQL).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


def _stamp(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"


class FileHasher:
    """sha256 of files, remembered by (path, size, modification time, inode) in a small SQLite file.

    It is made with the first of them. A file whose size or times changed is read again; `verify` commands pass
    `trust=False` and always read.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def sha256(self, path: Path, *, trust: bool = True) -> str:
        """Return the file's sha256, from memory when its stamp is unchanged and `trust` is set."""
        return self.sha256_all([path], trust=trust)[path]

    def sha256_all(self, paths: Iterable[Path], *, trust: bool = True) -> dict[Path, str]:
        """Return the sha256 of many files; all new ones are remembered in one transaction, after they were read."""
        known = self.remembered(paths)
        new = {p: (_stamp(p), file_sha256(p)) for p, sha256 in known.items() if sha256 is None or not trust}
        if new:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as con, con:
                rows = ((str(path.resolve()), *found) for path, found in new.items())
                con.executemany("INSERT OR REPLACE INTO digest VALUES (?, ?, ?)", rows)
        return {path: new[path][1] if sha256 is None or not trust else sha256 for path, sha256 in known.items()}

    def remembered(self, paths: Iterable[Path]) -> dict[Path, str | None]:
        """Return the sha256 of each file that is unchanged since it was read, None for any other; reads no file."""
        found: dict[Path, str | None] = dict.fromkeys(paths)
        if not self._cache.is_file():
            return found
        with closing(self._connect()) as con:
            for path in found:
                row = con.execute("SELECT stamp, sha256 FROM digest WHERE path = ?", (str(path.resolve()),)).fetchone()
                found[path] = str(row[1]) if row is not None and row[0] == _stamp(path) else None
        return found

    def sha256_tree(self, path: Path) -> str:
        """Return one digest for a file, or for all files of a folder by their relative names."""
        if path.is_file():
            return self.sha256(path)
        found = self.sha256_all(p for p in sorted(path.rglob("*")) if p.is_file())
        return combined({p.relative_to(path).as_posix(): sha256 for p, sha256 in found.items()})

    def _connect(self) -> sqlite3.Connection:
        con = sqlite3.connect(self._cache, timeout=60)
        con.execute("CREATE TABLE IF NOT EXISTS digest (path TEXT PRIMARY KEY, stamp TEXT, sha256 TEXT)")
        return con


UNKNOWN = "not read yet"
"""In place of the sha256 of a file that nobody has read since it was last written."""


class RememberedHashes(FileHasher):
    """What is known of files without reading any: a new or changed file has no sha256 yet."""

    def sha256_all(self, paths: Iterable[Path], *, trust: bool = True) -> dict[Path, str]:
        """Return the remembered sha256 of each file, or `UNKNOWN`."""
        return {path: sha256 or UNKNOWN for path, sha256 in self.remembered(paths).items()}
