"""`steps.lock` holds the version and code digest of every step and reader; changed code needs a new version.

    python -m meds_pipeline.steps [--lock]   # say which steps differ from the lock; write it anew

Comments, docstrings and layout do not change a digest: it is over the syntax tree of Python files, over SQL without
comments, and over the text of all other files.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from meds_pipeline.core import digests
from meds_pipeline.readers.registry import get_reader, reader_code
from meds_pipeline.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meds_pipeline.core.digests import Json

PACKAGE = Path(__file__).parents[1]
LOCK = Path(__file__).parent / "steps.lock"
_BETWEEN = re.compile(r"('(?:[^']|'')*')|(?:--[^\n]*|\s)+")
"""In SQL: a literal, which is kept; or blanks and comments between words, which become one blank."""


def locked(lock: Path = LOCK) -> dict[str, dict[str, str]]:
    """Return version and code digest of every step as the lock has them."""
    found: dict[str, dict[str, str]] = json.loads(lock.read_bytes())
    return found


def as_they_are() -> dict[str, dict[str, str]]:
    """Return version and code digest of every step as they are now, and of every reader."""
    steps = {asset: {"version": step.version, "code": code_digest(step.code)} for asset, step in STEPS.items()}
    readers = {
        f"reader {name}": {"version": str(get_reader(name).version), "code": code_digest(code)}
        for name, code in reader_code().items()
    }
    return steps | readers


def unlocked(lock: Path = LOCK) -> list[str]:
    """Return a sentence for every step whose code or version differs from the lock."""
    known, now = locked(lock), as_they_are()
    moved = [asset for asset in {**known, **now} if known.get(asset) != now.get(asset)]
    return [_difference(asset, known.get(asset), now.get(asset)) for asset in moved]


def _difference(asset: str, known: dict[str, str] | None, now: dict[str, str] | None) -> str:
    if known is None or now is None:
        return f"{asset}: is {'new' if known is None else 'gone'}; run `make versions`."
    if known["version"] != now["version"]:
        return f"{asset}: version {now['version']} is not in the lock yet; run `make versions`."
    return (
        f"{asset}: its code changed. If what it gives changes, raise its version (in meds_pipeline/steps/, of a reader "
        "in its class), so that old outputs are made again; then run `make versions`."
    )


def main(arguments: list[str]) -> int:
    """Say what differs from the lock, or write the lock; the exit code is 1 if a difference remains."""
    found = unlocked() if LOCK.is_file() else []
    for sentence in found:
        print(sentence)
    if "--lock" in arguments:
        LOCK.write_text(json.dumps(as_they_are(), indent=1) + "\n")
        return 0
    return 1 if found else 0


def code_digest(paths: Iterable[str], root: Path = PACKAGE) -> str:
    """Return one digest over files and folders, given below `root`."""
    return digests.combined({file.relative_to(root).as_posix(): _file_digest(file) for file in files(paths, root)})


def files(paths: Iterable[str], root: Path = PACKAGE) -> Iterator[Path]:
    """Yield the files of files and folders; raises FileNotFoundError for a path that names neither."""
    for path in (root / name for name in paths):
        if path.is_file():
            yield path
            continue
        found = sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        if not found:
            raise FileNotFoundError(path)
        yield from found


def _file_digest(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return digests.fingerprint(_tree(ast.parse(text)))
    if path.suffix == ".sql":
        return digests.fingerprint(_BETWEEN.sub(lambda found: found[1] or " ", text).strip())
    return digests.fingerprint(text)


def _tree(node: object) -> Json:
    """Return a syntax tree as JSON; fields that are empty are left out, so that Python versions agree."""
    if isinstance(node, list):
        return [_tree(entry) for entry in node if not _is_docstring(entry)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if value is not None and value != []}
    return {"node": type(node).__name__, **{name: _tree(value) for name, value in fields.items()}}


def _is_docstring(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
