"""XLSX: each row of a sheet below its header is a record.

    read(raw, columns={"CHQ": "VARCHAR", "Summary": "VARCHAR"})

A workbook has no bytes to point at: `start` is the sheet's row number as a spreadsheet shows it (the header is row
1), `length` is 0, and `raw_text` gives the row's cells as a JSON object. The sheet is held in memory. Cells are
untyped upstream, so a number in a VARCHAR column is its shortest text (12, not 12.0); an empty cell is NULL.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import orjson
from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook

from meds_pipeline.core.errors import RawFileError
from meds_pipeline.readers.archives import ArchiveLimits, check_zip, naming, zip_bytes
from meds_pipeline.readers.base import Address, Fault, Piece, PieceReader
from meds_pipeline.readers.tables import Table, TableOptions, locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

_LIMITS = ArchiveLimits(member_bytes=1 << 30, members=10_000)
_MAX_CELLS = 50_000_000
_MAX_ROWS = 1 << 20
_PLACE = re.compile(r"([A-Z]{0,3})([0-9]{1,10})")
"""The `r` of a row, its number; or of a cell, its column and row."""


class XlsxOptions(TableOptions):
    """Options of `xlsx`."""

    sheet: str | int = 0
    """Name or position of the sheet."""


class XlsxReader(PieceReader[XlsxOptions]):
    """Rows of one sheet."""

    name = "xlsx"
    version = 2
    options_type = XlsxOptions

    def columns(self, options: XlsxOptions) -> pa.Schema:
        """The declared columns."""
        return options.arrow()

    def pieces(
        self, raw: BinaryIO, options: XlsxOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Piece | Fault]:
        """The rows; a row without any text is not a record."""
        if raw.seek(0, 2) == 0:
            return
        rows = _rows(raw, options.sheet)
        places: list[int | None] | Fault = list(range(len(options.columns)))
        if options.header:
            places = locate(next(rows, (0, []))[1], options)
        if isinstance(places, Fault):
            yield places
            return
        table = Table(options, places)
        width = max((place + 1 for place in places if place is not None), default=0)
        for number, cells in rows:
            padded = [*cells, *[""] * (width - len(cells))]
            yield Piece(number, 0, (table, [cell or None for cell in padded]))

    def values(self, piece: Piece, options: XlsxOptions) -> tuple[Any, ...]:
        """The declared columns of one row."""
        table, cells = piece.content
        found: tuple[Any, ...] = table.values(cells)
        return found

    def text_at(self, raw: BinaryIO, address: Address, options: XlsxOptions, companions: Mapping[str, BinaryIO]) -> str:
        """The row's cells as a JSON object by header, or as a list if there is no header."""
        header: list[str] | None = None
        for number, cells in _rows(raw, options.sheet):
            if options.header and header is None:
                header = cells
            if number == address.start:
                value = cells if header is None else dict(zip(header, cells, strict=False))
                return orjson.dumps(value).decode()
        return ""


def _rows(raw: BinaryIO, sheet: str | int) -> Iterator[tuple[int, list[str]]]:
    """Row number and texts of each row that is not empty.

    Raises:
        RawFileError: Not a workbook, no such sheet, or over a limit.
    """
    raw.seek(0)
    check_zip(raw, _LIMITS)
    raw.seek(0)
    _check_places(raw)
    raw.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(raw)
        names = book.sheet_names
        if sheet not in names and not (isinstance(sheet, int) and 0 <= sheet < len(names)):
            raise RawFileError(
                f"there is no sheet {sheet!r}; there are: {', '.join(names)}.", next_step="Correct the option `sheet`."
            )
        table = book.get_sheet_by_index(sheet) if isinstance(sheet, int) else book.get_sheet_by_name(sheet)
        first = table.start[0] + 1 if table.start else 1
        for number, cells in enumerate(table.iter_rows(), first):
            texts = [_text(cell) for cell in cells]
            if any(text.strip() for text in texts):
                yield number, texts
    except CalamineError as error:
        raise RawFileError(
            f"not a readable workbook ({error}).", next_step="Open it in a spreadsheet and save it again."
        ) from error


def _text(cell: Any) -> str:
    """The text of a cell as a person who reads the sheet would write it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def _check_places(raw: BinaryIO) -> None:
    """Refuse a sheet with an extremely large used range, or with a row or cell that occurs twice.

    For one cell in the far corner the library reserves terabytes; of two rows with one number it gives only the last.

    Raises:
        RawFileError: A sheet has more than `_MAX_CELLS` cells in its used range, or a row or cell twice.
    """
    with naming(str(getattr(raw, "name", "the workbook"))), zipfile.ZipFile(raw) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with book.open(name) as sheet:
                    _check_sheet(name, sheet)


def _check_sheet(name: str, sheet: IO[bytes]) -> None:
    rows: set[int] = set()
    filled: set[int] = set()
    columns: set[int] = set()
    """Of the row that cells are being read of."""
    here = lowest = widest = 0
    for letters, number in _places(sheet):
        column = _column(letters)
        if not letters:
            is_twice = number in rows
            rows.add(number)
        else:
            if number != here:
                here, columns = number, set()
                is_twice = number in filled
            else:
                is_twice = column in columns
            filled.add(number)
            columns.add(column)
            lowest, widest = max(lowest, number), max(widest, column)
        if number > _MAX_ROWS or lowest * widest > _MAX_CELLS:
            raise RawFileError(
                f"sheet {name} spans {number} rows and {widest} columns.",
                next_step="Delete the cells outside the table and save it again.",
            )
        if is_twice:
            raise RawFileError(
                f"row {number} of sheet {name} is there twice, so one of the two would be lost.",
                next_step="Open it in a spreadsheet, look at that row, and save it again.",
            )


def _places(sheet: IO[bytes]) -> Iterator[tuple[str, int]]:
    """Yield the row numbers (with no letters) and the cells that a sheet names; a row comes behind its cells."""
    found = etree.iterparse(
        sheet, tag=("{*}row", "{*}c"), recover=True, huge_tree=True, resolve_entities=False, no_network=True
    )
    for _, element in found:
        if place := _PLACE.fullmatch(element.get("r") or ""):
            yield place[1], int(place[2])
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:  # what was read is not kept
            del parent[0]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def write(rows: Sequence[Mapping[str, Any]], options: XlsxOptions) -> bytes:
    """Write a workbook of one sheet; its zip is packed again, as the library's zip differs between machines."""
    import xlsxwriter

    header = list(rows[0]) if rows else list(options.columns)
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime.datetime(2024, 1, 1)})  # noqa: DTZ001  # the library takes no zone
    page = book.add_worksheet(options.sheet if isinstance(options.sheet, str) else None)
    table = [[row[name] for name in header] for row in rows]
    for place, cells in enumerate([header, *table] if options.header else table):
        for column, cell in enumerate(cells):
            if cell is not None:
                page.write(place, column, cell)
    book.close()
    with zipfile.ZipFile(packed) as made:
        return zip_bytes({name: made.read(name) for name in made.namelist()})
