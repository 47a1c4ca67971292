"""IOB, brat and PubTator: the shared shape of annotated text."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import PUBTATOR, SAMPLES, faults, rows, units

from meds_pipeline.readers import Fault, get_reader


def mentions(values: tuple[Any, ...], text_at: int = 0) -> list[tuple[str | None, str]]:
    """Type and text of the entities; the offsets must give the same text."""
    text, entities = values[text_at], values[text_at + 1]
    assert all(text[one["start"] : one["end"]] == one["text"] for one in entities)
    return [(one["type"], one["text"]) for one in entities]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-X I-X O B-X", [("X", "t0 t1"), ("X", "t3")]),  # IOB2
        ("I-X I-X O I-X", [("X", "t0 t1"), ("X", "t3")]),  # IOB1
        ("I-X B-X I-X I-Y", [("X", "t0"), ("X", "t1 t2"), ("Y", "t3")]),
        ("B-X E-X S-X O", [("X", "t0 t1"), ("X", "t2")]),  # IOBES
        ("B-X L-X U-X O", [("X", "t0 t1"), ("X", "t2")]),  # BILOU
        ("B I O B", [(None, "t0 t1"), (None, "t3")]),
        ("B_x-y I_x-y O O", [("x-y", "t0 t1")]),
        ("O O O O", []),
    ],
)
def test_iob_schemes(tags: str, expected: list[tuple[str | None, str]]) -> None:
    data = "".join(f"t{n}\t{tag}\n" for n, tag in enumerate(tags.split())).encode()
    (values,) = rows(units("iob", data))
    assert mentions(values) == expected


TOKEN = st.text(
    st.characters(exclude_categories=["Cs", "Zl", "Zp"], exclude_characters="\t\n\r\x0b\x0c\x1c\x1d\x1e\x85 "),
    min_size=1,
    max_size=8,
).filter(lambda token: token.strip() and not token.startswith(("-DOCSTART-", "﻿")))


@settings(max_examples=60, deadline=None)
@given(
    sentences=st.lists(
        st.lists(st.tuples(TOKEN, st.sampled_from(["O", "B-X", "I-X", "B-Y"])), min_size=1, max_size=6),
        min_size=1,
        max_size=4,
    ),
    separator=st.sampled_from(["tab", "space"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_written_sentences_come_back_and_every_address_resolves(
    sentences: list[list[tuple[str, str]]], separator: str, ending: str
) -> None:
    mark = "\t" if separator == "tab" else " "
    blocks = [ending.join(f"{token}{mark}{tag}" for token, tag in sentence) for sentence in sentences]
    data = (ending * 2).join(blocks).encode() + ending.encode()
    options = {"separator": separator, "tokens": True}
    found = units("iob", data, **options)
    assert [list(zip(values[3], values[4], strict=True)) for values in rows(found)] == sentences
    assert [values[0] for values in rows(found)] == [" ".join(token for token, _ in one) for one in sentences]
    assert [get_reader("iob").raw_text(io.BytesIO(data), unit, **options) for unit in found] == blocks
    for values in rows(found):
        mentions(values)


def test_iob_documents_begin_with_a_text() -> None:
    data = b"CASE O\nA: O\n\nBad B-X\ncough I-X\n\nCASE O\nB: O\n"
    found = units("iob", data, separator="space", starts="CASE")
    assert [values[0] for values in rows(found)] == ["CASE A:\nBad cough", "CASE B:"]
    assert mentions(rows(found)[0]) == [("X", "Bad cough")]
    assert [unit.start for unit in found] == [0, data.rindex(b"CASE")]


@pytest.mark.parametrize(
    ("data", "options", "texts", "found", "bad"),
    [
        (b"Caso B-X Good\nraro I-X Good\nno O \n", {"separator": "space"}, ["Caso raro no"], ["Caso raro"], []),
        (b"a\tNN\tB-X\n", {"tag": 2}, ["a"], ["a"], []),
        (b"-DOCSTART-\tO\n\na\tO\n\n\n-DOCSTART-\tO\n\nb\tO\n", {}, ["a", "b"], [], []),
        (b"\xef\xbb\xbfa\tO\r\nb\tB-X\r\n \r\nc\tO", {}, ["a b", "c"], ["b"], []),
        (b"a\tO\n\nb\nc\tO\n\nd\tB-X\n\ne\tX\n", {}, ["a", "d"], ["d"], [(1, "missing_tag"), (3, "missing_tag")]),
        (b"a\tO\n", {"separator": "space"}, [], [], [(0, "missing_tag")]),
        (b"a\tO\n\n\xff\tO\n\nb\tO\n", {}, ["a", "b"], [], [(1, "bad_encoding")]),
        (b"a\tO\n" * 9 + b"\nb\tO\n", {"max_record_bytes": 20}, ["b"], [], [(0, "too_long")]),
    ],
)
def test_iob_files_as_they_come(
    data: bytes, options: dict[str, Any], texts: list[str], found: list[str], bad: list[tuple[int, str]]
) -> None:
    units_found = units("iob", data, **options)
    assert [values[0] for values in rows(units_found)] == texts
    assert [mention for values in rows(units_found) for _, mention in mentions(values)] == found
    assert faults(units_found) == bad


BRAT_TEXT = "Alfol and betin acid\nslow gamol.\n"


def brat(ann: str, text: str = BRAT_TEXT) -> list[Any]:
    """Read one brat document."""
    return units("brat", text.encode(), {"ann": ann.encode()})


def test_brat_annotations() -> None:
    ann = (
        "T1\tDRUG 0 5\tAlfol\nT2\tDRUG 10 15;16 20\tbetin acid\nT3\tEFFECT 21 25\tslow\n"
        "R1\tINT Arg1:T1 Arg2:T2\t\nN1\tReference T1 MeSH:D01\tAlfol\n"
        "E1\tEFFECT:T3 Theme:T1\nA1\tNegated E1\nA2\tLevel T1 high\n"
        "*\tEquiv T1 T2\n#1\tAnnotatorNotes T1\twhatever\n"
    )
    ((text, entities, relations),) = rows(brat(ann))
    assert text == BRAT_TEXT
    assert entities[0]["refs"] == ["MeSH:D01"]
    assert entities[1]["spans"] == [{"start": 10, "end": 15}, {"start": 16, "end": 20}]
    found = [(one["id"], one["type"], [(arg["role"], arg["ref"]) for arg in one["args"]]) for one in relations]
    assert found == [
        ("R1", "INT", [("Arg1", "T1"), ("Arg2", "T2")]),
        ("E1", "EFFECT", [("trigger", "T3"), ("Theme", "T1")]),
        ("A1", "Negated", [("of", "E1")]),
        ("A2", "Level", [("of", "T1"), ("value", "high")]),
        ("*", "Equiv", [("", "T1"), ("", "T2")]),
    ]


def test_brat_without_annotations_is_a_document_without_mentions() -> None:
    assert rows(brat("")) == [(BRAT_TEXT, [], [])]


@pytest.mark.parametrize(
    ("ann", "reason", "says"),
    [
        ("T1\tDRUG 0 500\tAlfol", "bad_span", "Line 1"),
        ("T1\tDRUG 1 6\tAlfol", "bad_span", "What stands at 1 to 6"),
        ("T1\tDRUG 5 5\t", "bad_span", "is not a span"),
        ("T1 DRUG 0 5 Alfol", "bad_record", "Line 1"),
        ("\nR1\tINT Arg1:T1 Arg2:T9", "bad_reference", "T1 is referred to"),
        ("T1\tDRUG 0 5\tAlfol\nT1\tDRUG 0 5\tAlfol", "bad_reference", "Line 2"),
    ],
)
def test_brat_lines_that_do_not_fit_make_the_document_a_fault(ann: str, reason: str, says: str) -> None:
    (fault,) = brat(ann)
    assert isinstance(fault, Fault)
    assert (fault.index, fault.reason, fault.length) == (0, reason, len(BRAT_TEXT))
    assert says in fault.detail


def test_brat_raw_text_shows_the_annotations() -> None:
    sample = SAMPLES["brat"]
    (record,) = units("brat", sample.data, sample.companions)
    companions = {"ann": io.BytesIO(sample.companions["ann"])}
    shown = get_reader("brat").raw_text(io.BytesIO(sample.data), record, companions=companions)
    assert shown.startswith("Alfol slows betin.") and "R1\tSLOWS" in shown


def test_pubtator_documents() -> None:
    first, second = rows(units("pubtator", PUBTATOR))
    number, title, abstract, text, entities, relations = first
    assert (number, title, abstract) == ("11", "Alfol and rash.", "Alfol caused a rash.")
    assert text == f"{title} {abstract}"
    assert mentions(first, 3) == [("Chemical", "Alfol"), ("Disease", "rash")]
    assert entities[1]["refs"] == ["D2", "D3", "OMIM:4"]
    assert relations == [
        {"id": "R1", "type": "CID", "args": [{"role": "arg1", "ref": "D1"}, {"role": "arg2", "ref": "D2"}]}
    ]
    assert second == ("12", "Nothing.", "", "Nothing. ", [], [])


def test_pubtator_documents_end_where_the_next_title_begins() -> None:
    joined = PUBTATOR.replace(b"\n\n", b"\n")
    assert [values[0] for values in rows(units("pubtator", joined))] == ["11", "12"]
