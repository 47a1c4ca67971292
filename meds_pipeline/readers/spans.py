"""The one shape of annotated text, which the IOB, brat, PubTator, BioC and DDI readers all yield.

`text`, `entities[{id, type, text, start, end, spans[{start, end}], refs[]}]` and
`relations[{id, type, args[{role, ref}]}]`.
Offsets count Unicode characters of `text`, end exclusive; `start`/`end` are the outer bounds of `spans`, of which a
discontinuous entity has several. `refs` are identifiers in an outer vocabulary (MeSH, OMIM). An entity whose
offsets lie outside its text, or whose text is not what stands there, makes its record a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypedDict

import pyarrow as pa

from meds_pipeline.readers.base import Reason, RecordError

FIX = "Correct the annotation, or fetch the file again."
SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64())])
ENTITY = pa.struct(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("text", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("spans", pa.list_(SPAN)),
        ("refs", pa.list_(pa.string())),
    ]
)
ARGUMENT = pa.struct([("role", pa.string()), ("ref", pa.string())])
RELATION = pa.struct([("id", pa.string()), ("type", pa.string()), ("args", pa.list_(ARGUMENT))])
ANNOTATED = [
    pa.field("text", pa.string()),
    pa.field("entities", pa.list_(ENTITY)),
    pa.field("relations", pa.list_(RELATION)),
]


class Span(NamedTuple):
    """Characters `start` to `end`, end exclusive."""

    start: int
    end: int


class Entity(TypedDict):
    """One annotated mention, as stored."""

    id: str
    type: str | None
    text: str
    start: int
    end: int
    spans: list[dict[str, int]]
    refs: list[str]


class Argument(TypedDict):
    """One argument of a relation: its role and the id of an entity, or an outer identifier."""

    role: str
    ref: str


class Relation(TypedDict):
    """One relation or event, as stored. A type of None says that a stated pair is not related."""

    id: str
    type: str | None
    args: list[Argument]


def entity(number: str, kind: str | None, text: str, spans: Sequence[Span], refs: Sequence[str] = ()) -> Entity:
    """Build an entity from its spans."""
    one = spans[0]
    return {
        "id": number,
        "type": kind,
        "text": text,
        "start": one.start if len(spans) == 1 else min(span.start for span in spans),
        "end": one.end if len(spans) == 1 else max(span.end for span in spans),
        "spans": [{"start": span.start, "end": span.end} for span in spans],
        "refs": list(refs),
    }


def relation(number: str, kind: str | None, ends: Iterable[tuple[str, str]]) -> Relation:
    """Build a relation from the roles and ids of its arguments."""
    return {"id": number, "type": kind, "args": [{"role": role, "ref": ref} for role, ref in ends]}


def check_spans(text: str, spans: Sequence[Span]) -> None:
    """Check that spans lie in their text.

    Raises:
        RecordError: One does not.
    """
    for start, end in spans:
        if not 0 <= start < end:
            raise RecordError(Reason.BAD_SPAN, f"The span {start} to {end} is not a span. {FIX}")
        if end > len(text):
            detail = f"The span {start} to {end} lies outside the text of {len(text)} characters. {FIX}"
            raise RecordError(Reason.BAD_SPAN, detail)


def check_mention(text: str, spans: Sequence[Span], mention: str) -> None:
    """Check that the text at a mention's spans is the mention, apart from blanks and line breaks.

    Raises:
        RecordError: A span lies outside the text, or the text there is different.
    """
    check_spans(text, spans)
    found = "".join(text[span.start : span.end] for span in spans)
    if found != mention and "".join(found.split()) != "".join(mention.split()):
        first, last = spans[0].start, spans[-1].end
        detail = f"What stands at {first} to {last} is not what the annotation says. {FIX}"
        raise RecordError(Reason.BAD_SPAN, detail)
