"""Finds a reader by name: our own and plug-ins through the same door.

A plug-in is a class that keeps `base.Reader`, registered by its package under the entry-point group
`meds_pipeline.readers`. Our own are registered there too; the table here serves a checkout without metadata.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from meds_pipeline.core.errors import CatalogError, UnknownNameError

if TYPE_CHECKING:
    from meds_pipeline.readers.base import Reader

GROUP = "meds_pipeline.readers"

_HERE = "meds_pipeline.readers"
BUILT_IN: dict[str, str] = {
    "bioc": f"{_HERE}.bioc:BiocReader",
    "brat": f"{_HERE}.brat:BratReader",
    "csv": f"{_HERE}.delimited:CsvReader",
    "ddi": f"{_HERE}.ddi:DdiReader",
    "iob": f"{_HERE}.iob:IobReader",
    "json": f"{_HERE}.json_document:JsonDocumentReader",
    "json_map": f"{_HERE}.json_map:JsonMapReader",
    "jsonl": f"{_HERE}.json_lines:JsonLinesReader",
    "lines": f"{_HERE}.text_lines:LinesReader",
    "pubtator": f"{_HERE}.pubtator:PubtatorReader",
    "text": f"{_HERE}.whole_text:TextReader",
    "textgrid": f"{_HERE}.textgrid:TextgridReader",
    "tmx": f"{_HERE}.tmx:TmxReader",
    "tsv": f"{_HERE}.delimited:TsvReader",
    "xlsx": f"{_HERE}.xlsx:XlsxReader",
    "xml": f"{_HERE}.xml_elements:XmlReader",
}


@cache
def _table() -> dict[str, str]:
    """Reader name to `module:Class`.

    Raises:
        CatalogError: Two packages claim one name.
    """
    table = dict(BUILT_IN)
    for point in entry_points(group=GROUP):
        known = table.setdefault(point.name, point.value)
        if known != point.value:
            raise CatalogError(
                f"reader {point.name!r} is registered twice: {known} and {point.value}.",
                next_step="rename or uninstall one of the two plug-ins.",
            )
    return table


def reader_names() -> list[str]:
    """All registered names, sorted."""
    return sorted(_table())


@cache
def get_reader(name: str) -> Reader:
    """The reader of this name; its module is imported only now.

    Raises:
        UnknownNameError: No such reader; close names are in the text.
        CatalogError: A plug-in cannot be imported.
    """
    table = _table()
    if name not in table:
        close = difflib.get_close_matches(name, table, n=3)
        hint = f"did you mean {', '.join(close)}?" if close else f"known readers: {', '.join(sorted(table))}."
        raise UnknownNameError(f"there is no reader {name!r}.", next_step=hint)
    module, _, attribute = table[name].partition(":")
    try:
        return cast("Reader", getattr(import_module(module), attribute)())
    except (ImportError, AttributeError) as error:
        raise CatalogError(
            f"reader {name!r} cannot be loaded from {table[name]}: {error}.",
            next_step="reinstall the package that registers it.",
        ) from error
