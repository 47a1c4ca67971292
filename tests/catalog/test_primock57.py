"""PriMock57: two tiers merged by time, marks of the transcribers, notes without highlights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from build_corpus import Builds, Built
from plain import json_records

Turn = tuple[float, str, str]


@pytest.fixture(scope="module", params=["twin", "real"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("primock57", request.param)


def turns(path: Path, speaker: str) -> list[Turn]:
    """Start, speaker and text of every interval."""
    pairs = re.findall(r'xmin = (\S+)\s+xmax = \S+\s+text = "((?:[^"]|"")*)"', path.read_text())
    return [(float(start), speaker, text.replace('""', '"')) for start, text in pairs]


def said(text: str) -> str:
    text = text.replace("<UNSURE>", "").replace("</UNSURE>", "")
    return " ".join(text.replace("<UNIN/>", "...").replace("<INAUDIBLE_SPEECH/>", "...").split())


def dialogue(folder: Path, visit: str) -> str:
    both = [
        turn
        for who in ("Doctor", "Patient")
        for turn in turns(folder / f"transcripts/{visit}_{who.lower()}.TextGrid", who)
    ]
    lines = [
        f"{who}: {said(text)}" for _, who, text in sorted(both, key=lambda turn: turn[:2]) if said(text).strip(" .")
    ]
    return "\n".join(lines)


def test_dialogues_are_both_sides_in_order_of_time(built: Built) -> None:
    found = {row["subject"]: row["input"] for row in built.task("x_primock57_note")}
    assert found == {visit: dialogue(built.folder, visit) for visit in found}
    assert not any(mark in text for text in found.values() for mark in ("<", "UNIN", "UNSURE"))


def test_notes_complaints_and_highlights_are_the_clinicians(built: Built) -> None:
    notes = {path.stem: json_records(path) for path in sorted((built.folder / "notes").glob("*.json"))}
    assert {r["subject"]: r["outputs"][0] for r in built.task("x_primock57_note")} == {
        visit: note["note"].strip() for visit, note in notes.items()
    }
    assert {r["subject"]: (r["input"], r["outputs"][0]) for r in built.task("x_primock57_complaint")} == {
        visit: (note["note"].strip(), note["presenting_complaint"].strip()) for visit, note in notes.items()
    }
    marked = {
        visit: [h.strip().replace(", ", " ") for h in note["highlights"] if h.strip()] for visit, note in notes.items()
    }
    assert {r["subject"]: r["outputs"][0] for r in built.task("x_primock57_highlights")} == {
        visit: ", ".join(dict.fromkeys(terms)) + "." for visit, terms in marked.items() if terms
    }


def test_a_note_rests_on_every_utterance_of_its_visit(built: Built) -> None:
    row = built.task("x_primock57_note")[0]
    paths = {source["path"] for source in built.sources[row["instance_id"]]}
    visit = row["subject"]
    assert paths == {f"notes/{visit}.json", *(f"transcripts/{visit}_{who}.TextGrid" for who in ("doctor", "patient"))}


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert len(built.records("notes")) == len(built.task("x_primock57_note")) == 35
        assert (len(built.records("utterances")), len(built.files)) == (7985, 105)
        assert len(built.task("x_primock57_highlights")) == 33
