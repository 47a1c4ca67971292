"""Twin of PubMedQA: questions on abstracts, labelled by hand (PQA-L), and made from titles (PQA-A).

Format: JSON objects keyed by PMID; the keys here start at 90000001, past any that exist. Half of the labelled ones are
the official test, named in `test_ground_truth.json`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from meds_pipeline.twins.draw import Draw, spread
from meds_pipeline.twins.formats import json_map
from meds_pipeline.twins.registry import TwinFile, TwinOrder, twin
from meds_pipeline.twins.studies import Finding, Section, Study, draw_study

if TYPE_CHECKING:
    from collections.abc import Iterator

Entry = dict[str, object]

LABELLED: tuple[Finding, ...] = ("yes",) * 5 + ("no",) * 3 + ("maybe",) * 2
ARTIFICIAL: tuple[Finding, ...] = ("yes",) * 6 + ("no",) * 4
FIRST_LABELLED, FIRST_ARTIFICIAL = 90_000_001, 95_000_001
NEAR_COPY_EVERY = 50
FAULT_EVERY = 40


@twin("pubmedqa")
def pubmedqa(order: TwinOrder) -> Iterator[TwinFile]:
    """Write PQA-L (`records`), the names of its test half, and PQA-A (twice as many, yes and no only)."""
    seen: set[Study] = set()
    labelled = [_study(order.seed, "labelled", index, LABELLED, seen) for index in range(order.records)]
    artificial = [_study(order.seed, "artificial", index, ARTIFICIAL, seen) for index in range(2 * order.records)]
    _add_near_copies(labelled, labelled, "report")
    _add_near_copies(artificial, labelled, "letter")
    entries = {str(FIRST_LABELLED + index): _labelled_entry(study) for index, study in enumerate(labelled)}
    held_out = [key for index, key in enumerate(entries) if spread((True, False), order.seed, "test", index)]
    truth = {key: entries[key]["final_decision"] for key in held_out}
    made = {str(FIRST_ARTIFICIAL + index): _entry(study) for index, study in enumerate(artificial)}
    yield TwinFile("data/ori_pqal.json", json_map(_with_faults(entries) if order.faults else entries))
    yield TwinFile("data/test_ground_truth.json", json_map(truth))
    yield TwinFile("data/ori_pqaa.json", json_map(made))


def _study(seed: int, part: str, index: int, findings: tuple[Finding, ...], seen: set[Study]) -> Study:
    """Draw record `index`, again where its text has occurred; finding and aim come in exact shares."""
    finding = spread(findings, seed, f"pubmedqa/{part}/finding", index)
    aim = spread((True, False), seed, f"pubmedqa/{part}/aim", index)
    attempt = 0
    while True:
        study = draw_study(Draw(seed, "pubmedqa", part, index, attempt), finding, aim=aim)
        if study not in seen:
            seen.add(study)
            return study
        attempt += 1


def _add_near_copies(studies: list[Study], originals: list[Study], kind: str) -> None:
    """Turn every fiftieth study into another one's text with one more sentence: duplicate rules must find these.

    Among PQA-A they stand close to PQA-L, so some training rows lie near benchmark items.
    """
    for index in range(NEAR_COPY_EVERY - 1, len(studies), NEAR_COPY_EVERY):
        original = originals[(index * 7 + 3) % (len(originals) // 2 or 1)]
        if studies is originals or original.finding != "maybe":
            first, *rest = original.sections
            longer = Section(first.label, f"{first.text} This is {kind} {index + 1} of the series.")
            studies[index] = replace(original, sections=(longer, *rest))


def _entry(study: Study) -> Entry:
    return {
        "QUESTION": study.question,
        "CONTEXTS": [section.text for section in study.sections],
        "LABELS": [section.label for section in study.sections],
        "MESHES": list(study.terms),
        "final_decision": study.finding,
        "LONG_ANSWER": study.conclusion,
    }


def _labelled_entry(study: Study) -> Entry:
    judged = {"YEAR": str(study.year), "reasoning_required_pred": study.finding, "reasoning_free_pred": study.finding}
    return _entry(study) | judged


def _with_faults(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Put a malformed record after every fortieth good one, each in another of the ways JSON goes wrong."""
    mixed: dict[str, Entry] = {}
    for place, (key, entry) in enumerate(entries.items()):
        mixed[key] = entry
        if place % FAULT_EVERY == FAULT_EVERY - 1:
            kind = place // FAULT_EVERY
            mixed[f"{key}x"] = _malformed(entry, kind)
    return mixed


def _malformed(entry: Entry, kind: int) -> Entry:
    broken: tuple[Entry, ...] = (
        {name: value for name, value in entry.items() if name != "CONTEXTS"},
        entry | {"CONTEXTS": "one text in place of a list"},
        entry | {"final_decision": 1},
        entry | {"QUESTION": ""},
    )
    return broken[kind % len(broken)]
