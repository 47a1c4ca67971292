"""Twin of the Cochrane simplification data: technical findings and what they mean in plain words.

Format: three files a part with one line a review each: abstract, plain-language summary, DOI. Some reviews are later
versions (".pub2"), and one line of the abstracts is followed by a blank at its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.twins.draw import Draw, distinct
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin
from meds_pipeline.twins.studies import Finding, Study, draw_study

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"train": 1 / 8, "val": 1 / 30, "test": 1 / 30}
FIRST = {"train": 900_001, "val": 930_001, "test": 960_001}
FINDINGS: tuple[Finding, ...] = ("yes", "no", "maybe")
PLAIN = {
    "yes": "We found good evidence that {arm} helps. Fewer people had problems when they were given it.",
    "no": "We found no sign that {arm} helps. People fared the same with and without it.",
    "maybe": "We are not sure whether {arm} helps. The studies were too small to tell.",
}


@twin("cochrane_simplification")
def cochrane_simplification(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (an eighth of `records` reviews), val and test (a thirtieth each)."""
    seen: set[Study] = set()
    for part, share in PARTS.items():
        size = order.share(share)
        studies = [distinct(_study, seen, order.seed, "cochrane", part, index) for index in range(size)]
        numbers = [f"10.1002/14651858.CD{FIRST[part] + i}{'.pub2' if i % 3 else ''}" for i in range(size)]
        # The bytes of a bad line are no UTF-8 in any of the three.
        bad = b"\xff\xfe\n" if order.faults else b""
        yield _file(part, "source", [_technical(study) for study in studies], bad)
        yield _file(part, "target", [_plain(study) for study in studies], bad)
        yield _file(part, "doi", numbers, bad)


def _study(draw: Draw) -> Study:
    return draw_study(draw, draw.pick(FINDINGS), aim=False)


def _technical(study: Study) -> str:
    return f"{' '.join(section.text for section in study.sections)} {study.conclusion}"


def _plain(study: Study) -> str:
    _, condition, arm, _ = study.terms
    why = f"We wanted to find out whether {arm.lower()} is good for people with {condition.lower()}."
    return f"{why} {PLAIN[study.finding].format(arm=arm.lower())}"


def _file(part: str, kind: str, lines: list[str], bad: bytes) -> TwinFile:
    return TwinFile(f"data/data-1024/{part}.{kind}", "".join(f"{line}\n" for line in lines).encode() + bad)
