"""IOB: one token and its tag per line, a blank line between sentences; each sentence is a record.

    read(raw)                                             # token<TAB>tag (BC5CDR, BC2GM, AnatEM, NCBI)
    read(raw, separator="space", starts="QUESTION TYPE:") # one record a document that begins so (CasiMedicos)

IOB2 (every entity begins with B-), IOB1 (B- only between neighbours), IOBES/BILOU and bare B/I/O tags are all
read, and `-DOCSTART-` is no sentence. The text is the tokens joined by one blank, and offsets count its characters;
sentences of one document are joined by a line break. A line without a tag, or with an invalid tag, makes its record a
fault.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import pyarrow as pa
from pydantic import Field

from meds_pipeline.readers.base import Options, Piece, PieceReader, Reason, RecordError, decoded
from meds_pipeline.readers.lines import iter_blocks
from meds_pipeline.readers.spans import ANNOTATED, Entity, Span, entity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


_TAG = re.compile(r"O|[BIESLU](?:[-_](.+))?")
_BEGINS = frozenset("BSU")
_DOCSTART = re.compile(rb"^-DOCSTART-(?=\s|\Z)[^\n]*\n?", re.MULTILINE)


class IobOptions(Options):
    """Options of `iob`."""

    separator: Literal["tab", "space"] = "tab"
    """Separator of token and tag. With `space`, several blanks count as one."""

    tag: int = Field(default=1, ge=1)
    """Column of the tag, counted from 0; further columns are ignored."""

    starts: str | None = None
    """Text at the beginning of each document's first sentence. If given, a record is a document."""

    tokens: bool = False
    """Add the columns `tokens` and `tags` (doubles the cost of a record)."""


class IobReader(PieceReader[IobOptions]):
    """Sentences, or documents, of an IOB file."""

    name = "iob"
    version = 2
    options_type = IobOptions

    def columns(self, options: IobOptions) -> pa.Schema:
        """The shared shape of annotated text; tokens and tags on request."""
        strings = pa.list_(pa.string())
        extra = [pa.field("tokens", strings), pa.field("tags", strings)] if options.tokens else []
        return pa.schema([*ANNOTATED, *extra])

    def pieces(self, raw: BinaryIO, options: IobOptions, companions: Mapping[str, BinaryIO]) -> Iterator[Piece]:
        """Each sentence, or the sentences of each document."""
        blocks = iter_blocks(raw, options.max_record_bytes)
        sentences = (piece for start, body in blocks for piece in _between_marks(start, body, options))
        return sentences if options.starts is None else _documents(sentences, options)

    def values(self, piece: Piece, options: IobOptions) -> tuple[Any, ...]:
        """Text and entities of one sentence or document."""
        if piece.length > options.max_record_bytes:
            raise RecordError(Reason.TOO_LONG, "It is over max_record_bytes. Is a blank line missing?")
        sentences = [_sentence(body, options) for body in piece.content]
        text = "\n".join(" ".join(tokens) for tokens, _ in sentences)
        entities: list[Entity] = []
        offset = 0
        for tokens, tags in sentences:
            for kind, span in _chunks(tokens, tags, offset):
                number = f"T{len(entities) + 1}"
                entities.append(entity(number, kind, text[span.start : span.end], [span]))
            offset += sum(map(len, tokens)) + len(tokens)
        if not options.tokens:
            return text, entities, []
        return text, entities, [], *([one for part in parts for one in part] for parts in zip(*sentences, strict=True))


def _between_marks(start: int, body: bytes, options: IobOptions) -> Iterator[Piece]:
    """Yield the sentences of a block; a `-DOCSTART-` line may stand right before or behind one."""
    at = 0
    marks = [] if len(body) > options.max_record_bytes else [mark.span() for mark in _DOCSTART.finditer(body)]
    for end, behind in (*marks, (len(body), len(body))):
        if sentence := body[at:end].rstrip(b"\r\n"):
            yield Piece(start + at, len(sentence), [sentence])
        at = behind


def _documents(sentences: Iterator[Piece], options: IobOptions) -> Iterator[Piece]:
    """Join sentences to documents; the sentences before the first beginning are a document too."""
    starts = (options.starts or "").split()
    document: Piece | None = None
    for sentence in sentences:
        begin = sentence.content[0].decode(options.encoding, errors="replace").split("\n", len(starts))
        if document is None:
            document = sentence
        elif [row[0] for row in _rows(begin[: len(starts)], options) if row] == starts:
            yield document
            document = sentence
        else:
            length = sentence.start + sentence.length - document.start
            document = Piece(document.start, length, document.content + sentence.content)
    if document is not None:
        yield document


def _rows(lines: list[str], options: IobOptions) -> list[list[str]]:
    if options.separator == "tab":
        return [line.split("\t") for line in lines]
    # Only blanks separate: a token may hold a no-break space, at which str.split() would cut.
    return [[part for part in line.split(" ") if part] for line in lines]


def _sentence(body: bytes, options: IobOptions) -> tuple[list[str], list[str]]:
    """Tokens and tags of a sentence. All lines of a sentence are handled together, because a call per line is slow."""
    rows = _rows(decoded(body.replace(b"\r\n", b"\n"), options).split("\n"), options)
    try:
        tags = [row[options.tag].strip() for row in rows]
        bad = 0 if all(map(_is_tag, tags)) else [_is_tag(tag) for tag in tags].index(False) + 1
    except IndexError:
        tags, bad = [], [len(row) > options.tag for row in rows].index(False) + 1
    if bad:
        problem = f"Line {bad} of the sentence has no tag like O or B-Type in column {options.tag}."
        raise RecordError(Reason.MISSING_TAG, f"{problem} Correct the line, or the options `separator` and `tag`.")
    return [row[0] for row in rows], tags


@lru_cache(1 << 12)
def _is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def _chunks(tokens: list[str], tags: list[str], offset: int) -> Iterator[tuple[str | None, Span]]:
    """Entities of one sentence: a chunk goes on while tags say I (or E, L) of the same type."""
    tagged = [place for place, tag in enumerate(tags) if tag[0] != "O"]
    if not tagged:
        return
    starts = list(accumulate((len(token) + 1 for token in tokens), initial=offset))
    first, kind = tagged[0], tags[tagged[0]][2:] or None
    for before, place in pairwise(tagged):
        tag = tags[place]
        if place > before + 1 or tag[0] in _BEGINS or (tag[2:] or None) != kind:
            yield kind, Span(starts[first], starts[before + 1] - 1)
            first, kind = place, tag[2:] or None
    yield kind, Span(starts[first], starts[tagged[-1] + 1] - 1)


def write(rows: Sequence[Mapping[str, Any]], options: IobOptions) -> bytes:
    """Write one token and its IOB2 tag per line; a blank in the text separates tokens, a line break sentences."""
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
    """The tag of the token that begins at character `at`."""
    for one in entities:
        if one["start"] <= at < one["end"]:
            return ("B" if one["start"] == at else "I") + (f"-{one['type']}" if one["type"] else "")
    return "O"
