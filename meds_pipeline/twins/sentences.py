"""Twins of IOB corpora: sentences from templates whose slots become tagged entities.

A template is text with slots, such as `"{c1} caused {e1} in {n} people."`; a slot whose name is a letter of `entities`
and a number is an entity of that type, any other is plain text. Punctuation and hyphens are tokens of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.twins.draw import Draw, distinct
from meds_pipeline.twins.formats import Token, iob
from meds_pipeline.twins.registry import TwinFile, TwinOrder
from meds_pipeline.twins.words import sentence_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Sentence = tuple[Token, ...]

NEAR_COPY_EVERY = 50
FAULT_EVERY = 60
TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class IobTwin:
    """What the sentences of one corpus are drawn from.

    Attributes:
        key: First part of the key of every draw.
        folder: Where the files go.
        parts: Size of each file as a share of the order's records, by file name without `.tsv`.
        templates: Sentences with slots.
        details: Draws the text of every slot.
        entities: Entity type by first letter of the slot.
    """

    key: str
    folder: str
    parts: Mapping[str, float]
    templates: tuple[str, ...]
    details: Callable[[Draw], Mapping[str, str]]
    entities: Mapping[str, str]

    def files(self, order: TwinOrder) -> Iterator[TwinFile]:
        """Yield one file a part; no sentence occurs in two, and every fiftieth nearly repeats another of its part."""
        seen: set[Sentence] = set()
        for part, share in self.parts.items():
            sentences = [
                distinct(self._sentence, seen, order.seed, self.key, part, index) for index in range(order.share(share))
            ]
            for index in range(NEAR_COPY_EVERY - 1, len(sentences), NEAR_COPY_EVERY):
                original = sentences[(index * 7 + 3) % (len(sentences) // 2)]
                sentences[index] = (Token("Report"), Token(str(index + 1)), Token(":"), *original)
            yield TwinFile(f"{self.folder}/{part}.tsv", _with_faults(sentences) if order.faults else iob(sentences))

    def _sentence(self, draw: Draw) -> Sentence:
        """Split a template into tokens, entities tagged; the first token gets its capital letter."""
        template, fill = draw.pick(self.templates), self.details(draw)
        tokens: list[Token] = []
        for place, part in enumerate(re.split(r"\{(\w+)\}", template)):
            slot = place % 2 == 1
            kind = self.entities.get(part[0]) if slot and part[1:].isdigit() else None
            for rank, text in enumerate(TOKEN.findall(fill[part] if slot else part)):
                tokens.append(Token(text, f"{'I' if rank else 'B'}-{kind}" if kind else "O"))
        return (tokens[0]._replace(text=sentence_case(tokens[0].text)), *tokens[1:])


def _with_faults(sentences: list[Sentence]) -> bytes:
    """Put a malformed sentence after every sixtieth good one: no tab, a tag nobody knows, three columns."""
    broken = ("A line without a tab\n\n", "oddity\tX-Nothing\n\n", "three\tO\tcolumns\n\n")
    blocks = []
    for place in range(0, len(sentences), FAULT_EVERY):
        blocks.append(iob(sentences[place : place + FAULT_EVERY]))
        blocks.append(broken[place // FAULT_EVERY % len(broken)].encode())
    return b"".join(blocks)
