"""CSV and TSV: quoting, addresses, faults, and finding the next good row."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import faults, rows, units

from meds_pipeline.core.errors import CatalogError
from meds_pipeline.readers import Fault, get_reader

QA = {"question": "VARCHAR", "label": "BIGINT"}
CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ['"', ",", "\n", "\r\n", "\t", ' "x" ']
)


def written(table: list[list[str]], *, delimiter: str = ",", ending: str = "\r\n", encoding: str = "utf-8") -> bytes:
    """A file as Python's csv writes it, every cell quoted, so that any text comes back."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(table)
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize("name", ["csv", "tsv"])
@settings(max_examples=60, deadline=None)
@given(
    table=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=6),
    ending=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)
def test_written_tables_come_back_and_every_address_resolves(
    name: str, table: list[list[str]], ending: str, encoding: str
) -> None:
    delimiter = "," if name == "csv" else "\t"
    data = written([["a", "b", "c"], *table], delimiter=delimiter, ending=ending, encoding=encoding)
    options = {"columns": {"c": "VARCHAR", "a": "VARCHAR"}, "encoding": encoding}
    found = units(name, data, **options)
    assert rows(found) == [(row[2], row[0]) for row in table]
    texts = [get_reader(name).raw_text(io.BytesIO(data), unit, **options) for unit in found]
    assert [next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) for text in texts] == table


def test_line_breaks_inside_quotes_belong_to_the_cell_and_blank_lines_to_nothing() -> None:
    data = b'question,label\n\n"first line\n\n1,2\nlast, line",7\n\nplain,8\n'
    found = units("csv", data, columns=QA)
    assert rows(found) == [("first line\n\n1,2\nlast, line", 7), ("plain", 8)]
    cuts = [data[unit.start : unit.start + unit.length] for unit in found]
    assert cuts == [b'"first line\n\n1,2\nlast, line",7', b"plain,8"]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("BIGINT", "1.0"), ("BIGINT", "9223372036854775808"), ("DOUBLE", "one"), ("BOOLEAN", "yes"), ("JSON", "{")],
)
def test_mistyped_cells_are_faults_that_name_the_column(kind: str, cell: str) -> None:
    found = units("csv", f"a,x\n{cell},1\n".encode(), columns={"a": kind})
    assert faults(found) == [(0, "mistyped_field")]
    assert isinstance(found[0], Fault)
    assert found[0].detail.startswith(f"Column a: expected {kind}")
    assert cell not in found[0].detail


def test_a_column_that_the_header_lacks_is_a_fault_that_names_the_close_one() -> None:
    (fault,) = units("csv", b"questions,label\na,1\n", columns=QA)
    assert isinstance(fault, Fault)
    assert (fault.index, fault.reason) == (-1, "missing_column")
    assert "did you mean 'questions'?" in fault.detail


MIXED = {"a": "VARCHAR", "b": "BIGINT", "c": "DOUBLE", "d": "BOOLEAN", "e": "JSON"}
PIPES: dict[str, Any] = {
    "columns": {"n": "BIGINT", "t": "VARCHAR"},
    "header": False,
    "delimiter": "|",
    "quoting": False,
}


@pytest.mark.parametrize(
    ("data", "options", "expected", "bad"),
    [
        (b"a,b,c,d,e\n,,,,\n", {"columns": MIXED}, [("", None, None, None, None)], []),
        (b'a,b,c,d,e\nx,-3,1e2,TRUE,"[1]"\n', {"columns": MIXED}, [("x", -3, 100.0, True, "[1]")], []),
        (b"question,label\na,1\nb\nc,2,3\nd,4\n", {}, [("a", 1), ("d", 4)], [(1, "ragged"), (2, "ragged")]),
        (b"question,label\na,\n", {"required": ["label"]}, [], [(0, "missing_field")]),
        (b'1|the "best\n2|"y\n', PIPES, [(1, 'the "best'), (2, '"y')], []),
        (b'question,label\na,1\n"b\xff\n",2\nc,3\n', {}, [("a", 1), ("c", 3)], [(1, "bad_encoding")]),
        ("question,label\n\ufffd,1\n".encode(), {}, [("\ufffd", 1)], []),
        ("question,label\né,1\n".encode("latin-1"), {}, [], [(0, "bad_encoding")]),
        (b"question\na\n", {"optional": ["label"]}, [("a", None)], []),
        (b"label,question,label\n1,a,2\n", {}, [], [(-1, "missing_column")]),
        (b'"question,label\na,1\n', {}, [], [(-1, "unreadable")]),
    ],
)
def test_files_as_they_come(
    data: bytes, options: dict[str, Any], expected: list[tuple[Any, ...]], bad: list[tuple[int, str]]
) -> None:
    found = units("csv", data, **{"columns": QA, **options})
    assert rows(found) == expected
    assert faults(found) == bad


def test_a_cell_cannot_be_a_list() -> None:
    with pytest.raises(CatalogError, match="column a: a cell is not"):
        get_reader("csv").schema({"columns": {"a": "VARCHAR[]"}})


DIALOGUES = [
    [
        f"enc{n}",
        "HPI",
        f'Doctor: Hi, "how" are you, {n}?\nPatient: Bad, a, b, c.\n\nDoctor: "Oh", well.',
        f"Seen, {n}\nPlan: rest",
    ]
    for n in range(30)
]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_one_damaged_byte_costs_at_most_the_rows_it_touches(ending: str) -> None:
    """500 damages of dialogues with line breaks, commas and quotes inside cells."""
    columns = dict.fromkeys(("id", "kind", "dialogue", "note"), "VARCHAR")
    data = written([list(columns), *DIALOGUES], ending=ending)
    good = set(rows(units("csv", data, columns=columns)))
    assert good == set(map(tuple, DIALOGUES))
    rng = random.Random(2)  # noqa: S311  # damage, not secrets
    start = len(written([list(columns)], ending=ending))
    for _ in range(500):
        at = rng.randrange(start, len(data))
        put = rng.choice([b"", b'"', b",", b"\n", b"\\", bytes([data[at] ^ 1 << rng.randrange(8)])])
        damaged = data[:at] + put + data[at + rng.randrange(2) :]
        found = units("csv", damaged, columns=columns)
        lost = good - set(rows(found))
        assert len(lost) <= 2, (data[at - 20 : at + 20], damaged[at - 20 : at + 20], lost, faults(found))


def test_a_lost_quote_does_not_swallow_the_file() -> None:
    data = b'question,label\n"a",1\n"b,2\n"c",3\nd,4\n"e",5\n'
    found = units("csv", data, columns=QA)
    assert rows(found) == [("a", 1), ("c", 3), ("d", 4), ("e", 5)]
    assert faults(found) == [(1, "bad_record")]
    assert data[found[1].start : found[1].start + found[1].length] == b'"b,2'


def test_no_byte_is_passed_over_while_the_next_row_is_looked_for() -> None:
    """Blank lines within cells are read while it is tried where the next row begins, and must be there again."""
    data = b'question,label\n"lost\nx,1\n\nno row\n"q,2\nc,3\nd,4\n'
    found = units("csv", data, columns=QA)
    assert rows(found) == [("c", 3), ("d", 4)]
    covered = b"".join(data[unit.start : unit.start + unit.length] for unit in found)
    assert covered.replace(b"\n", b"") == data.partition(b"\n")[2].replace(b"\n", b"")
