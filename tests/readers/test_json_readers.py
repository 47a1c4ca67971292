"""JSON documents, maps and lines: values, addresses, faults, and what a damaged byte costs."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import faults, rows, units

from meds_pipeline.core.errors import CatalogError
from meds_pipeline.readers import Fault, get_reader
from meds_pipeline.readers.base import UTF8_BOM
from meds_pipeline.readers.window import CHUNK

QA = {"question": "VARCHAR", "label": "BIGINT"}
STYLES: dict[str, Any] = {
    "pretty": {"indent": 4},
    "compact": {"separators": (",", ":")},
    "default": {"ensure_ascii": False},
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = {
    "VARCHAR": TEXT,
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": st.floats(allow_nan=False, allow_infinity=False),
    "VARCHAR[]": st.lists(TEXT, max_size=3),
}


def records_of(draw: st.DataObject) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Column types and records that fit them."""
    columns = draw.draw(
        st.dictionaries(
            TEXT.filter(lambda name: name != "value"), st.sampled_from(sorted(VALUES)), min_size=1, max_size=4
        )
    )
    record = st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in columns.items()})
    return columns, draw.draw(st.lists(record, min_size=1, max_size=6))


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=50, deadline=None)
@given(draw=st.data(), mark=st.sampled_from([b"", UTF8_BOM]))
def test_written_documents_come_back_and_every_address_resolves(style: str, draw: st.DataObject, mark: bytes) -> None:
    columns, records = records_of(draw)
    keys = draw.draw(st.lists(TEXT, min_size=len(records), max_size=len(records), unique=True))
    options: dict[str, Any] = {"columns": columns}
    keyed = options | {"key_column": "the key of the record, a name no test draws"}
    values = [tuple(record[name] for name in columns) for record in records]
    with_keys = [(key, *row) for key, row in zip(keys, values, strict=True)]
    for name, document, chosen, expected in (
        ("json", records, options, values),
        ("json_map", dict(zip(keys, records, strict=True)), keyed, with_keys),
    ):
        data = mark + json.dumps(document, **STYLES[style]).encode()
        found = units(name, data, **chosen)
        assert rows(found) == expected
        texts = [get_reader(name).raw_text(io.BytesIO(data), unit, **chosen) for unit in found]
        begin, end = "{}" if name == "json_map" else "[]"
        assert json.loads(begin + ",".join(texts) + end) == document


@settings(max_examples=50, deadline=None)
@given(draw=st.data(), ending=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from([b"", UTF8_BOM]))
def test_written_lines_come_back_and_every_address_resolves(draw: st.DataObject, ending: str, mark: bytes) -> None:
    columns, records = records_of(draw)
    data = mark + ending.join(json.dumps(record) for record in records).encode()
    found = units("jsonl", data, columns=columns)
    assert [dict(zip(columns, values, strict=True)) for values in rows(found)] == records
    texts = [get_reader("jsonl").raw_text(io.BytesIO(data), unit, columns=columns) for unit in found]
    assert [json.loads(text) for text in texts] == records


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "latin-1", "euc_kr"])
def test_addresses_count_the_bytes_of_the_file(encoding: str) -> None:
    texts = ["plain", 'é病ア가\\"['.encode(encoding, "ignore").decode(encoding), "behind"]
    data = b"[%s]" % b", ".join(json.dumps({"q": text}, ensure_ascii=False).encode(encoding) for text in texts)
    data = data.replace(b'"plain"', b'"plain\xff"')
    options: dict[str, Any] = {"columns": {"q": "VARCHAR"}, "encoding": encoding}
    found = units("json", data, **options)
    expected = texts[1:] if encoding != "latin-1" else ["plain\xff", *texts[1:]]
    assert [values[0] for values in rows(found)] == expected
    shown = [get_reader("json").raw_text(io.BytesIO(data), unit, **options) for unit in found]
    assert [json.loads(text)["q"] for text in shown[1:]] == texts[1:]


def test_path_leads_to_the_records() -> None:
    data = b'{"version": {"data": [9]}, "set": {"data": [{"question": "a"}, {"question": "b"}], "n": 2}}'
    assert rows(units("json", data, path=["set", "data"], columns={"question": "VARCHAR"})) == [("a",), ("b",)]
    exams = b'{"exams": {"e1": {"question": "a"}}}'
    assert rows(units("json_map", exams, path=["exams"], columns={"question": "VARCHAR"})) == [("e1", "a")]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("noise", ["]", "],", '], "k": ', "]}"])
def test_what_stands_behind_a_list_that_ends_too_early_is_one_fault(style: str, noise: str) -> None:
    whole = json.dumps(
        {"v": 1, "set": {"data": [{"question": f"q{n}", "label": n} for n in range(6)], "n": 2}}, **STYLES[style]
    )
    begin = whole.index("{", whole.index("q2"))
    damaged = (whole[:begin] + noise + whole[begin:]).encode()
    *good, rest = units("json", damaged, path=["set", "data"], columns=QA)
    assert [values[0] for values in rows(good)] == ["q0", "q1", "q2"]
    assert isinstance(rest, Fault)
    assert (rest.index, rest.start, rest.start + rest.length) == (-1, begin + 1, len(damaged))
    assert f"the {rest.length} bytes" in rest.detail


def test_a_document_cut_off_behind_its_list_is_a_fault() -> None:
    data = b'{"data": [{"question": "a", "label": 1}], "n"'
    assert faults(units("json", data, path=["data"], columns=QA))[-1][1] in ("truncated", "bad_record")


def test_wrong_path_is_a_fault_that_names_it() -> None:
    (fault,) = units("json", b'{"data": []}', path=["set"], columns=QA)
    assert isinstance(fault, Fault)
    assert (fault.index, fault.reason) == (-1, "unreadable")
    assert "no field set" in fault.detail and "`path`" in fault.detail


def test_one_object_is_one_record() -> None:
    assert rows(units("json", b' {"question": "a", "label": 3} ', columns=QA)) == [("a", 3)]


def test_value_takes_records_that_are_no_objects() -> None:
    assert rows(units("json_map", b'{"1": "yes", "2": "no"}', columns={"value": "VARCHAR"})) == [
        ("1", "yes"),
        ("2", "no"),
    ]
    assert rows(units("json", b"[[1, 2], []]", columns={"value": "BIGINT[]"})) == [([1, 2],), ([],)]
    assert faults(units("jsonl", b'"yes"\n', columns=QA)) == [(0, "mistyped_field")]


def test_missing_is_null_unless_required_and_mistyped_is_never_null() -> None:
    lines = ['{"question": "a"}', '{"question": null, "label": 1}', '{"question": "b", "label": "1"}']
    data = "\n".join([*lines, '{"question": "c", "label": 2}']).encode()
    assert rows(units("jsonl", data, columns=QA)) == [("a", None), (None, 1), ("c", 2)]
    found = units("jsonl", data, columns=QA, required=["question"])
    assert faults(found) == [(1, "missing_field"), (2, "mistyped_field")]
    assert "label: expected BIGINT, found text" in found[2].detail


def test_other_encodings() -> None:
    line = json.dumps({"question": "病"}, ensure_ascii=False)
    assert rows(units("jsonl", line.encode("gb18030"), columns=QA, encoding="gb18030")) == [("病", None)]
    latin = json.dumps([{"question": "é"}], ensure_ascii=False).encode("latin-1")
    assert rows(units("json", latin, columns=QA, encoding="latin-1")) == [("é", None)]
    with pytest.raises(CatalogError, match="convert the file to UTF-8"):
        get_reader("json").schema({"columns": QA, "encoding": "iso2022_jp"})


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["json", "json_map"])
def test_truncated_file_keeps_what_came_before(name: str, style: str) -> None:
    records = [{"question": f"q{i}", "label": i} for i in range(5)]
    document: Any = records if name == "json" else {f"k{i}": record for i, record in enumerate(records)}
    data = json.dumps(document, **STYLES[style]).encode()
    cut = data[: data.index(b"q3")]
    for some in (cut, cut + b"\xc3", cut[: cut.rindex(b"}") + 1]):
        found = units(name, some, columns=QA)
        assert [values[-2] for values in rows(found)] == ["q0", "q1", "q2"]
        assert faults(found) == [(3, "truncated")]
        assert found[-1].start + found[-1].length == len(some)


@pytest.mark.parametrize(
    "data", [b"no json at all", b"<xml/>", b"question,label\na,1\n", b"7", b'"text"', b"null", b"{"]
)
def test_what_is_no_record_is_one_fault(data: bytes) -> None:
    for name in ("json", "json_map"):
        found = units(name, data, columns=QA)
        assert [(unit.index, type(unit)) for unit in found] in ([(-1, Fault)], [(0, Fault)]), name


def test_empty_list_is_a_fault_unless_allowed() -> None:
    assert faults(units("json", b"[]", columns=QA)) == [(-1, "no_records")]
    assert units("json", b"[]", columns=QA, may_be_empty=True) == []


def _damage(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    kind = rng.randrange(4)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + data[at + 1 :]
    return data[:at] + bytes([rng.choice(b'"{}[],:\\\n')]) + data[at + (kind == 2) :]


@pytest.mark.parametrize("style", [*STYLES, "lines"])
@pytest.mark.parametrize("keyed", [False, True])
def test_one_damaged_byte_costs_at_most_the_records_it_touches(style: str, keyed: bool) -> None:
    """Never more than two of 40 records before the rest that a fault covers, and never in silence.

    In files of one member a line the rest is a fault only where a bracket closes too early. In a file without line
    breaks a lost bracket may hold all up to the end of the file together, which is then reported as truncated.
    """
    records = [{"id": f"r{i}", "nested": [{"id": "x{[", "n": i}], "text": 'a "quoted" {text}, ' * 3} for i in range(40)]
    mapped: Any = {record["id"]: record for record in records} if keyed else records
    if style == "lines":
        inner = ",\n".join((json.dumps(r["id"]) + ":" if keyed else "") + json.dumps(r) for r in records)
        data = ("{\n" + inner + "\n}" if keyed else "[\n" + inner + "\n]").encode()
    else:
        data = json.dumps(mapped, **STYLES[style]).encode()
    columns = {"id": "VARCHAR", "nested": "STRUCT(id VARCHAR, n BIGINT)[]", "text": "VARCHAR"}
    name = "json_map" if keyed else "json"
    options = {"columns": columns} | ({"key_column": "the_key"} if keyed else {})
    good = {str(unit.values): unit.start + unit.length for unit in units(name, data, **options)}  # type: ignore[union-attr]
    assert len(good) == len(records)
    rng = random.Random(4)  # noqa: S311  # damage, not secrets
    is_compact = style in ("compact", "default")
    for _ in range(300):
        damaged = _damage(data, rng)
        found = units(name, damaged, **options)
        here = set(map(str, rows(found)))
        rest = [unit for unit in found if unit.index < 0]
        covered = rest[0].start if rest else len(damaged)
        assert covered in (0, len(damaged)) or rest[0].start + rest[0].length == len(damaged)
        lost = {values for values, end in good.items() if values not in here and end < covered}
        if not (is_compact and faults(found)[-1:] and faults(found)[-1][1] == "truncated"):
            assert len(lost) <= 2, (damaged, found)
            assert len(lost) <= len(faults(found)) + len(here - good.keys())
        if not is_compact and rest and damaged[:1] == data[:1]:
            assert damaged.count(b"]") + damaged.count(b"}") > data.count(b"]") + data.count(b"}"), (damaged, found)


def test_records_are_found_again_across_chunk_borders() -> None:
    """A file of several chunks with a break in the middle, and single records longer than a chunk."""
    big = "x" * (CHUNK + 17)
    texts = [big, "a", big + "é", "b", "c" * (CHUNK // 3)] * 2
    records = [{"question": text, "label": number} for number, text in enumerate(texts)]
    for style in STYLES.values():
        data = json.dumps(records, **style).encode()
        found = units("json", data, columns=QA)
        assert [values for values in rows(found)] == [tuple(record.values()) for record in records]
        broken = data.replace(b'"label": 4', b'"label": 4x').replace(b'"label":4', b'"label":4x')
        assert [values[1] for values in rows(units("json", broken, columns=QA))] == [0, 1, 2, 3, 5, 6, 7, 8, 9]


class Endless(io.RawIOBase):
    """`count` times the same piece between two ends; it exists nowhere as a whole."""

    def __init__(self, before: bytes, piece: bytes, count: int, after: bytes) -> None:
        super().__init__()
        self._rest, self._piece, self._left, self._after = before, piece, count, after

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        needed = max(0, len(buffer) - len(self._rest)) // len(self._piece) + 1
        pieces = min(needed, self._left)
        self._left -= pieces
        self._rest += self._piece * pieces
        if not self._left:
            self._rest, self._after = self._rest + self._after, b""
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_memory_is_bounded_by_a_record_not_the_file(name: str) -> None:
    record = json.dumps({"question": "q" * 400, "label": 1}).encode()
    ends = (b"[", b",\n", record + b"]") if name == "json" else (b"", b"\n", b"")
    raw = io.BufferedReader(Endless(ends[0], record + ends[1], 40_000, ends[2]))
    tracemalloc.start()
    count = sum(1 for _ in get_reader(name).read(raw, columns=QA))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count >= 40_000  # 17 MB
    assert peak < 8 * CHUNK
