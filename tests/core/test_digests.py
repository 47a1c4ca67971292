"""Ids and digests: the same in Python and SQL, on every machine, and never out of date."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.core.digests import FileHasher, canonical_json, combined, file_sha256, fingerprint, row_id

TEXT = st.text(st.characters(blacklist_categories=["Cs"]))
CON = duckdb.connect()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_row_id_is_what_sql_computes(parts: list[str]) -> None:
    hashes = CON.execute(
        "SELECT md5(array_to_string(list_transform($parts, lambda p: md5(p)), ','))", {"parts": parts}
    ).fetchall()
    assert row_id(*parts) == hashes[0][0]


@given(st.lists(TEXT, min_size=1, max_size=4), st.lists(TEXT, min_size=1, max_size=4))
def test_different_parts_have_different_ids(one: list[str], other: list[str]) -> None:
    assert (row_id(*one) == row_id(*other)) == (one == other)


def test_ids_are_the_ones_written_down() -> None:
    assert row_id("task1", "an input") == "3ad85ab9b7356d95a03d7941322a339c"
    assert (
        fingerprint({"b": 1, "a": [True, None, "é"]})
        == hashlib.sha256('{"a":[true,null,"é"],"b":1}'.encode()).hexdigest()
    )


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(turned)
    assert combined({k: fingerprint(v) for k, v in value.items()}) == combined(
        [(k, fingerprint(v)) for k, v in turned.items()]
    )


@given(JSON, JSON)
def test_different_values_have_different_text(one: object, other: object) -> None:
    if canonical_json(one) == canonical_json(other):
        assert one == other


@pytest.fixture
def hasher(tmp_path: Path) -> FileHasher:
    return FileHasher(tmp_path / "cache" / "digests.sqlite")


def test_hasher_gives_the_sha256_and_remembers_it(tmp_path: Path, hasher: FileHasher) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    assert hasher.sha256(path) == hashlib.sha256(b"abc").hexdigest() == file_sha256(path)
    again = FileHasher(tmp_path / "cache" / "digests.sqlite")
    assert again.sha256(path) == hashlib.sha256(b"abc").hexdigest()


def test_hasher_notices_bytes_changed_behind_the_same_size_and_time(tmp_path: Path, hasher: FileHasher) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    stat = path.stat()
    hasher.sha256(path)
    path.write_bytes(b"xyz")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_mtime_ns == stat.st_mtime_ns
    assert hasher.sha256(path) == hashlib.sha256(b"xyz").hexdigest()


def test_hasher_notices_a_file_put_in_place_of_another(tmp_path: Path, hasher: FileHasher) -> None:
    path, other = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(b"abc")
    other.write_bytes(b"xyz")
    hasher.sha256(path)
    other.replace(path)
    assert hasher.sha256(path) == hashlib.sha256(b"xyz").hexdigest()


def test_trees_are_told_apart_by_names_and_bytes(tmp_path: Path, hasher: FileHasher) -> None:
    def tree(name: str, **files: str) -> str:
        for file, text in files.items():
            (tmp_path / name / "deep").mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "deep" / file).write_text(text)
        return hasher.sha256_tree(tmp_path / name)

    first = tree("one", a="1", b="2")
    assert tree("two", b="2", a="1") == first
    assert tree("three", a="2", b="1") != first
    assert tree("four", a="1") != first
    assert hasher.sha256_tree(tmp_path / "one" / "deep" / "a") == hashlib.sha256(b"1").hexdigest()
