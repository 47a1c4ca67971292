"""Bytes of the upstream file formats, the same on every machine.

Line ends, escapes and zip headers are fixed here because a twin's sha256 is its identity.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

T = TypeVar("T")
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


class Token(NamedTuple):
    """One line of an IOB file."""

    text: str
    tag: str = "O"


def json_map(records: Mapping[str, object]) -> bytes:
    """Render a JSON object the way PubMedQA does: four blanks, ASCII escapes, upstream's key order."""
    return json.dumps(records, indent=4, ensure_ascii=True).encode("ascii")


def json_list(records: Iterable[object]) -> bytes:
    """Render a JSON array in the same way, as FrenchMedMCQA does."""
    return json.dumps(list(records), indent=4, ensure_ascii=True).encode("ascii")


def json_lines(records: Iterable[object]) -> bytes:
    """Render one JSON value a line, ASCII escapes."""
    return "".join(f"{json.dumps(record)}\n" for record in records).encode("ascii")


def table(rows: Iterable[Sequence[str | int]], *, delimiter: str = ",", ending: str = "\n") -> str:
    """Render CSV or TSV rows; cells are quoted where they must be."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=ending).writerows(rows)
    return out.getvalue()


def scattered(good: Sequence[T], bad: Sequence[T], every: int) -> Iterator[T]:
    """Yield the good ones and after each `every` of them one of the bad, in turn; at least one at the end."""
    for place, one in enumerate(good, 1):
        yield one
        if place % every == 0 or (place == len(good) < every):
            yield bad[(place - 1) // every % len(bad)]


def iob(sentences: Iterable[Sequence[Token]]) -> bytes:
    """Render `token<TAB>tag` lines with a blank line after each sentence."""
    blocks = ("".join(f"{token.text}\t{token.tag}\n" for token in sentence) for sentence in sentences)
    return "".join(f"{block}\n" for block in blocks).encode()


def xlsx(sheet: str, rows: Iterable[Sequence[str | float | None]]) -> bytes:
    """Render a workbook of one sheet; the first row is the header, None leaves the cell out.

    The zip is packed again without compression and with fixed headers: deflate gives other bytes from one zlib build to
    the next, and the writer records the operating system.
    """
    import xlsxwriter

    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": EPOCH.replace(tzinfo=None)})
    page = book.add_worksheet(sheet)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if cell is not None:
                page.write(row, column, cell)
    book.close()
    return stored_zip(packed.getvalue())


def stored_zip(archive: bytes) -> bytes:
    """Pack a zip again, uncompressed, with the date and system of every member fixed."""
    plain = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(plain, "w") as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            target.writestr(member, source.read(name))
    return plain.getvalue()
