"""Opens a raw file and its companions: one way in for the step that reads records and for the trace that shows them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from meds_pipeline.readers.archives import open_raw
from meds_pipeline.readers.registry import get_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from meds_pipeline.catalog.model import RawEntry
    from meds_pipeline.readers.base import Address


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


def record_text(folder: Path, path: str, companions: Mapping[str, str], entry: RawEntry, address: Address) -> str:
    """Return the raw text of one record, with the record's part of the companions.

    Args:
        folder: The distribution's folder.
        path: The record's file below it, `archive::member` for one inside an archive.
        companions: Paths of the files beside it, by role.
        entry: The catalog entry the file was read for.
        address: Where in the file the record is.

    Raises:
        RawFileError: A file is missing, broken or over a limit.
    """
    with opened(folder, path, companions) as files:
        reader = get_reader(entry.reader)
        return reader.raw_text(files.raw, address, companions=files.companions, **entry.reader_options())
