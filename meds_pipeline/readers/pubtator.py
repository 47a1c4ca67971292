"""PubTator: a title line, an abstract line, then mentions and relations; each document is a record.

    227508|t|Naloxone reverses ...
    227508|a|In unanesthetized, ...
    227508<TAB>0<TAB>8<TAB>Naloxone<TAB>Chemical<TAB>D009270
    227508<TAB>CID<TAB>D008750<TAB>D007022

    read(raw)      # id, title, abstract, then text, entities, relations

The text is title, one blank, abstract; offsets count its characters. Identifiers joined by `|` or `+` become the
mention's refs. A seventh column (the parts of a composite mention) is skipped. A relation's arguments are identifiers,
not mentions, in the roles `arg1` and `arg2`. A document ends at a blank line or at the next title.
Format: https://www.ncbi.nlm.nih.gov/research/pubtator3/ (PubTator format)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import Options, Piece, PieceReader, Reason, RecordError, decoded
from meds_pipeline.readers.lines import Line, check_length, iter_lines, piece_of
from meds_pipeline.readers.spans import ANNOTATED, FIX, Entity, Relation, Span, check_mention, entity, relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PASSAGE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_TITLE = re.compile(rb"[^|\t]+\|t\|")
_IDENTIFIERS = re.compile(r"[|+]")
_MENTION_COLUMNS = (5, 6, 7)
_RELATION_COLUMNS = (4, 5)


class PubtatorReader(PieceReader[Options]):
    """Documents of a PubTator file."""

    name = "pubtator"
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """Id, title, abstract, then the shared shape of annotated text."""
        strings = [pa.field(name, pa.string()) for name in ("id", "title", "abstract")]
        return pa.schema([*strings, *ANNOTATED])

    def pieces(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Piece]:
        """The lines of each document."""
        return map(piece_of, _documents(iter_lines(raw, options.max_record_bytes)))

    def values(self, piece: Piece, options: Options) -> tuple[Any, ...]:
        """Take in the lines of one document."""
        check_length(piece, options)
        document = _Document()
        for number, line in enumerate(piece.content, 1):
            try:
                document.add(decoded(line.body, options))
            except RecordError as error:
                raise RecordError(error.reason, f"Line {number} of the document: {error.detail}") from None
        return document.values()


def _documents(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Lines of one document after the other."""
    current: list[Line] = []
    for line in lines:
        blank = not line.body.strip()
        if current and (blank or _TITLE.match(line.body)):
            yield current
            current = []
        if not blank:
            current.append(line)
    if current:
        yield current


@dataclass(slots=True)
class _Document:
    """What has been read of one document."""

    number: str | None = None
    passages: dict[str, str] = field(default_factory=dict)
    entities: list[Entity] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Title, one blank, abstract."""
        return f"{self.passages.get('t', '')} {self.passages.get('a', '')}"

    def add(self, line: str) -> None:
        """Take one line.

        Raises:
            RecordError: It cannot be read or does not fit the text.
        """
        if match := _PASSAGE.fullmatch(line):
            self._same_document(match[1])
            if match[2] in self.passages:
                raise RecordError(Reason.BAD_RECORD, f"There is a second |{match[2]}| line. {FIX}")
            self.passages[match[2]] = match[3]
            return
        columns = line.split("\t")
        self._same_document(columns[0])
        if len(columns) in _MENTION_COLUMNS and columns[1].isdecimal() and columns[2].isdecimal():
            self._mention(columns)
        elif len(columns) in _RELATION_COLUMNS and not columns[1].isdecimal():
            args = zip(("arg1", "arg2"), columns[2:4], strict=True)
            self.relations.append(relation(f"R{len(self.relations) + 1}", columns[1], args))
        else:
            raise RecordError(Reason.BAD_RECORD, f"It is no title, abstract, mention or relation. {FIX}")

    def values(self) -> tuple[Any, ...]:
        """Column values of the whole document.

        Raises:
            RecordError: It has no title or no abstract.
        """
        if len(self.passages) < len("ta"):
            raise RecordError(Reason.MISSING_FIELD, f"The document has no title or no abstract. {FIX}")
        passages = self.passages["t"], self.passages["a"]
        return self.number, *passages, self.text, self.entities, self.relations

    def _same_document(self, number: str) -> None:
        if self.number is None:
            self.number = number
        elif self.number != number:
            raise RecordError(Reason.BAD_REFERENCE, f"It belongs to another document. {FIX}")

    def _mention(self, columns: list[str]) -> None:
        span = Span(int(columns[1]), int(columns[2]))
        check_mention(self.text, [span], columns[3])
        refs = _IDENTIFIERS.split(columns[5]) if len(columns) > _MENTION_COLUMNS[0] else []
        kept = [ref.strip() for ref in refs if ref.strip()]
        self.entities.append(entity(f"T{len(self.entities) + 1}", columns[4], columns[3], [span], kept))


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write one document per row, each with a blank line after it."""
    lines: list[str] = []
    for row in rows:
        number = row["id"]
        lines += [f"{number}|t|{row['title']}", f"{number}|a|{row['abstract']}"]
        for one in row["entities"]:
            refs = ["|".join(one["refs"])] if one["refs"] else []
            lines.append("\t".join([number, str(one["start"]), str(one["end"]), one["text"], one["type"], *refs]))
        for link in row["relations"]:
            lines.append("\t".join([number, link["type"], *(one["ref"] for one in link["args"])]))
        lines.append("")
    return "".join(f"{line}\n" for line in lines).encode(options.encoding)
