"""Records of a CSV file as `pandas.read_csv` reads it, which is how upstream reads every submission."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.errors import ScoringError, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Record = tuple[int, tuple[str, ...] | str]
    """The number and the cells of a record; for a record that cannot be read, the kind of problem instead of cells."""

_CHUNK = 5000
"""Records in memory at a time."""
_TOO_LONG = re.compile(r"Skipping line (\d+)")
"""Pandas' warning about records with more cells than the first record."""
_UNCLOSED = re.compile(r"EOF inside string starting at row (\d+)")
"""Pandas' error for a quote that is never closed; here the header is row 0."""


def csv_records(path: Path) -> Iterator[Record]:
    """Yield every record of a CSV file, the header included.

    Records are numbered as pandas numbers them: the header is 1, blank lines count, and a cell with line breaks does
    not start a record. Cells are text as it stands in the file; absent ones are empty, and bytes that are not UTF-8 are
    escaped (`surrogateescape`).

    Raises:
        ScoringError: Pandas cannot read the file, for another reason than a quote that is never closed.
    """
    from pandas.errors import EmptyDataError, ParserError

    number = broken = 0
    # If a quote is never closed, pandas gives no record of the chunk: its records are read again one at a time.
    for size in (_CHUNK, 1):
        try:
            for number, cells in _records(path, number, size):  # noqa: B020 (goes on behind the last one given)
                yield number, cells
            return
        except EmptyDataError:
            return
        except ParserError as error:
            unclosed = _UNCLOSED.search(str(error))
            if unclosed is None:
                raise ScoringError(f"pandas gives up: {error}.", Where(file=str(path)), "Write it again.") from error
            broken = int(unclosed[1]) + 1
    yield from ((row, "long_row") for row in range(number + 1, broken))
    yield broken, "broken_row"


def _records(path: Path, done: int, size: int) -> Iterator[Record]:
    """Records after the first `done` records, read `size` at a time."""
    import pandas as pd

    long: list[int] = []
    options = {
        "header": None,  # the header is read as a record: it sets the number of cells
        "skiprows": range(1, done),
        "chunksize": size,
        "dtype": object,
        "keep_default_na": False,
        "skip_blank_lines": False,
        "on_bad_lines": "warn",
        "encoding": "utf-8-sig",
        "encoding_errors": "surrogateescape",
    }
    with _noting(long, lambda: pd.read_csv(path, **options)) as frames:
        number = max(done - 1, 0)
        while (frame := _noting(long, lambda: next(frames, None))) is not None:
            for cells in frame.itertuples(index=False, name=None):
                number += 1
                while long and long[0] == number:
                    yield long.pop(0), "long_row"
                    number += 1
                if number > done:  # the header is not given again
                    yield number, cells
    yield from ((row, "long_row") for row in long)


def _noting(long: list[int], read: Callable[[], Any]) -> Any:
    """Return the result of `read`; add the numbers of records about which pandas warns to `long`."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = read()
    long += (int(row) for warning in warned for row in _TOO_LONG.findall(str(warning.message)))
    return found
