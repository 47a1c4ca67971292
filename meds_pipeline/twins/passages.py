"""Sentences with mentions: templates whose slots are names, joined to passages in the shape that readers give.

A template is text with slots: `{drug}` is the value of a column, `{Drug}` the same with a capital letter, `{a drug}`
with its article, `{kind.en}` a field of it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from meds_pipeline.readers.spans import ANNOTATED, Argument, Entity, Relation, Span, entity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]
_SLOT = re.compile(r"\{(?:([Aa]) )?(\w+(?:\.\w+)?)\}")
PASSAGE = pa.struct([*ANNOTATED, pa.field("sentences", pa.list_(pa.struct(ANNOTATED)))])


def value_of(path: str, row: Mapping[str, Any]) -> Any:
    """The value of a column, or of a field of it; raises KeyError where there is none."""
    name, _, inner = path.partition(".")
    return row[name][inner] if inner else row[name]


def filled(template: str, row: Mapping[str, Any]) -> str:
    """The template with the values of a row."""
    return _SLOT.sub(lambda slot: _shown(slot, row), template)


def _shown(slot: re.Match[str], row: Mapping[str, Any]) -> str:
    text = str(value_of(_column(slot), row))
    if slot[1]:
        return f"{slot[1]}{'n' if text[0] in 'aeioAEIO' else ''} {text}"
    return text if slot[2] == _column(slot) else sentence_case(text)


def _column(slot: re.Match[str]) -> str:
    return slot[2][:1].lower() + slot[2][1:]


def sentence_case(text: str) -> str:
    """Upper-case the first letter and leave the rest, so that abbreviations survive."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Names:
    """The columns of a table whose values are mentions.

    Attributes:
        kinds: Column to entity type.
        templates: Template by column, for columns that are made from one: such a mention has the identifiers of the
            names inside the template.
    """

    kinds: Mapping[str, str]
    templates: Mapping[str, str]

    def refs(self, column: str, row: Mapping[str, Any]) -> list[str]:
        """Identifiers of a mention, one for each name that it stands for."""
        inner = [_column(slot) for slot in _SLOT.finditer(self.templates.get(column, ""))]
        return [_identifier(str(value_of(name, row))) for name in inner or [column]]


def _identifier(name: str) -> str:
    return f"D9{int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 100_000:05}"


def sentence(template: str | Mapping[str, str], row: Mapping[str, Any], names: Names) -> Row:
    """Fill a template; its first letter becomes a capital.

    Args:
        template: The text, or `{text: "TYPE one other"}` where it states a relation between two mentions.
        row: Values of the slots.
        names: Which slots are mentions.
    """
    wording, stated = next(iter(template.items())) if not isinstance(template, str) else (template, "")
    text, found = "", dict[str, Entity]()
    last = 0
    for slot in _SLOT.finditer(wording):
        text += wording[last : slot.start()]
        last = slot.end()
        column = _column(slot)
        shown = _shown(slot, row) if text else sentence_case(_shown(slot, row))
        if column in names.kinds:
            span = Span(len(text), len(text) + len(shown))
            found[column] = entity(f"T{len(found) + 1}", names.kinds[column], shown, [span], names.refs(column, row))
        text += shown
    relations: list[Relation] = []
    if stated:
        kind, *ends = stated.split()
        args: list[Argument] = [{"role": f"Arg{place}", "ref": found[end]["id"]} for place, end in enumerate(ends, 1)]
        relations.append({"id": "R1", "type": kind, "args": args})
    return {"text": sentence_case(text + wording[last:]), "entities": list(found.values()), "relations": relations}


def joined(sentences: Sequence[Row], mark: str) -> Row:
    """Sentences as one passage, with a mark of one character between them; mentions and relations are counted anew."""
    entities: list[Entity] = []
    relations: list[Relation] = []
    at = 0
    for one in sentences:
        before = len(entities)
        for mention in one["entities"]:
            span = Span(mention["start"] + at, mention["end"] + at)
            entities.append(entity(f"T{len(entities) + 1}", mention["type"], mention["text"], [span], mention["refs"]))
        for stated in one["relations"]:
            args: list[Argument] = [
                {"role": end["role"], "ref": f"T{int(end['ref'][1:]) + before}"} for end in stated["args"]
            ]
            relations.append({"id": f"R{len(relations) + 1}", "type": stated["type"], "args": args})
        at += len(one["text"]) + 1
    text = mark.join(one["text"] for one in sentences)
    return {"text": text, "entities": entities, "relations": relations, "sentences": list(sentences)}
