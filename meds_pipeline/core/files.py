"""Writes files whole or not at all, and checks names that may become files."""

from __future__ import annotations

import logging
import os
import re
import threading
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from meds_pipeline.core.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
"""Names that may become a file or folder."""
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


def write_atomic(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write `data` under a temporary name, flush it to disk and rename it to `path`.

    With `private` only its owner may read the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with open(temporary, "wb", opener=_private if private else None) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_ours(path: Path, kind: type[_T]) -> _T | None:
    """Return the content of a JSON file of ours; None if it is missing or damaged (a damaged one is logged)."""
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError):
        _log.warning("%s is damaged and counts as not there.", path)
        return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def make_private(path: Path) -> None:
    """Let only the owner read a file, or a folder and everything below it."""
    for inner in path.rglob("*") if path.is_dir() else ():
        inner.chmod(0o700 if inner.is_dir() else 0o600)
    path.chmod(0o700 if path.is_dir() else 0o600)


def safe_name(name: str) -> str:
    """Return a name that may become a file or folder; raises StoreError for any other."""
    if not NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot name a folder.", next_step="Use letters, digits, '_', '.' and '-'.")
    return name
