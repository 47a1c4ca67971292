"""brat standoff: a .txt file is one record, its .ann file a companion.

    read(text, companions={"ann": annotations})      # text, entities, relations

Of the .ann file: `T` mentions, also discontinuous (`4 9;12 20`); `N` normalisations go to the mention's refs; `R`
relations and `*` equivalences; `E` events are relations whose first argument is the role `trigger`; `A`/`M`
attributes are relations of the type's name with arguments `of` and, where there is one, `value`; `#` notes are
skipped. An empty .ann file is a document without mentions. One bad line makes the document a fault.
Format: https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meds_pipeline.readers.base import Address, Options, Piece, PieceReader, Reason, RecordError, decoded
from meds_pipeline.readers.spans import ANNOTATED, FIX, Entity, Relation, Span, check_mention, entity, relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ANN = "ann"
_MENTION = re.compile(r"(T[^\t]*)\t(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)\t(.*)", re.DOTALL)
_REFERENCE = re.compile(r"N[^\t]*\t\S+ (\S+) (\S+)(?:\t.*)?", re.DOTALL)
_RELATION = re.compile(r"(R[^\t]*)\t(\S+)((?: [^\s:]+:\S+)+)\s*")
_EVENT = re.compile(r"(E[^\t]*)\t([^\s:]+):(\S+)((?: [^\s:]+:\S+)*)\s*")
_EQUIVALENT = re.compile(r"\*\t(\S+)((?: \S+)+)\s*")
_ATTRIBUTE = re.compile(r"([AM][^\t]*)\t(\S+) (\S+)(?: (\S+))?\s*")


class BratReader(PieceReader[Options]):
    """The one document of a text file and its annotations."""

    name = "brat"
    version = 2
    options_type = Options

    def columns(self, options: Options) -> pa.Schema:
        """The shared shape of annotated text."""
        return pa.schema(ANNOTATED)

    def companions(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """The annotation file."""
        self.parse(options)
        return (ANN,)

    def pieces(self, raw: BinaryIO, options: Options, companions: Mapping[str, BinaryIO]) -> Iterator[Piece]:
        """The document."""
        if body := raw.read(options.max_record_bytes + 1):
            yield Piece(0, len(body), (body, companions.get(ANN)))

    def values(self, piece: Piece, options: Options) -> tuple[Any, ...]:
        """Text, entities, relations."""
        body, ann = piece.content
        if piece.length > options.max_record_bytes:
            raise RecordError(Reason.TOO_LONG, "The text is over max_record_bytes. Raise the option.")
        if ann is None:
            detail = "The .ann file beside the text is missing. Fetch it, or correct the entry's companion path."
            raise RecordError(Reason.MISSING_COMPANION, detail)
        annotations = ann.read(options.max_record_bytes + 1)
        if len(annotations) > options.max_record_bytes:
            raise RecordError(Reason.TOO_LONG, "The .ann file is over max_record_bytes. Raise the option.")
        text, lines = decoded(body, options), decoded(annotations, options).splitlines()
        document = _Annotations(text)
        for number, line in enumerate(lines, 1):
            try:
                document.add(line)
            except RecordError as error:
                raise RecordError(error.reason, f"Line {number} of the .ann file: {error.detail}") from None
        return text, *document.finish()

    def text_at(self, raw: BinaryIO, address: Address, options: Options, companions: Mapping[str, BinaryIO]) -> str:
        """The text; with the companion, also its annotations after the text."""
        text = super().text_at(raw, address, options, companions)
        if ANN not in companions:
            return text
        companions[ANN].seek(0)
        return f"{text}\n\n[.ann]\n{companions[ANN].read().decode(options.encoding, errors='replace')}"


class _Annotations:
    """Gathers the lines of one .ann file; references are resolved at the end, since lines come in any order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._entities: dict[str, Entity] = {}
        self._relations: list[Relation] = []
        self._references: list[tuple[str, str]] = []

    def add(self, line: str) -> None:
        """Take one line.

        Raises:
            RecordError: The line cannot be read, or its mention is not in the text.
        """
        if not line.strip() or line.startswith("#"):
            return
        if match := _MENTION.fullmatch(line):
            spans = [Span(*map(int, part.split())) for part in match[3].split(";")]
            check_mention(self._text, spans, match[4])
            if match[1] in self._entities:
                raise RecordError(Reason.BAD_REFERENCE, f"The id {match[1]} is there twice. {FIX}")
            self._entities[match[1]] = entity(match[1], match[2], match[4], spans)
        elif match := _REFERENCE.fullmatch(line):
            self._references.append((match[1], match[2]))
        elif match := _RELATION.fullmatch(line):
            self._relations.append(relation(match[1], match[2], _pairs(match[3])))
        elif match := _EVENT.fullmatch(line):
            self._relations.append(relation(match[1], match[2], [("trigger", match[3]), *_pairs(match[4])]))
        elif match := _EQUIVALENT.fullmatch(line):
            self._relations.append(relation("*", match[1], [("", part) for part in match[2].split()]))
        elif match := _ATTRIBUTE.fullmatch(line):
            value = [("value", match[4])] if match[4] else []
            self._relations.append(relation(match[1], match[2], [("of", match[3]), *value]))
        else:
            raise RecordError(Reason.BAD_RECORD, f"It is no annotation that brat writes. {FIX}")

    def finish(self) -> tuple[list[Entity], list[Relation]]:
        """Entities and relations.

        Raises:
            RecordError: A line refers to an id that does not exist.
        """
        known = {*self._entities, *(one["id"] for one in self._relations)}
        used = [ref for one in self._relations for ref in _references(one)]
        lost = sorted({*used, *(target for target, _ in self._references)} - known)
        if lost:
            raise RecordError(Reason.BAD_REFERENCE, f"{lost[0]} is referred to and not there. {FIX}")
        for target, identifier in self._references:
            if target in self._entities:
                self._entities[target]["refs"].append(identifier)
        return list(self._entities.values()), self._relations


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(role, ref) for role, _, ref in (part.partition(":") for part in text.split())]


def _references(found: Relation) -> list[str]:
    return [one["ref"] for one in found["args"] if one["role"] != "value"]


def write(rows: Sequence[Mapping[str, Any]], options: Options) -> bytes:
    """Write the text of the one document."""
    (row,) = rows
    return str(row["text"]).encode(options.encoding)


def write_companions(rows: Sequence[Mapping[str, Any]], options: Options) -> dict[str, bytes]:
    """Write its mentions, with their identifiers, and its relations."""
    (row,) = rows
    lines = []
    for one in row["entities"]:
        spans = ";".join(f"{span['start']} {span['end']}" for span in one["spans"])
        lines.append(f"{one['id']}\t{one['type']} {spans}\t{one['text']}")
        lines += [f"N{one['id'][1:]}.{at}\tReference {one['id']} {ref}" for at, ref in enumerate(one["refs"], 1)]
    for link in row["relations"]:
        ends = " ".join(f"{one['role']}:{one['ref']}" for one in link["args"])
        lines.append(f"{link['id']}\t{link['type']} {ends}")
    return {ANN: "".join(f"{line}\n" for line in lines).encode(options.encoding)}
