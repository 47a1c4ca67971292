"""Opens a raw file and its companions: one way in for the step that reads records and for the trace that shows them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from meds_pipeline.readers.archives import open_raw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Opened:
    """A raw file open for reading, and its companions by role."""

    raw: BinaryIO
    companions: Mapping[str, BinaryIO] = field(default_factory=dict)


@contextmanager
def opened(folder: Path, path: str, companions: Mapping[str, str]) -> Iterator[Opened]:
    """Open a file, `.gz` file or `archive::member` below `folder`, and the files beside it.

    Raises:
        RawFileError: One of them is missing, broken or over a limit of `archives.Limits`.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(open_raw(f"{folder}/{path}"))
        others = {role: stack.enter_context(open_raw(f"{folder}/{other}")) for role, other in companions.items()}
        yield Opened(raw, others)
