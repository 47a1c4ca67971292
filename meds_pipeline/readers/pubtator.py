"""PubTator: a title line, an abstract line, then mentions and relations; each document is a record.

    227508|t|Naloxone reverses ...
    227508|a|In unanesthetized, ...
    227508<TAB>0<TAB>8<TAB>Naloxone<TAB>Chemical<TAB>D009270
    227508<TAB>CID<TAB>D008750<TAB>D007022

    read(raw)      # id, title, abstract, then text, entities, relations

The text is title, one blank, abstract: what offsets count. Identifiers joined by `|` or `+` become the mention's
refs. A seventh column (the parts of a composite mention) is skipped. A relation's arguments are identifiers, not
mentions, in the roles `arg1`, `arg2`. A document ends at a blank line, or where another title begins.
Format: https://www.ncbi.nlm.nih.gov/research/pubtator3/ (PubTator format)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import BaseReader, Fault, Options, Reason, Record
from meds_pipeline.readers.lines import TOO_LONG, Line, iter_lines
from meds_pipeline.readers.spans import (
    ANNOTATED,
    AnnotationError,
    Entity,
    Relation,
    Span,
    check_mention,
    entity,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PASSAGE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_TITLE = re.compile(rb"[^|\t]+\|t\|")
_IDENTIFIERS = re.compile(r"[|+]")
_MENTION_COLUMNS = (5, 6, 7)
_RELATION_COLUMNS = (4, 5)
_FIX = "Correct the line, or fetch the file again."


class PubtatorReader(BaseReader[Options]):
    """Documents of a PubTator file."""

    name = "pubtator"
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """Id, title, abstract, then the shared shape of annotated text."""
        strings = [pa.field(name, pa.string()) for name in ("id", "title", "abstract")]
        return pa.schema([*strings, *ANNOTATED])

    def records(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Record | Fault]:
        """Go through the documents."""
        for index, lines in enumerate(_documents(iter_lines(raw, options.max_record_bytes))):
            start = lines[0].start
            length = lines[-1].start + lines[-1].size - start
            document = _Document()
            try:
                for line in lines:
                    document.add(_text(line, options, length))
                yield Record(index, start, length, document.values())
            except AnnotationError as error:
                detail = f"Line {document.lines} of the document: {error.detail} {_FIX}"
                yield Fault(index, start, length, error.reason.value, detail)


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


def _text(line: Line, options: Options, length: int) -> str:
    if line.too_long or length > options.max_record_bytes:
        raise AnnotationError(Reason.TOO_LONG, TOO_LONG)
    try:
        return line.body.decode(options.encoding)
    except UnicodeDecodeError:
        detail = f"It holds bytes that are not {options.encoding}."
        raise AnnotationError(Reason.BAD_ENCODING, detail) from None


@dataclass(slots=True)
class _Document:
    """What has been read of one document."""

    number: str | None = None
    lines: int = 0
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
            AnnotationError: It cannot be read or does not fit the text.
        """
        self.lines += 1
        if match := _PASSAGE.fullmatch(line):
            self._same_document(match[1])
            if match[2] in self.passages:
                raise AnnotationError(Reason.BAD_RECORD, f"There is a second |{match[2]}| line.")
            self.passages[match[2]] = match[3]
            return
        columns = line.split("\t")
        self._same_document(columns[0])
        if len(columns) in _MENTION_COLUMNS and columns[1].isdecimal() and columns[2].isdecimal():
            self._mention(columns)
        elif len(columns) in _RELATION_COLUMNS and not columns[1].isdecimal():
            args = columns[2:4]
            self.relations.append(
                {
                    "id": f"R{len(self.relations) + 1}",
                    "type": columns[1],
                    "args": [{"role": f"arg{place}", "ref": ref} for place, ref in enumerate(args, 1)],
                }
            )
        else:
            raise AnnotationError(Reason.BAD_RECORD, "It is no title, abstract, mention or relation.")

    def values(self) -> tuple[Any, ...]:
        """Column values of the whole document.

        Raises:
            AnnotationError: It has no title or no abstract.
        """
        if len(self.passages) < len("ta"):
            raise AnnotationError(Reason.MISSING_FIELD, "The document has no title or no abstract.")
        passages = self.passages["t"], self.passages["a"]
        return self.number, *passages, self.text, self.entities, self.relations

    def _same_document(self, number: str) -> None:
        if self.number is None:
            self.number = number
        elif self.number != number:
            raise AnnotationError(Reason.BAD_REFERENCE, "It belongs to another document.")

    def _mention(self, columns: list[str]) -> None:
        span = Span(int(columns[1]), int(columns[2]))
        check_mention(self.text, [span], columns[3])
        refs = _IDENTIFIERS.split(columns[5]) if len(columns) > _MENTION_COLUMNS[0] else []
        kept = [ref.strip() for ref in refs if ref.strip()]
        self.entities.append(entity(f"T{len(self.entities) + 1}", columns[4], columns[3], [span], kept))


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write a document a row, a blank line behind each."""
    lines: list[str] = []
    for row in rows:
        number = row["id"]
        lines += [f"{number}|t|{row['title']}", f"{number}|a|{row['abstract']}"]
        for one in row["entities"]:
            refs = ["|".join(one["refs"])] if one["refs"] else []
            lines.append("\t".join([number, str(one["start"]), str(one["end"]), one["text"], one["type"], *refs]))
        for relation in row["relations"]:
            lines.append("\t".join([number, relation["type"], *(one["ref"] for one in relation["args"])]))
        lines.append("")
    return "".join(f"{line}\n" for line in lines).encode(options.encoding)
