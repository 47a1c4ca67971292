"""IOB: one token and its tag a line, a blank line between sentences; each sentence is a record.

    read(raw)                                             # token<TAB>tag (BC5CDR, BC2GM, AnatEM, NCBI)
    read(raw, separator="space", starts="QUESTION TYPE:") # one record a document that begins so (CasiMedicos)

IOB2 (every entity begins with B-), IOB1 (B- only between neighbours), IOBES/BILOU and bare B/I/O tags are all
read, and `-DOCSTART-` is no sentence. The text is the tokens joined by one blank, offsets count its characters;
sentences of one document are joined by a line break. A line without a tag, or with one that is none, makes a fault
of its record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import pyarrow as pa
from pydantic import Field

from meds_pipeline.readers.base import BaseReader, Fault, Options, Reason, Record
from meds_pipeline.readers.lines import iter_blocks
from meds_pipeline.readers.spans import ANNOTATED, Entity, Span, entity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meds_pipeline.readers.batches import Batch
    from meds_pipeline.readers.window import Readable

TAG = re.compile(r"O|[BIESLU](?:[-_](.+))?")
BEGINS = frozenset("BSU")
DOCSTART = b"-DOCSTART-"


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
class _Unit:
    """What one record is made of: the tokens and tags of its sentences, and the first thing wrong with them."""

    start: int
    end: int
    tokens: list[list[str]]
    tags: list[list[str]]
    problem: tuple[Reason, str] | None = None

    def absorb(self, later: _Unit) -> None:
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
        from meds_pipeline.readers.batches import Source

        return sentence_units(Source(raw, 0, options.max_record_bytes), options)

    def record_batches(self, raw: BinaryIO, options: IobOptions, companions: Mapping[str, BinaryIO]) -> Iterator[Batch]:
        """By the block, where the options allow it."""
        from meds_pipeline.readers.batches import Source, from_blocks
        from meds_pipeline.readers.fast_iob import IobFormat, suits

        if not suits(options):
            return super().record_batches(raw, options, companions)
        return from_blocks(Source(raw, 0, options.max_record_bytes), IobFormat(options, self.columns(options)))


def sentence_units(raw: Readable, options: IobOptions, position: int = 0, index: int = 0) -> Iterator[Record | Fault]:
    """Records and faults from a byte position on."""
    units = _sentences(raw, options, position)
    if options.starts is not None:
        units = _documents(units, options.starts.split())
    for number, unit in enumerate(units, index):
        length = unit.end - unit.start
        if unit.problem is not None:
            reason, detail = unit.problem
            yield Fault(number, unit.start, length, reason.value, detail)
        else:
            yield Record(number, unit.start, length, _values(unit, options))


def _sentences(raw: Readable, options: IobOptions, position: int) -> Iterator[_Unit]:
    """Cut at blank lines; a line is handled only as part of its sentence, since it is lines that cost."""
    cut = _Cutter(options)
    for start, body in iter_blocks(raw, options.max_record_bytes, position):
        if not body.startswith(DOCSTART):
            yield cut.sentence(start, body)


class _Cutter:
    """Bytes of a sentence to tokens and tags."""

    def __init__(self, options: IobOptions) -> None:
        self._options = options
        self._tab = options.separator == "tab"
        self._known: set[str] = set()

    def sentence(self, start: int, body: bytes) -> _Unit:
        """Cut one sentence."""
        unit = _Unit(start, start + len(body), [[]], [[]])
        if len(body) > self._options.max_record_bytes:
            unit.problem = Reason.TOO_LONG, "The sentence is over max_record_bytes. Is a blank line missing?"
            return unit
        lines = body.replace(b"\r\n", b"\n")
        try:
            rows = self._rows(lines)
            tags = [row[self._options.tag].strip() for row in rows]
        except (UnicodeDecodeError, IndexError):
            unit.problem = self._why(lines)
            return unit
        if not self._known.issuperset(tags):
            if not all(map(TAG.fullmatch, tags)):
                unit.problem = self._why(lines)
            else:
                self._known.update(tags)
        unit.tokens, unit.tags = [[row[0] for row in rows]], [tags]
        return unit

    def _rows(self, lines: bytes) -> list[list[str]]:
        texts = lines.decode(self._options.encoding).split("\n")
        if self._tab:
            return [text.split("\t") for text in texts]
        # Only blanks separate: a token may hold a no-break space, at which str.split() would cut.
        return [[part for part in text.split(" ") if part] for text in texts]

    def _why(self, lines: bytes) -> tuple[Reason, str]:
        """The first line that is not a token and a tag."""
        tag = self._options.tag
        for number, line in enumerate(lines.split(b"\n"), 1):
            here = f"Line {number} of the record"
            try:
                row = self._rows(line)[0]
            except UnicodeDecodeError:
                encoding = self._options.encoding
                return Reason.BAD_ENCODING, f"{here} is not {encoding}. Set the file's `encoding`, or repair the line."
            if len(row) <= tag or not row[tag].strip():
                fix = "Add the tag, or correct the options `separator` and `tag`."
                return Reason.MISSING_TAG, f"{here} has no tag in column {tag}. {fix}"
            if TAG.fullmatch(row[tag].strip()) is None:
                fix = "Correct the line, or the options `separator` and `tag`."
                return Reason.MISSING_TAG, f"{here}: the tag is neither O nor like B-Type. {fix}"
        raise AssertionError("only called where a line is bad")


def _documents(sentences: Iterator[_Unit], starts: list[str]) -> Iterator[_Unit]:
    """Join sentences to documents; what comes before the first beginning is a document too."""
    document: _Unit | None = None
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


def _values(unit: _Unit, options: IobOptions) -> tuple[Any, ...]:
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
    tagged = [place for place, tag in enumerate(tags) if tag[0] != "O"]
    if not tagged:
        return
    starts = list(accumulate((len(token) + 1 for token in tokens), initial=offset))
    first, kind = tagged[0], tags[tagged[0]][2:] or None
    for before, place in pairwise(tagged):
        tag = tags[place]
        if place > before + 1 or tag[0] in BEGINS or (tag[2:] or None) != kind:
            yield kind, Span(starts[first], starts[before + 1] - 1)
            first, kind = place, tag[2:] or None
    yield kind, Span(starts[first], starts[tagged[-1] + 1] - 1)


def write(rows: Sequence[Mapping[str, Any]], options: IobOptions) -> bytes:
    """Write a token and its IOB2 tag a line; the text has one blank between tokens, a line break between sentences."""
    gap = "\t" if options.separator == "tab" else " "
    lines = []
    for row in rows:
        at = 0
        for sentence in row["text"].split("\n"):
            for token in sentence.split(" "):
                lines.append(gap.join([token, *["_"] * (options.tag - 1), _tag(row["entities"], at)]))
                at += len(token) + 1
            lines.append("")
    return "".join(f"{line}\n" for line in lines).encode(options.encoding)


def _tag(entities: list[Entity], at: int) -> str:
    """The tag of the token that begins at a character."""
    for one in entities:
        if one["start"] <= at < one["end"]:
            return ("B" if one["start"] == at else "I") + (f"-{one['type']}" if one["type"] else "")
    return "O"
