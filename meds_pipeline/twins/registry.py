"""Which twins there are, and how they come to disk.

A twin of a distribution is one function in `meds_pipeline/twins/corpora/`, found by being there:

    @twin("meqsum")
    def meqsum(order: TwinOrder) -> Iterator[TwinFile]:
        yield TwinFile("file.xlsx", content)

It returns bytes and touches neither disk nor clock, so its output depends on the order alone.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from meds_pipeline.core.errors import UnknownNameError, Where
from meds_pipeline.core.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

VERSION = 1
"""Raise it with every change of what the writers write: homes then write their twins again."""

DEFAULT_RECORDS = 600
"""Size of the demo: about 600 labelled questions, 1,500 sentences, 400 consumer questions."""


@dataclass(frozen=True, slots=True)
class TwinOrder:
    """What is asked of a twin.

    Attributes:
        records: Size; the main file has this many records, the others a fixed share of it.
        seed: Same order, same bytes.
        faults: Whether to scatter a few malformed records among the good ones, which stay as they are.
    """

    records: int
    seed: int
    faults: bool = False

    def share(self, part: float) -> int:
        """Return a part of the size, at least one record."""
        return max(1, round(self.records * part))


class TwinFile(NamedTuple):
    """One upstream file: path below the distribution's folder (with `/`) and its bytes."""

    path: str
    content: bytes


TwinWriter: TypeAlias = "Callable[[TwinOrder], Iterable[TwinFile]]"


class _Twin(NamedTuple):
    """What is registered: the folder below the raw folder, and who writes into it."""

    folder: str
    write: TwinWriter


_WRITERS: dict[str, _Twin] = {}


def twin(distribution: str, folder: str | None = None) -> Callable[[TwinWriter], TwinWriter]:
    """Register the decorated function as the twin of a distribution.

    Args:
        distribution: Its name in the catalog.
        folder: Its folder there, where that is not its name.

    Raises:
        ValueError: If the distribution has a twin already.
    """

    def register(writer: TwinWriter) -> TwinWriter:
        if distribution in _WRITERS:
            raise ValueError(f"distribution {distribution} has two twins")
        _WRITERS[distribution] = _Twin(folder or distribution, writer)
        return writer

    return register


@cache
def _load() -> None:
    from meds_pipeline.twins import corpora

    for module in pkgutil.iter_modules(corpora.__path__):
        importlib.import_module(f"{corpora.__name__}.{module.name}")


def twin_names() -> list[str]:
    """Return the distributions that have a twin, sorted."""
    _load()
    return sorted(_WRITERS)


def write_twin(distribution: str, root: Path, *, records: int, seed: int, faults: bool = False) -> list[Path]:
    """Write the upstream files of one distribution with invented content below its folder in `root`.

    Args:
        distribution: Name as in the catalog, for example `pubmedqa`.
        root: Folder to be used as `--raw`; made when absent.
        records: Size, see `TwinOrder`.
        seed: Same distribution, records, seed and faults: same bytes, on any machine.
        faults: Whether to add a few malformed records.

    Returns:
        The files written, in the order of the format. Each appears under its name only when complete.

    Raises:
        UnknownNameError: If the distribution has no twin.
    """
    _load()
    if distribution not in _WRITERS:
        close = ", ".join(get_close_matches(distribution, _WRITERS)) or ", ".join(twin_names())
        raise UnknownNameError("this distribution has no twin.", Where(corpus=distribution), f"try {close}.")
    order = TwinOrder(records=records, seed=seed, faults=faults)
    written = []
    made = _WRITERS[distribution]
    for path, content in made.write(order):
        target = root / made.folder / path
        write_atomic(target, content)
        written.append(target)
    return written


def write_all(
    root: Path, *, records: int = DEFAULT_RECORDS, seed: int = 0, faults: bool = False
) -> dict[str, list[Path]]:
    """Write the twin of every distribution that has one; return the files of each."""
    return {name: write_twin(name, root, records=records, seed=seed, faults=faults) for name in twin_names()}
