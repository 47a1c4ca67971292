"""Finds a reader by name; our own readers and plug-ins are found in the same way.

A plug-in is a subclass of `base.Reader`, registered by its package under the entry-point group
`meds_pipeline.readers`. Our own readers are registered there too; the table here is for a checkout without metadata.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

from meds_pipeline.core.errors import CatalogError, UnknownNameError

if TYPE_CHECKING:
    from meds_pipeline.catalog.model import Distribution
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

SHARED = (
    *("__init__", "archives", "base", "batches", "cage", "caged"),
    *("columns", "driver", "lines", "opening", "registry", "window"),
)
"""Modules that every reader uses: if their results change, raise the version of the step."""
_BEHIND = {
    "bioc": ("bioc", "spans", "xml_cut"),
    "brat": ("brat", "spans"),
    "csv": ("delimited", "fast_delimited", "tables"),
    "ddi": ("ddi", "spans", "xml_cut"),
    "iob": ("iob", "spans"),
    "json": ("json_document", "json_fields", "json_scan", "json_text"),
    "json_map": ("json_document", "json_fields", "json_map", "json_scan", "json_text"),
    "jsonl": ("fast_json_lines", "json_fields", "json_lines"),
    "lines": ("text_lines",),
    "pubtator": ("pubtator", "spans"),
    "text": ("whole_text",),
    "textgrid": ("textgrid",),
    "tmx": ("tmx", "xml_cut"),
    "tsv": ("delimited", "fast_delimited", "tables"),
    "xlsx": ("tables", "xlsx"),
    "xml": ("tables", "xml_cut", "xml_elements"),
}


def reader_code() -> dict[str, tuple[str, ...]]:
    """Paths below the package of the modules that each built-in reader uses, without the `SHARED` modules.

    If the results of a module change, raise the `version` of the readers that use it.
    """
    return {name: tuple(f"readers/{module}.py" for module in modules) for name, modules in _BEHIND.items()}


def reader_versions(distribution: Distribution) -> dict[str, int]:
    """Versions of the readers that the entries of a distribution name, in order of their names."""
    return {name: get_reader(name).version for name in sorted({one.reader for one in distribution.files.values()})}


@cache
def table() -> dict[str, str]:
    """Reader name to `module:Class`.

    Raises:
        CatalogError: Two packages claim one name.
    """
    found = dict(BUILT_IN)
    for point in entry_points(group=GROUP):
        known = found.setdefault(point.name, point.value)
        if known != point.value:
            raise CatalogError(
                f"reader {point.name!r} is registered twice: {known} and {point.value}.",
                next_step="rename or uninstall one of the two plug-ins.",
            )
    return found


def reader_names() -> list[str]:
    """All registered names, sorted."""
    return sorted(table())


@cache
def get_reader(name: str) -> Reader[Any]:
    """The reader of this name; its module is imported by this call.

    Raises:
        UnknownNameError: No such reader; close names are in the text.
        CatalogError: A plug-in cannot be imported.
    """
    known = table()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {', '.join(close)}?" if close else f"known readers: {', '.join(sorted(known))}."
        raise UnknownNameError(f"there is no reader {name!r}.", next_step=hint)
    module, _, attribute = known[name].partition(":")
    try:
        return cast("Reader[Any]", getattr(import_module(module), attribute)())
    except (ImportError, AttributeError) as error:
        raise CatalogError(
            f"reader {name!r} cannot be loaded from {known[name]}: {error}.",
            next_step="reinstall the package that registers it.",
        ) from error
