"""Twin of DrugBank as prepared for Hetionet: invented drugs whose ending tells their class.

Format: one TSV of nine columns, several values of a cell joined by `|`; quoted descriptions hold CR LF line breaks, and
end in the site they are from. About half of the drugs have no description, and more than half no category or code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.exams import CLASSES
from meds_pipeline.twins.formats import scattered, table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 5
FAULT_EVERY = 40
HEADER = ("drugbank_id", "name", "type", "groups", "atc_codes", "categories", "inchikey", "inchi", "description")
ONSETS = (
    "Vel",
    "Mora",
    "Cor",
    "Bel",
    "Den",
    "Quel",
    "Lup",
    "Or",
    "Mir",
    "Tax",
    "Zal",
    "Per",
    "Gar",
    "Sul",
    "Nol",
    "Harto",
)
MIDDLES = ("ta", "vi", "do", "nu", "re", "pi", "lo", "si")
SOURCES = ("", "", " [PubChem]", " [Wikipedia]")
CATEGORIES = {
    "A": ("Gastrointestinal Agents",),
    "C": ("Cardiovascular Agents", "Antihypertensive Agents"),
    "J": ("Anti-Infective Agents",),
    "L": ("Antineoplastic Agents", "Enzyme Inhibitors"),
    "M": ("Anti-Inflammatory Agents, Non-Steroidal",),
    "N": ("Central Nervous System Agents", "Psychotropic Drugs"),
    "R": ("Anti-Asthmatic Agents",),
}
GROUPS = ("approved", "approved", "experimental", "approved|investigational", "withdrawn")
TEXTS = (
    "{Name} is {a_class} for oral use. It belongs to the <i>{stem}</i> series.{source}",
    "An {age} {kind}, {name} acts within {hours} hours.{source}",
    'Also called "{stem}", this {kind} was first made in 19{year}.\r\nIt is taken {times} times a day.{source}',
)


@twin("drugbank_hetionet")
def drugbank_hetionet(order: TwinOrder) -> Iterator[TwinFile]:
    """Write one TSV of a fifth of `records` drugs."""
    rows: list[tuple[str, ...]] = [_row(order.seed, index) for index in range(order.share(SHARE))]
    if order.faults:
        rows = list(scattered(rows, [("DB99998", "Lost cells"), ("DB99999", *"123456789")], FAULT_EVERY))
    yield TwinFile("data/drugbank.tsv", table([HEADER, *rows], delimiter="\t").encode())


def _row(seed: int, index: int) -> tuple[str, ...]:
    draw = Draw(seed, "drugbank", index)
    kind = draw.pick(CLASSES)
    stem = ONSETS[index % len(ONSETS)] + MIDDLES[index // len(ONSETS) % len(MIDDLES)]
    name = f"{stem}{kind.ending}"
    fill = {
        "Name": name,
        "name": name.lower(),
        "stem": stem.lower(),
        "kind": kind.en,
        "a_class": kind.a_drug,
        "age": draw.pick(("older", "orally active", "early")),
        "hours": str(draw.between(1, 9)),
        "year": str(draw.between(50, 99)),
        "times": str(draw.between(2, 4)),
        "source": draw.pick(SOURCES),
    }
    known = draw.chance(0.6)
    code = f"{kind.atc}{draw.between(1, 9):02}AA{draw.between(1, 99):02}"
    codes = code if draw.chance(0.8) else f"{code}|S01AA{draw.between(1, 99):02}"
    return (
        f"DB{90_000 + index:05}",
        name,
        "small molecule" if draw.chance(0.9) else "biotech",
        draw.pick(GROUPS),
        codes if known else "",
        "|".join(CATEGORIES[kind.atc]) if known else "",
        f"{stem.upper()}AAAAAA-UHFFFAOYSA-N",
        f"InChI=1S/C{index + 1}H{index + 4}",
        draw.pick(TEXTS).format_map(fill) if known or draw.chance(0.3) else "",
    )
