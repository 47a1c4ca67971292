"""YAML from anywhere: what it may cost to read is bounded, and every refusal names file and line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from meds_pipeline.catalog.located import read_yaml
from meds_pipeline.core.errors import CatalogError


def repeated(first: str, level: str, levels: int = 9) -> str:
    """Lines that each repeat the one before nine times, as `level` says with `{all}`."""
    lines = [f"a0: &a0 {first}"]
    for number in range(1, levels + 1):
        every = ", ".join([f"*a{number - 1}"] * 9)
        lines.append(level.replace("{n}", str(number)).replace("{all}", every))
    return "\n".join(lines)


MERGES = repeated("{k0: 1, k1: 1, k2: 1}", "a{n}: &a{n}\n  <<: [{all}]")
ALIASES = repeated("[x]", "a{n}: &a{n} [{all}]")
LONG_TEXT = "long: &long " + "x" * 10_000 + "\nlist: [" + ", ".join(["*long"] * 200) + "]"
CHAIN = "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2000))


REFUSED = {
    "nested merges": (MERGES, 13, "aliases written out more than 1,000,000 characters"),
    "nested aliases": (ALIASES, 7, "aliases written out more than 1,000,000 characters"),
    "a long text many times": (LONG_TEXT, 2, "aliases written out more than 1,000,000 characters"),
    "a chain of aliases": (CHAIN, 40, "aliases written out more than 40 levels"),
    "deep lists": ("[" * 3000, 1, "more than 40 levels below one another"),
    "deep mappings": ("\n".join(" " * n + "a:" for n in range(900)), 40, "more than 40 levels below one another"),
    "a list in itself": ("x: 1\na: &a [*a]", 2, "holds itself"),
    "a mapping merged into itself": ("x: 1\na: &a\n  <<: *a", 3, "holds itself"),
    "a tag": ("x: 1\na: !!bool maybe", 2, "a tag"),
    "a tag that names code": ("x: 1\na: !!python/object:os.system {}", 2, "a tag"),
    "a number of 5000 digits": ("x: 1\na: " + "1" * 5000, 2, "cannot be read"),
    "a date that is none": ("x: 1\na: 2020-99-99", 2, "cannot be read"),
    "a list as a key": ("x: 1\n? [a]\n: b\n? [a]\n: c", 2, "unhashable key"),
    "an unknown alias": ("x: 1\na: *nosuch", 2, "undefined alias"),
    "a tab": ("x: 1\n\t- b", 2, "cannot start any token"),
    "two documents": ("x: 1\n---\ny: 1", 2, "single document"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_file_of_ours_says_is_refused_at_once(tmp_path: Path, name: str) -> None:
    text, line, problem = REFUSED[name]
    path = tmp_path / "strange.yaml"
    path.write_text(text)
    clock = time.monotonic()
    with pytest.raises(CatalogError, match=problem) as caught:
        read_yaml(path)
    assert time.monotonic() - clock < 5
    assert caught.value.where.file == f"{path}:{line}"
    assert " Next: " in str(caught.value)


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "strange.yaml"
    path.write_text("x: " + "[" * 1_000_000)
    with pytest.raises(CatalogError, match=r"strange\.yaml: larger than 1,000,000 bytes"):
        read_yaml(path)


def test_aliases_and_merges_are_read(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("base: &base {a: 1, b: [2]}\nmore:\n  <<: *base\n  a: 3\nsame: *base\n")
    file = read_yaml(path)
    assert file.data == {"base": {"a": 1, "b": [2]}, "more": {"a": 3, "b": [2]}, "same": {"a": 1, "b": [2]}}


def test_a_key_that_overrides_a_merged_one_is_named_by_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("base: &base {a: 1}\nmore:\n  <<: *base\n  a: 3\n")
    assert read_yaml(path).where(("more", "a")).file == f"{path}:4"
