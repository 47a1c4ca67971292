"""What every reader promises, our own and plug-ins alike."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import SAMPLES, faults, rows, units

from meds_pipeline.core.errors import CatalogError
from meds_pipeline.readers import Fault, Record, get_reader, reader_names

NAMES = reader_names()


def test_every_reader_has_a_sample() -> None:
    assert set(NAMES) <= set(SAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_sample_reads_into_its_schema(name: str) -> None:
    sample = SAMPLES[name]
    found = units(name, sample.data, sample.companions, **sample.options)
    assert faults(found) == []
    assert [unit.index for unit in found] == list(range(sample.count))
    schema = get_reader(name).schema(sample.options)
    columns = zip(*rows(found), strict=True)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
    assert pa.RecordBatch.from_arrays(arrays, schema=schema).num_rows == sample.count


@pytest.mark.parametrize("name", NAMES)
def test_addresses_lie_in_the_file_in_order_and_give_raw_text(name: str) -> None:
    sample = SAMPLES[name]
    reader, raw = get_reader(name), io.BytesIO(sample.data)
    end = 0
    for unit in units(name, sample.data, sample.companions, **sample.options):
        assert end <= unit.start
        end = unit.start + unit.length
        assert end <= len(sample.data)
        assert reader.raw_text(raw, unit, **sample.options).strip()


@pytest.mark.parametrize("name", NAMES)
def test_empty_file_is_one_fault_of_the_file(name: str) -> None:
    sample = SAMPLES[name]
    found = units(name, b"", sample.companions, **sample.options)
    if name == "lines":  # the label file has two parts, the empty text none
        assert faults(found) == [(-1, "ragged")]
    else:
        assert faults(found) == [(-1, "empty_file")]


@pytest.mark.parametrize("name", NAMES)
def test_unknown_option_is_refused_at_once_with_the_close_name(name: str) -> None:
    sample = SAMPLES[name]
    with pytest.raises(CatalogError, match="did you mean encoding"):
        get_reader(name).read(io.BytesIO(), encodign="utf-8", **sample.options)
    with pytest.raises(CatalogError, match="unknown encoding"):
        get_reader(name).schema({"encoding": "utf-99", **sample.options})
    with pytest.raises(CatalogError, match="convert the file to UTF-8"):
        get_reader(name).schema({"encoding": "utf-16", **sample.options})


@pytest.mark.parametrize("name", [name for name in NAMES if name != "xlsx"])
def test_records_over_the_limit_are_faults(name: str) -> None:
    sample = SAMPLES[name]
    found = units(name, sample.data, sample.companions, max_record_bytes=2, **sample.options)
    assert faults(found)
    assert rows(found) == []


@pytest.mark.parametrize("name", NAMES)
def test_missing_companion_is_a_fault(name: str) -> None:
    sample = SAMPLES[name]
    roles = get_reader(name).companions(sample.options)
    assert set(roles) == set(sample.companions)
    if roles:
        assert {reason for _, reason in faults(units(name, sample.data, **sample.options))} == {"missing_companion"}


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("ddi", b'"0-4"', b'"0-400"', [(0, "bad_span")]),
        ("ddi", b'"0-4"', b'"x"', [(0, "bad_span")]),
        ("ddi", b'e1="D1.s0.e0"', b'e1="D1.s0.e9"', [(0, "bad_reference")]),
        ("ddi", b' id="D1.s0"', b"", [(0, "missing_field")]),
        ("bioc", b'offset="14"', b'offset="13"', [(0, "bad_span")]),
        ("bioc", b"<offset>12<", b"<offset>5<", [(0, "bad_span")]),
        ("pubtator", b"11\t0\t5", b"11\t0\t500", [(0, "bad_span")]),
        ("pubtator", b"11\t0\t5\tAlfol", b"11\t1\t6\tAlfol", [(0, "bad_span")]),
        ("pubtator", b"11\tCID", b"13\tCID", [(0, "bad_reference")]),
        ("pubtator", b"11|a|", b"11|t|", [(0, "missing_field"), (1, "bad_span")]),
        ("pubtator", b"\tChemical\tD1", b"", [(0, "bad_record")]),
        ("textgrid", b"xmax = 1.25", b"xmax = -1", [(0, "bad_record")]),
        ("textgrid", b"xmin = 1.25", b"xmin = nan", [(1, "bad_record")]),
        ("textgrid", b"<UNSURE>", b"\xff", [(0, "bad_encoding")]),
        ("textgrid", b'twice</UNSURE>."', b"twice", [(0, "bad_record")]),
        ("textgrid", b"size = 2", b"size = 3", [(2, "truncated")]),
        ("textgrid", b"<exists>", b"<absent>", [(-1, "unreadable")]),
        ("json", b'"label": 1', b'"label": "1"', [(0, "mistyped_field")]),
        ("json", b'"label": 1', b'"label": NaN', [(0, "bad_record")]),
        ("json", b'"label": 1', b'"label": \\x', [(0, "bad_record")]),
        ("json", b'"a"', b'"\xff"', [(0, "bad_encoding")]),
        ("json", b'"a"', b'"\\ud800"', [(0, "bad_record")]),
        ("jsonl", b'"a"', b'"\xff"', [(0, "bad_encoding")]),
        ("json_map", b'"a"', b'"\x01"', [(0, "bad_record")]),
        ("json_map", b'"k1"', b'"\xff"', [(0, "bad_encoding")]),
    ],
)
def test_what_does_not_fit_costs_its_record(name: str, old: bytes, new: bytes, expected: list[tuple[int, str]]) -> None:
    sample = SAMPLES[name]
    assert old in sample.data
    found = units(name, sample.data.replace(old, new), sample.companions, **sample.options)
    assert faults(found) == expected
    assert len(rows(found)) >= sample.count - 1 or expected[0][0] < 0


def _check_units(name: str, data: bytes, found: list[Record | Fault]) -> None:
    indices = [unit.index for unit in found if unit.index >= 0]
    assert indices == list(range(len(indices)))
    assert found, f"{name} said nothing about {len(data)} bytes"
    for unit in found:
        assert unit.start >= 0
        assert name == "xlsx" or unit.start + unit.length <= len(data)
        if isinstance(unit, Fault):
            assert unit.detail.endswith(".") and unit.reason.islower()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_files_never_crash_a_reader(name: str, data: st.DataObject) -> None:
    """Cut, splice and garbage: every unit stays addressed and numbered, nothing raises."""
    sample = SAMPLES[name]
    body = sample.data
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        until = data.draw(st.integers(at, min(len(body), at + 40)))
        other = data.draw(st.integers(0, len(body)))
        put = data.draw(st.one_of(st.binary(max_size=12), st.just(body[other : other + 30])))
        body = body[:at] + put + body[until:]
    if body:
        _check_units(name, body, units(name, body, sample.companions, may_be_empty=False, **sample.options))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(body=st.one_of(st.binary(min_size=1), st.text(alphabet='{}[]",:<>/\\\n\tT1 aé|', min_size=1).map(str.encode)))
def test_garbage_never_crashes_a_reader(name: str, body: bytes) -> None:
    sample = SAMPLES[name]
    _check_units(name, body, units(name, body, sample.companions, **sample.options))


@pytest.mark.parametrize("name", [name for name in NAMES if get_reader(name).companions(SAMPLES[name].options)])
@settings(max_examples=30, deadline=None)
@given(garbage=st.binary())
def test_garbage_companions_never_crash_a_reader(name: str, garbage: bytes) -> None:
    sample = SAMPLES[name]
    companions = dict.fromkeys(sample.companions, garbage)
    _check_units(name, sample.data, units(name, sample.data, companions, **sample.options))
