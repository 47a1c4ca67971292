"""Every format can be written, and reading it gives the rows back."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.catalog import load_catalog
from meds_pipeline.core.errors import CatalogError
from meds_pipeline.home.presence import look
from meds_pipeline.readers import Record, get_reader
from meds_pipeline.readers.archives import list_members, open_raw, packed
from meds_pipeline.readers.opening import opened
from meds_pipeline.readers.spans import Span, entity
from meds_pipeline.readers.writing import ONE_RECORD, write

Row = dict[str, Any]
CATALOG = load_catalog()
WORDS = st.text("abcXYZ019.,-éß病|'&<", min_size=1, max_size=6).filter(lambda text: text.strip(".,") != "")
LINE = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
TEXT = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
CELL = st.one_of(TEXT, st.sampled_from(["", 'a "quoted", cell', "a\r\nb", " blanks "]))
NAME = st.text("abcdefgh", min_size=1, max_size=5)
NUMBER = st.integers(-(2**40), 2**40)
TRUTH = st.one_of(st.none(), st.booleans())


@st.composite
def annotated(draw: st.DrawFn, *, refs: bool = True, line: bool = True) -> Row:
    """A text whose mentions are runs of its words, and relations between them."""
    lines = draw(st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=1 if line else 3))
    text, at, mentions = "\n".join(" ".join(words) for words in lines), 0, []
    for words in lines:
        if draw(st.booleans()):
            first = draw(st.integers(0, len(words) - 1))
            start = at + len(" ".join([*words[:first], ""]))
            span = Span(start, start + len(words[first]))
            found = draw(st.lists(NAME, max_size=2)) if refs else []
            number = f"T{len(mentions) + 1}"
            mentions.append(entity(number, draw(NAME), words[first], [span], found))
        at += len(" ".join(words)) + 1
    return {"text": text, "entities": mentions, "relations": []}


def related(row: Row, roles: tuple[str, str], *, kind: str | None = "causes") -> Row:
    """The row with a relation of its first mention to its last."""
    if row["entities"]:
        ends = (row["entities"][0]["id"], row["entities"][-1]["id"])
        args = [{"role": role, "ref": ref} for role, ref in zip(roles, ends, strict=True)]
        row = row | {"relations": [{"id": "R1", "type": kind, "args": args}]}
    return row


def behind(first: str, entities: list[Row]) -> list[Row]:
    """The mentions where a text and one more character stand before theirs."""
    shift = len(first) + 1
    spans = [[Span(s["start"] + shift, s["end"] + shift) for s in one["spans"]] for one in entities]
    pairs = zip(entities, spans, strict=True)
    return [dict(entity(one["id"], one["type"], one["text"], moved, one["refs"])) for one, moved in pairs]


def begun(row: Row, start: str) -> Row:
    """The row with a first line, as a document begins."""
    return {"text": f"{start}\n{row['text']}", "entities": behind(start, row["entities"]), "relations": []}


def titled(title: str, row: Row) -> Row:
    """A PubTator document: the mentions lie in the abstract."""
    relations = [{"id": "R1", "type": "CID", "args": [{"role": "arg1", "ref": "D1"}, {"role": "arg2", "ref": "D2"}]}]
    whole = {"id": "7", "title": title, "abstract": row["text"], "text": f"{title} {row['text']}"}
    return whole | {"entities": behind(title, row["entities"]), "relations": relations}


TABLE = {"a": "VARCHAR", "b c": "BIGINT", "d": "BOOLEAN"}
TREE = {"t": "VARCHAR[]", "m": "MAP(VARCHAR, VARCHAR)", "s": "STRUCT(x BIGINT, y VARCHAR)", "j": "JSON"}
TABLE_ROW = st.fixed_dictionaries({"a": CELL, "b c": st.one_of(st.none(), NUMBER), "d": TRUTH})
TREE_ROW = st.fixed_dictionaries(
    {
        "t": st.lists(CELL, max_size=3),
        "m": st.dictionaries(NAME, CELL, max_size=2),
        "s": st.fixed_dictionaries({"x": NUMBER, "y": CELL}),
        "j": st.sampled_from([None, '{"k":[1,2]}', "3"]),
    }
)
XML = {"record": "item", "columns": {"@id": "VARCHAR", "q": "VARCHAR", "q/@n": "BIGINT", "names": "VARCHAR[]"}}
XML |= {"paths": {"names": "extra/list/name"}}
MARKED = annotated()
CASES: dict[str, tuple[dict[str, Any], st.SearchStrategy[Row]]] = {
    "csv": ({"columns": TABLE}, TABLE_ROW),
    "csv gb18030": ({"columns": TABLE, "encoding": "gb18030", "delimiter": "|"}, TABLE_ROW),
    "tsv": ({"columns": TABLE}, TABLE_ROW),
    "tsv plain": ({"columns": {"a": "VARCHAR"}, "quoting": False}, st.fixed_dictionaries({"a": LINE})),
    "xlsx": ({"columns": {"a": "VARCHAR", "b": "BIGINT"}}, st.fixed_dictionaries({"a": TEXT, "b": NUMBER})),
    "json": ({"columns": TREE, "path": ["data", "rows"]}, TREE_ROW),
    "json value": ({"columns": {"value": "VARCHAR[]"}}, st.fixed_dictionaries({"value": st.lists(TEXT)})),
    "json_map": ({"columns": TREE}, st.builds(lambda key, row: {"key": key, **row}, NAME, TREE_ROW)),
    "jsonl": ({"columns": TREE}, TREE_ROW),
    "lines": ({}, st.fixed_dictionaries({"text": LINE})),
    "lines block": ({"unit": "block"}, st.fixed_dictionaries({"text": TEXT})),
    "lines beside": (
        {"roles": {"b": "lines", "c": "^"}},
        st.fixed_dictionaries({"text": LINE, "b": LINE, "c": LINE}),
    ),
    "text": ({}, st.fixed_dictionaries({"text": TEXT})),
    "xml": (
        XML,
        st.fixed_dictionaries({"@id": LINE, "q": TEXT, "q/@n": NUMBER, "names": st.lists(TEXT, max_size=2)}),
    ),
    "tmx": (
        {},
        st.fixed_dictionaries(
            {"id": NAME, "segments": st.dictionaries(NAME, TEXT, min_size=1), "notes": st.lists(LINE, max_size=2)}
        ),
    ),
    "iob": ({}, annotated(refs=False)),
    "iob documents": (
        {"separator": "space", "tag": 2, "starts": "BEGIN"},
        annotated(refs=False, line=False).map(lambda row: begun(row, "BEGIN")),
    ),
    "brat": ({}, MARKED.map(lambda row: related(row, ("Arg1", "Arg2")))),
    "bioc": ({}, MARKED.map(lambda row: {"id": "1", **related(row, ("a", "b"))})),
    "ddi": ({}, annotated(refs=False).map(lambda row: {"id": "s1", **related(row, ("e1", "e2"), kind=None)})),
    "pubtator": ({}, st.builds(titled, LINE, MARKED)),
    "textgrid": (
        {},
        st.fixed_dictionaries(
            {"tier": st.just("A"), "number": st.just(1), "start": st.just(0.5), "end": st.just(2.25)}
        ).flatmap(lambda row: TEXT.map(lambda text: {**row, "text": text})),
    ),
}


def read(reader: str, options: dict[str, Any], raw: bytes, companions: dict[str, bytes]) -> list[Row]:
    """The rows of a file; MAP values as mappings."""
    names = get_reader(reader).schema(options).names
    beside = {role: io.BytesIO(content) for role, content in companions.items()}
    units = list(get_reader(reader).read(io.BytesIO(raw), companions=beside, **options))
    assert all(isinstance(unit, Record) for unit in units), units
    return [dict(zip(names, unit.values, strict=True)) for unit in units if isinstance(unit, Record)]


def as_read(row: Row) -> Row:
    return {name: dict(value) if name in ("m", "segments") else value for name, value in row.items()}


@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
def test_reading_what_was_written_gives_the_rows_back(case: str, data: st.DataObject) -> None:
    reader = case.split(" ")[0]
    options, row = CASES[case]
    unique = {"json_map": lambda row: row["key"]}.get(reader)
    rows = data.draw(st.lists(row, min_size=1, max_size=1 if reader in ONE_RECORD else 3, unique_by=unique))
    written = write(reader, rows, options)
    found = [as_read(one) for one in read(reader, options, written.raw, dict(written.companions))]
    assert found == rows


@pytest.mark.parametrize("name", CATALOG.distributions)
def test_rows_of_real_files_are_written_and_read_again(name: str, shared: Path) -> None:
    _, distribution = CATALOG.distributions[name]
    presence = look(shared / "corpora", name, distribution)
    firsts = {file.entry: file for file in reversed(presence.files)}
    for file in firsts.values():
        entry = distribution.files[file.entry]
        options = entry.reader_options()
        reader = get_reader(entry.reader)
        names = reader.schema(options).names
        with opened(presence.folder, file.path, file.companions) as files:
            units = islice(reader.read(files.raw, companions=files.companions, **options), 200)
            rows = [dict(zip(names, unit.values, strict=True)) for unit in units if isinstance(unit, Record)]
        written = write(entry.reader, rows, options)
        assert not rows or read(entry.reader, options, written.raw, dict(written.companions)) == rows


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_archives_hold_their_members(name: str, tmp_path: Path) -> None:
    members = {"x/one.tsv": b"1", "two words.txt": b"zwei"}
    (tmp_path / name).write_bytes(packed(name, members))
    assert list_members(tmp_path / name) == sorted(members)
    for member, content in members.items():
        with open_raw(f"{tmp_path / name}::{member}") as raw:
            assert raw.read() == content


def test_a_format_of_another_package_is_not_written() -> None:
    with pytest.raises(CatalogError, match="cannot be written"):
        write("theirs", [], {})
