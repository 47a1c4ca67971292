"""Praat TextGrid (long text form): each interval or point of each tier is a record.

    read(raw)      # tier VARCHAR, number BIGINT, start DOUBLE, end DOUBLE (seconds), text VARCHAR

Silences are intervals with an empty text, and records too: times have no gaps. A point has equal start and end.
Format: https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

from __future__ import annotations

import math
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import pyarrow as pa

from meds_pipeline.readers.base import Fault, Options, Piece, PieceReader, Reason, RecordError, decoded, file_fault
from meds_pipeline.readers.lines import Line, check_length, iter_lines, piece_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HEADING = re.compile(rb"\s*(item|intervals|points) \[([0-9]{1,9})\]:?\s*")
_NAME = re.compile(rb'\s*name = "(.*)"\s*')
_SIZE = re.compile(rb"\s*(?:intervals|points): size = ([0-9]{1,9})\s*")
_FIELDS = re.compile(r'(?:\s*\w+ = (?:"(?:[^"]|"")*"|[^\s"]+)\s*)*')
_FIELD = re.compile(r'(\w+) = (?:"((?:[^"]|"")*)"|([^\s"]+))')
_FIX = "Correct it in Praat, or fetch the file again."


class _Interval(NamedTuple):
    """Lines of one interval or point, its heading first, and its tier and number."""

    tier: bytes
    number: int
    lines: list[Line]


class TextgridReader(PieceReader[Options]):
    """Intervals of a TextGrid file."""

    name = "textgrid"
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """Tier, number in the tier, start and end in seconds, text."""
        times = [("start", pa.float64()), ("end", pa.float64())]
        return pa.schema([("tier", pa.string()), ("number", pa.int64()), *times, ("text", pa.string())])

    def pieces(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Piece | Fault]:
        """The lines of each interval."""
        head = raw.read(512)
        raw.seek(0)
        if not head:
            return
        if b'"TextGrid"' not in head or b"<exists>" not in head:
            detail = "Not a TextGrid in Praat's long text form and UTF-8. Save it so in Praat, or fetch it again."
            yield file_fault(Reason.UNREADABLE, detail)
            return
        intervals = _Intervals(raw, options.max_record_bytes)
        found = 0
        for interval in intervals:
            yield piece_of(interval.lines)._replace(content=interval)
            found += 1
        if found < intervals.stated:
            detail = f"The file states {intervals.stated} intervals and holds {found}. Fetch the file again."
            yield Fault(found, raw.seek(0, 2), 0, Reason.TRUNCATED.value, detail)

    def values(self, piece: Piece, options: Options) -> tuple[Any, ...]:
        """Tier, number, times and text of one interval."""
        interval = piece.content
        check_length(piece._replace(content=interval.lines), options)
        body = decoded(b"".join(line.body + line.ending for line in interval.lines[1:]), options)
        fields = {name: bare or quoted.replace('""', '"') for name, quoted, bare in _FIELD.findall(body)}
        text = fields.get("text", fields.get("mark"))
        try:
            begin = float(fields.get("xmin") or fields.get("number") or fields["time"])
            end = float(fields.get("xmax", begin))
        except (KeyError, ValueError):
            begin, end = math.nan, math.nan
        if _FIELDS.fullmatch(body) is None or text is None or not begin <= end < math.inf:
            raise RecordError(Reason.BAD_RECORD, f"The interval has no text, or no times in order. {_FIX}")
        return decoded(interval.tier, options), interval.number, begin, end, text


class _Intervals:
    """Cuts the file at its headings, and adds up the numbers of intervals that the tiers state."""

    def __init__(self, raw: BinaryIO, limit: int) -> None:
        self._lines = iter_lines(raw, limit)
        self.stated = 0

    def __iter__(self) -> Iterator[_Interval]:
        tier, piece = b"", None
        for line in self._lines:
            if heading := _HEADING.fullmatch(line.body):
                if piece is not None:
                    yield piece
                piece = None if heading[1] == b"item" else _Interval(tier, int(heading[2]), [line])
            elif piece is not None:
                piece.lines.append(line)
            elif name := _NAME.fullmatch(line.body):
                tier = name[1]
            elif size := _SIZE.fullmatch(line.body):
                self.stated += int(size[1])
        if piece is not None:
            yield piece


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write a tier for each run of rows of one tier."""
    tiers = [(name, list(found)) for name, found in groupby(rows, lambda row: row["tier"])]
    end = max((row["end"] for row in rows), default=0)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for place, (name, found) in enumerate(tiers, 1):
        lines += [f"    item [{place}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += ["        xmin = 0", f"        xmax = {found[-1]['end']}", f"        intervals: size = {len(found)}"]
        for row in found:
            text = row["text"].replace('"', '""')
            lines.append(f"        intervals [{row['number']}]:")
            times = [f"            xmin = {row['start']}", f"            xmax = {row['end']}"]
            lines += [*times, f'            text = "{text}"']
    return "".join(f"{line}\n" for line in lines).encode(options.encoding)
