"""Twin of ChatDoctor's disease database: diseases whose symptoms, tests and drugs go with their name.

Format: three CSVs; list columns are Python literals, and `reason` is ASCII in which other characters stand as bytes of
a Python literal. As upstream, some reasons hold a stray drug name, a few lists are empty, the small files repeat rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meds_pipeline.twins import words
from meds_pipeline.twins.draw import Draw
from meds_pipeline.twins.formats import scattered, table
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 1 / 10
FAULT_EVERY = 30
MAIN = ("idx", "disease", "Symptom", "reason", "TestsAndProcedures", "commonMedications")
MINI = ("idx", "disease", "Symptom", "Medical Tests", "Medications")
KINDS = ("Acute", "Chronic", "Recurrent", "Familial", "Juvenile", "Drug-induced", "Secondary", "Atypical")
SIGNS = tuple(words.sentence_case(sign) for sign in words.SYMPTOMS)
MORE_SIGNS = ("Skin dryness, peeling, or scaliness", "Muscle cramps, or spasms", "Fever", "Fatigue", "Weakness")
TESTS = ("Blood test (Hemogram)", "Plain x-ray (X ray)", "Urinalysis", "Biopsy", "Interview (history; examination)")
REASON = (
    "{disease} is a form of {condition} that follows a {pace} course. It shows in {sign} and is more frequent in "
    "{people}. The name \\'{condition}\\' goes back to the 19th century\\xe2\\x80\\x94with other uses before. "
)


class Disease(NamedTuple):
    """One row of the large file."""

    number: int
    name: str
    signs: list[str]
    reason: str
    tests: list[str]
    drugs: list[str]

    def row(self) -> tuple[int, str, str, str, str, str]:
        """Cells of the large file."""
        return self.number, self.name, repr(self.signs), self.reason, repr(self.tests), repr(self.drugs)

    def mini(self) -> tuple[int, str, str, str, str]:
        """Cells of the excerpt."""
        return self.number, self.name, repr(self.signs), repr(self.tests), repr(self.drugs)


@twin("chatdoctor_disease_db")
def chatdoctor_disease_db(order: TwinOrder) -> Iterator[TwinFile]:
    """Write the large file (a tenth of `records` diseases), an excerpt of an eighth of it, and symptoms of a few."""
    diseases = [_disease(order.seed, index) for index in range(order.share(SHARE))]
    rows: list[tuple[str | int, ...]] = [disease.row() for disease in diseases]
    if order.faults:
        rows = list(scattered(rows, [("x", "Ragged row"), ("y", *"abcdef")], FAULT_EVERY))
    few = diseases[: max(1, len(diseases) // 8)]
    yield TwinFile("format_dataset.csv", table([MAIN, *rows]).encode())
    mini = table([MINI, *(disease.mini() for disease in few)])
    yield TwinFile("Autonomous_ChatGPT_API/disease_database_mini.csv", mini.encode())
    signs = table([("disease", "Symptom"), *((disease.name, repr(disease.signs)) for disease in few[:4])])
    yield TwinFile("Autonomous_ChatDoctor_csv/disease_symptom.csv", signs.encode())


def _disease(seed: int, index: int) -> Disease:
    """Draw disease `index`; its condition alone decides symptoms, tests and drugs, its kind adds one symptom."""
    block, place = divmod(index, len(words.CONDITIONS))
    condition = words.CONDITIONS[place]
    common, own = Draw(seed, "chatdoctor", condition), Draw(seed, "chatdoctor", index)
    name = f"{KINDS[block % len(KINDS)]} {condition}"
    signs = [*common.order(SIGNS)[: common.between(3, 8)], own.pick(MORE_SIGNS)]
    drugs = [words.sentence_case(drug) for drug in common.order(words.DRUGS)[: common.between(2, 6)]]
    drugs.append(own.pick(("Velt Globulins, Intravenous (Gamvelt)", "Shepherd\\'S Root Preparation", "Zinc")))
    tests = [] if index % 50 == 17 else common.order(TESTS)[: common.between(1, 4)]
    return Disease(index, name, signs, _reason(own, name, condition, signs[0], index), tests, drugs)


def _reason(draw: Draw, name: str, condition: str, sign: str, index: int) -> str:
    """Describe a disease; some have a stray drug name or an empty heading instead."""
    if index % 7 == 3:
        return f" {draw.pick(words.DRUGS)}, "
    if index % 20 == 11:
        return f"{name} may refer to: "
    pace, people = draw.pick(("slow", "rapid", "relapsing")), draw.pick(words.POPULATIONS)
    return REASON.format(disease=name, condition=condition, pace=pace, sign=sign.lower(), people=people)
