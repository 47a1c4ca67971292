"""Twins of annotated texts: sentences from templates whose slots become mentions, rendered as PubTator, brat or tokens.

A template is text with slots, such as `"{c1} caused {e1} in {n} people."`; a slot filled with a `Name` becomes a
mention, one filled with text does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins.formats import Token
from meds_pipeline.twins.words import sentence_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_TOKEN = re.compile(r"\w+|[^\w\s]")


class Name(NamedTuple):
    """What a slot is filled with: text, entity type, identifiers (each with the words it stands for)."""

    text: str
    kind: str
    refs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A name and where it stands: characters of the passage, end exclusive."""

    start: int
    end: int
    name: Name

    def moved(self, distance: int) -> Mention:
        """The mention further back."""
        return replace(self, start=self.start + distance, end=self.end + distance)


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with its mentions in order."""

    text: str
    mentions: tuple[Mention, ...]

    def __add__(self, later: Passage) -> Passage:
        """Both texts, with the mentions of both."""
        moved = tuple(mention.moved(len(self.text)) for mention in later.mentions)
        return Passage(self.text + later.text, self.mentions + moved)


def filled(template: str, fill: Mapping[str, str | Name]) -> Passage:
    """Fill a template; the first letter of the text becomes a capital."""
    made = Passage("", ())
    for place, part in enumerate(re.split(r"\{(\w+)\}", template)):
        value = fill[part] if place % 2 else part
        text = value.text if isinstance(value, Name) else value
        text = text if made.text else sentence_case(text)
        mentions = (Mention(0, len(text), value._replace(text=text)),) if isinstance(value, Name) else ()
        made += Passage(text, mentions)
    return made


def joined(passages: Sequence[Passage], separator: str) -> Passage:
    """Passages one behind the other."""
    made = passages[0]
    for passage in passages[1:]:
        made = made + Passage(separator, ()) + passage
    return made


def pubtator(number: str, title: Passage, abstract: Passage, rows: Iterable[Sequence[str]]) -> str:
    """Render a PubTator document of title, abstract and tab-separated rows, a blank line behind it."""
    lines = [f"{number}|t|{title.text}", f"{number}|a|{abstract.text}", *("\t".join((number, *row)) for row in rows)]
    return "".join(f"{line}\n" for line in [*lines, ""])


def brat_mentions(mentions: Sequence[Mention]) -> list[str]:
    """Render the T lines of a brat file."""
    return [
        f"T{place}\t{mention.name.kind} {mention.start} {mention.end}\t{mention.name.text}\n"
        for place, mention in enumerate(mentions, 1)
    ]


def tokens(passage: Passage, kind: str | None = None) -> Iterator[Token]:
    """Cut a passage into tokens with IOB2 tags, of the mention's type or of `kind` for all."""
    for match in _TOKEN.finditer(passage.text):
        tag = "O"
        for mention in passage.mentions:
            if mention.start <= match.start() < mention.end:
                tag = f"{'B' if match.start() == mention.start else 'I'}-{kind or mention.name.kind}"
        yield Token(match.group(), tag)
