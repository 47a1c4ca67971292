"""IOB: one token and its tag a line, a blank line between sentences; each sentence is a record.

    read(raw)                                             # token<TAB>tag (BC5CDR, BC2GM, AnatEM, NCBI)
    read(raw, separator="space", starts="QUESTION TYPE:") # one record a document that begins so (CasiMedicos)

IOB2 (every entity begins with B-), IOB1 (B- only between neighbours), IOBES/BILOU and bare B/I/O tags are all
read. The text is the tokens joined by one blank, offsets count its characters; sentences of one document are joined
by a line break. A line without a tag, or with one that is none, makes a fault of its record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import pyarrow as pa
from pydantic import Field

from meds_pipeline.readers.base import BaseReader, Fault, Options, Reason, Record
from meds_pipeline.readers.lines import Line, iter_lines
from meds_pipeline.readers.spans import ANNOTATED, Entity, Span, entity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TAG = re.compile(r"O|[BIESLU](?:[-_](.+))?")
_BEGINS = frozenset("BSU")
_DOCSTART = "-DOCSTART-"


class IobOptions(Options):
    """Options of `iob`."""

    separator: Literal["tab", "space"] = "tab"
    """What stands between token and tag. With `space`, several blanks count as one."""

    tag: int = Field(default=1, ge=1)
    """Column of the tag, counted from 0; further columns are ignored."""

    starts: str | None = None
    """A sentence that begins with this text begins a document; the record is then the document."""

    tokens: bool = False
    """Add the columns `tokens` and `tags` (doubles the cost of a record)."""


@dataclass(slots=True)
class _Sentence:
    """Lines gathered for one record."""

    start: int
    end: int
    tokens: list[list[str]] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)
    problem: tuple[Reason, str] | None = None

    def absorb(self, later: _Sentence) -> None:
        """Append another sentence of the same document."""
        self.end = later.end
        self.tokens += later.tokens
        self.tags += later.tags
        self.problem = self.problem or later.problem


class IobReader(BaseReader[IobOptions]):
    """Sentences, or documents, of an IOB file."""

    name = "iob"
    options_type = IobOptions

    def columns(self, options: IobOptions) -> pa.Schema:
        """The shared shape of annotated text; tokens and tags on request."""
        strings = pa.list_(pa.string())
        extra = [pa.field("tokens", strings), pa.field("tags", strings)] if options.tokens else []
        return pa.schema([*ANNOTATED, *extra])

    def records(
        self, raw: BinaryIO, options: IobOptions, companions: Mapping[str, BinaryIO]
    ) -> Iterator[Record | Fault]:
        """Go through the sentences or documents."""
        units = _sentences(raw, options)
        if options.starts is not None:
            units = _documents(units, options.starts.split())
        for index, unit in enumerate(units):
            length = unit.end - unit.start
            if unit.problem is not None:
                reason, detail = unit.problem
                yield Fault(index, unit.start, length, reason.value, detail)
            else:
                yield Record(index, unit.start, length, _values(unit, options))


def _sentences(raw: BinaryIO, options: IobOptions) -> Iterator[_Sentence]:
    current: _Sentence | None = None
    separator = "\t" if options.separator == "tab" else None
    for line in iter_lines(raw, options.max_record_bytes):
        if not line.body.strip():
            if current is not None:
                yield current
            current = None
            continue
        if current is None:
            if line.body.startswith(_DOCSTART.encode()):
                continue
            current = _Sentence(line.start, line.start, [[]], [[]])
        _add(current, line, options, separator)
    if current is not None:
        yield current


def _add(sentence: _Sentence, line: Line, options: IobOptions, separator: str | None) -> None:
    number = len(sentence.tokens[0]) + 1
    sentence.end = line.start + len(line.body)
    if sentence.problem is not None:
        return
    if sentence.end - sentence.start > options.max_record_bytes or line.too_long:
        sentence.problem = Reason.TOO_LONG, "The sentence is over max_record_bytes. Is a blank line missing?"
        return
    try:
        text = line.body.decode(options.encoding)
    except UnicodeDecodeError:
        sentence.problem = (
            Reason.BAD_ENCODING,
            f"Line {number} of the record is not {options.encoding}. Set the file's `encoding`, or repair the line.",
        )
        return
    # Only blanks separate: a token may hold a no-break space, at which str.split() would cut.
    parts = text.split(separator) if separator else [part for part in text.split(" ") if part]
    if len(parts) <= options.tag or not parts[options.tag].strip():
        sentence.problem = (
            Reason.MISSING_TAG,
            f"Line {number} of the record has no tag in column {options.tag}. "
            "Add the tag, or correct the options `separator` and `tag`.",
        )
        return
    tag = parts[options.tag].strip()
    if _TAG.fullmatch(tag) is None:
        sentence.problem = (
            Reason.MISSING_TAG,
            f"Line {number} of the record: the tag is neither O nor like B-Type. "
            "Correct the line, or the options `separator` and `tag`.",
        )
        return
    sentence.tokens[0].append(parts[0])
    sentence.tags[0].append(tag)


def _documents(sentences: Iterator[_Sentence], starts: list[str]) -> Iterator[_Sentence]:
    """Join sentences to documents; what comes before the first beginning is a document too."""
    document: _Sentence | None = None
    for sentence in sentences:
        if document is None:
            document = sentence
        elif sentence.tokens[0][: len(starts)] == starts:
            yield document
            document = sentence
        else:
            document.absorb(sentence)
    if document is not None:
        yield document


def _values(unit: _Sentence, options: IobOptions) -> tuple[Any, ...]:
    text = "\n".join(" ".join(tokens) for tokens in unit.tokens)
    entities: list[Entity] = []
    offset = 0
    for tokens, tags in zip(unit.tokens, unit.tags, strict=True):
        for kind, span in _chunks(tokens, tags, offset):
            number = f"T{len(entities) + 1}"
            entities.append(entity(number, kind, text[span.start : span.end], [span]))
        offset += sum(map(len, tokens)) + len(tokens)
    if not options.tokens:
        return text, entities, []
    return text, entities, [], sum(unit.tokens, []), sum(unit.tags, [])


def _chunks(tokens: list[str], tags: list[str], offset: int) -> Iterator[tuple[str | None, Span]]:
    """Entities of one sentence: a chunk goes on while tags say I (or E, L) of the same type."""
    open_kind: str | None = None
    first = last = -1
    for token, tag in zip(tokens, tags, strict=True):
        mark, kind = tag[0], tag[2:] or None
        if first >= 0 and (mark == "O" or mark in _BEGINS or kind != open_kind):
            yield open_kind, Span(first, last)
            first = -1
        if mark != "O":
            first = offset if first < 0 else first
            open_kind, last = kind, offset + len(token)
        offset += len(token) + 1
    if first >= 0:
        yield open_kind, Span(first, last)
