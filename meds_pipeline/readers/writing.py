"""Writes raw files: every format that is read here can be written, and reading gives the same rows again.

    write("csv", rows, {"columns": {"question": "VARCHAR"}}).raw
    write("brat", rows, {}).companions["ann"]

A row is a mapping of the reader's columns to values as DuckDB gives them. The bytes depend only on the rows, not on the
machine. Each format's `write` is at the end of its reader's module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from meds_pipeline.core.errors import CatalogError
from meds_pipeline.readers.registry import BUILT_IN, get_reader

Row = Mapping[str, Any]
ONE_RECORD = frozenset(("brat", "text"))
"""Formats whose file is one record."""
NO_TEXT = frozenset(("xlsx",))
"""Formats in which no byte of a text can be made invalid, because the checksums of the archive would be wrong."""


@dataclass(frozen=True, slots=True)
class Written:
    """The bytes of a raw file, and those of the files beside it by role."""

    raw: bytes
    companions: Mapping[str, bytes] = field(default_factory=dict)


def write(reader: str, rows: Sequence[Row], options: Mapping[str, Any]) -> Written:
    """Write rows as the file from which this reader reads them.

    Args:
        reader: Name of the reader, as in a catalog entry.
        rows: Rows with the reader's columns by name; columns that the format cannot hold are left out.
        options: The reader's options.

    Raises:
        CatalogError: The format cannot be written, or an option is not valid.
    """
    if reader not in BUILT_IN:
        raise CatalogError(f"files of reader {reader!r} cannot be written.", next_step=f"use {', '.join(BUILT_IN)}.")
    module = import_module(BUILT_IN[reader].partition(":")[0])
    parsed = get_reader(reader).parse(options)
    raw: bytes = module.write(rows, parsed)
    beside: Callable[[Sequence[Row], Any], dict[str, bytes]] | None = getattr(module, "write_companions", None)
    return Written(raw, beside(rows, parsed) if beside else {})
