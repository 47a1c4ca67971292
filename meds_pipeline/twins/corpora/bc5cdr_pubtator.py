"""Twin of BC5CDR in its PubTator form: abstracts on drugs and what they bring about.

Format: seven columns a mention (the last names the parts of a composite one), then `CID` rows between identifiers. As
upstream, an identifier of a relation now and then has no mention of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words
from meds_pipeline.twins.annotated import Name, Passage, filled, joined, pubtator
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.formats import scattered
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 8
FIRST = 91_000_001
UNNAMED_EVERY = 15
FAULT_EVERY = 20


class Clause(NamedTuple):
    """A sentence, and the slots of the chemical and the disease it ties together, if any."""

    text: str
    causes: tuple[str, str] | None = None


TITLES = (
    Clause("{c1}-induced {e1}: a case report.", ("c1", "e1")),
    Clause("{e1} during treatment with {c1}.", ("c1", "e1")),
    Clause("Effects of {c1} on {d1} in {people}."),
)
CLAUSES = (
    Clause("Treatment with {c1} led to {e1} in {n} {people}.", ("c1", "e1")),
    Clause("{c2} caused {e2} within {weeks} days.", ("c2", "e2")),
    Clause("After {c1} was stopped, {e1} resolved.", ("c1", "e1")),
    Clause("We report a patient with {d1} who received {c1} and {c2}."),
    Clause("{c2} did not bring about {e1}."),
    Clause("{People} with {both} were followed for {weeks} weeks."),
    Clause("Doses of {c1} were raised to {n} mg."),
    Clause("Blood pressure was normal throughout."),
)


@twin("bc5cdr_pubtator")
def bc5cdr_pubtator(order: TwinOrder) -> Iterator[TwinFile]:
    """Write one sample file of an eighth of `records` abstracts."""
    good = [_abstract(order.seed, index) for index in range(order.share(SHARE))]
    bad = [
        "91999991|t|A title.\n91999991|a|An abstract.\n91999991\t500\t510\taway\tChemical\tD800001\t\n\n",
        "91999992|t|A title without an abstract.\n\n",
    ]
    yield TwinFile("CDR_sample.txt", "".join(scattered(good, bad, FAULT_EVERY) if order.faults else good).encode())


def _abstract(seed: int, index: int) -> str:
    draw = Draw(seed, "bc5cdr_pubtator", index)
    fill = _details(draw)
    # The title ties the first chemical to the first effect, so that every abstract has a relation.
    clauses = [TITLES[0] if index % 3 == 0 else draw.pick(TITLES[:2]), *draw.order(CLAUSES)[:4]]
    title, *body = (filled(clause.text, fill) for clause in clauses)
    abstract = joined(body, " ")
    causes = dict.fromkeys(clause.causes for clause in clauses if clause.causes)
    pairs = [(_ref(fill[chemical]), _ref(fill[disease])) for chemical, disease in causes]
    if index % UNNAMED_EVERY == UNNAMED_EVERY - 1:
        pairs.append(("D899999", pairs[0][1]))
    relations = [("CID", *pair) for pair in pairs]
    return pubtator(str(FIRST + index), title, abstract, [*_mentions(title, abstract), *relations])


def _ref(value: str | Name) -> str:
    return value.refs[0] if isinstance(value, Name) else ""


def _mentions(title: Passage, abstract: Passage) -> Iterator[tuple[str, ...]]:
    for mention in (title + Passage(" ", ()) + abstract).mentions:
        name = mention.name
        yield str(mention.start), str(mention.end), name.text, name.kind, "|".join(name.refs), "|".join(name.parts)


def _details(draw: Draw) -> dict[str, str | Name]:
    drugs, diseases, effects = (
        draw.order(range(len(found))) for found in (words.DRUGS, words.CONDITIONS, words.ADVERSE_EFFECTS)
    )
    people = draw.pick(words.POPULATIONS)
    one, other = diseases[1:3]
    parts = (words.CONDITIONS[one], words.CONDITIONS[other])
    return {
        "c1": Name(words.DRUGS[drugs[0]], "Chemical", (f"D8{drugs[0]:05}",)),
        "c2": Name(words.DRUGS[drugs[1]], "Chemical", (f"D8{drugs[1]:05}",)),
        "d1": Name(words.CONDITIONS[diseases[0]], "Disease", (f"D9{diseases[0]:05}",)),
        "both": Name(" and ".join(parts), "Disease", (f"D9{one:05}", f"D9{other:05}"), parts),
        "e1": Name(words.ADVERSE_EFFECTS[effects[0]], "Disease", (f"D7{effects[0]:05}",)),
        "e2": Name(words.ADVERSE_EFFECTS[effects[1]], "Disease", (f"D7{effects[1]:05}",)),
        "people": people,
        "People": words.sentence_case(people),
        "n": str(draw.between(2, 300)),
        "weeks": str(draw.between(2, 30)),
    }
