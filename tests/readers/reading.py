"""Helpers and one small invented sample a reader, for the tests of the readers."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from meds_pipeline.readers import Fault, Record, get_reader

CORPORA = Path(__file__).parents[2] / "../shared/corpora"


def units(name: str, data: bytes, companions: dict[str, bytes] | None = None, **options: Any) -> list[Record | Fault]:
    """Read bytes to the end."""
    beside = {role: io.BytesIO(body) for role, body in (companions or {}).items()}
    return list(get_reader(name).read(io.BytesIO(data), companions=beside, **options))


def rows(found: list[Record | Fault]) -> list[tuple[Any, ...]]:
    """Values of the good records."""
    return [unit.values for unit in found if isinstance(unit, Record)]


def faults(found: list[Record | Fault]) -> list[tuple[int, str]]:
    """Index and reason of the faults."""
    return [(unit.index, unit.reason) for unit in found if isinstance(unit, Fault)]


def real(path: str) -> Path:
    """A real upstream file; the test is skipped where the files are not beside the checkout."""
    found = CORPORA / path
    if not found.exists():
        pytest.skip(f"no real files: {found} is absent")
    return found


def workbook(table: list[list[Any]], sheet: str = "Sheet1") -> bytes:
    """An XLSX file of one sheet."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(table):
            page.write_row(number, 0, row)
    return out.getvalue()


@dataclass(frozen=True)
class Sample:
    """A small file, its options and how many records it holds."""

    data: bytes
    count: int
    options: dict[str, Any] = field(default_factory=dict)
    companions: dict[str, bytes] = field(default_factory=dict)


QA = {"question": "VARCHAR", "label": "BIGINT"}
DDI = b"""<?xml version="1.0" encoding="UTF-8"?>
<document id="D1">
  <sentence id="D1.s0" text="Alfol slows betin and gamol clearance.">
    <entity id="D1.s0.e0" charOffset="0-4" type="drug" text="Alfol"/>
    <entity id="D1.s0.e1" charOffset="12-16" type="drug" text="betin"/>
    <entity id="D1.s0.e2" charOffset="12-16;28-36" type="group" text="betin clearance"/>
    <pair id="D1.s0.p0" e1="D1.s0.e0" e2="D1.s0.e1" ddi="true" type="effect"/>
    <pair id="D1.s0.p1" e1="D1.s0.e1" e2="D1.s0.e2" ddi="false"/>
  </sentence>
  <sentence id="D1.s1" text="Nothing here.&#xd;&#xa;"/>
</document>
"""
BIOC = b"""<?xml version='1.0'?><collection><source>x</source>
<document><id>7</id>
<passage><infon key="type">title</infon><offset>0</offset><text>Alfol rash.</text>
<annotation id="a1"><infon key="type">Chemical</infon><infon key="MESH">D1</infon>
<location offset="0" length="5"/><text>Alfol</text></annotation></passage>
<passage><offset>12</offset><text>A rash came.</text>
<annotation id="a2"><infon key="type">Disease</infon><infon key="MESH">D2</infon>
<location offset="14" length="4"/><text>rash</text></annotation></passage>
<relation id="R1"><infon key="relation">CID</infon><infon key="Chemical">D1</infon>
<infon key="Disease">D2</infon></relation></document></collection>
"""
TEXTGRID = b"""File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3.5
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "Doctor"
        xmin = 0
        xmax = 3.5
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1.25
            text = "He said ""ouch"" <UNSURE>twice</UNSURE>."
        intervals [2]:
            xmin = 1.25
            xmax = 3.5
            text = ""
"""
PUBTATOR = b"""11|t|Alfol and rash.
11|a|Alfol caused a rash.
11\t0\t5\tAlfol\tChemical\tD1
11\t31\t35\trash\tDisease\tD2|D3+OMIM:4
11\tCID\tD1\tD2

12|t|Nothing.
12|a|
"""
SAMPLES = {
    "bioc": Sample(BIOC, 1),
    "brat": Sample(
        b"Alfol slows betin.\n",
        1,
        companions={"ann": b"T1\tDRUG 0 5\tAlfol\nT2\tDRUG 12 17\tbetin\nR1\tSLOWS A:T1 B:T2\n"},
    ),
    "csv": Sample(b'question,label\r\n"Is it, ""so""?\nYes",1\r\nplain,\r\n', 2, {"columns": QA}),
    "ddi": Sample(DDI, 2),
    "iob": Sample(b"Alfol\tB-Drug\nhelps\tO\n\nbetin\tB-Drug\nacid\tI-Drug\n", 2),
    "json": Sample(b'[\n  {"question": "a", "label": 1},\n  {"question": "b"}\n]', 2, {"columns": QA}),
    "json_map": Sample(b'{"k1": {"question": "a"}, "k2": {"question": "b", "label": 2}}', 2, {"columns": QA}),
    "jsonl": Sample(b'{"question": "a", "label": 1}\n\n{"question": "b"}\n', 2, {"columns": QA}),
    "lines": Sample(b"one\ntwo\n", 2, {"roles": {"labels": "<"}}, {"labels": b"< A AND B< "}),
    "pubtator": Sample(PUBTATOR, 2),
    "text": Sample("Été\n".encode(), 1),
    "textgrid": Sample(TEXTGRID, 2),
    "tmx": Sample(
        b'<tmx version="1.4"><body><tu tuid="1"><tuv xml:lang="en"><seg>dose <ph>{1}</ph>now</seg></tuv>'
        b'<tuv xml:lang="fr"><seg>dose</seg></tuv></tu></body></tmx>',
        1,
    ),
    "tsv": Sample(b"question\tlabel\na\t1\nb\t\n", 2, {"columns": QA}),
    "xlsx": Sample(workbook([["question", "label"], ["a", 1], ["b", 2.0]]), 2, {"columns": QA}),
    "xml": Sample(
        b'<doc><qa id="1"><question>a</question></qa><qa id="2"><question>b &amp; c</question></qa></doc>',
        2,
        {"record": "qa", "columns": {"@id": "BIGINT", "question": "VARCHAR"}},
    ),
}
