"""Twin of FrenchMedMCQA: French questions on drug classes with five options, one to five of them right.

Format: three JSON arrays; the test file lacks `type`, and here and there an option stands last, as upstream's do.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from meds_pipeline.twins.draw import Draw, distinct, spread
from meds_pipeline.twins.exams import Question, draw_question
from meds_pipeline.twins.formats import json_list, scattered
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"train": 1 / 10, "dev": 1 / 40, "test": 1 / 30}
RIGHT = (1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 5)
FAULT_EVERY = 20
ASKS = (
    "Parmi les médicaments suivants, indiquer celui ou ceux qui sont un {kinds}\xa0:",
    "Quel(s) médicament(s) de cette liste est (sont) un {kinds}\xa0?",
    "Cocher la ou les propositions exactes. Est un {kinds}\xa0:",
)


@twin("frenchmedmcqa")
def frenchmedmcqa(order: TwinOrder) -> Iterator[TwinFile]:
    """Write train (a tenth of `records` questions), dev (a fortieth) and test (a thirtieth)."""
    seen: set[Question] = set()
    for part, share in PARTS.items():
        records = [_record(order.seed, part, index, seen) for index in range(order.share(share))]
        bad: list[dict[str, object]] = [{"id": "x", "question": "Sans réponse"}, records[0] | {"answers": ["a", "b"]}]
        good = list(scattered(records, bad, FAULT_EVERY)) if order.faults else records
        yield TwinFile(f"corpus/{part}.json", json_list(good))


def _record(seed: int, part: str, index: int, seen: set[Question]) -> dict[str, object]:
    count = spread(RIGHT, seed, f"frenchmedmcqa/{part}", index)
    question = distinct(lambda draw: draw_question(draw, 5, count), seen, seed, "frenchmedmcqa", part, index)
    ask = Draw(seed, "frenchmedmcqa", part, index, "ask").pick(ASKS)
    options = {letter.lower(): drug for letter, drug in question.lettered().items()}
    if index % 30 == 29:
        options["b"] = options.pop("b")
    record: dict[str, object] = {
        "id": hashlib.sha256(f"{seed}/{part}/{index}".encode()).hexdigest(),
        "question": ask.format(kinds=" ou un ".join(kind.fr for kind in question.classes)),
        "answers": options,
        "correct_answers": ["abcde"[place] for place in question.right],
        "subject_name": "pharmacie",
        "type": "simple" if count == 1 else "multiple",
        "nbr_correct_answers": count,
    }
    if part == "test":
        del record["type"]
    return record
