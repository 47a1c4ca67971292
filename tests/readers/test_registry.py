"""Readers by name: ours and plug-ins through the same door."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from meds_pipeline.catalog.model import Distribution, RawEntry
from meds_pipeline.core.errors import CatalogError, UnknownNameError
from meds_pipeline.readers import get_reader, reader_names, registry
from meds_pipeline.readers.registry import reader_code, reader_versions
from meds_pipeline.readers.whole_text import TextReader

ROOM = Path(registry.__file__).parent


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """Entry points as an installed package would bring them."""
    points: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: [one for one in points if one.group == group])
    registry.table.cache_clear()
    get_reader.cache_clear()
    yield points
    registry.table.cache_clear()
    get_reader.cache_clear()


def test_unknown_names_get_the_close_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean json"):
        get_reader("jsonn")
    with pytest.raises(UnknownNameError, match="known readers: .*brat.*xml"):
        get_reader("quite different")


def test_every_reader_has_the_name_it_is_registered_under() -> None:
    assert [get_reader(name).name for name in reader_names()] == reader_names()


def test_a_plug_in_comes_through_the_same_door(plug_in: list[EntryPoint], monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("their_reader")
    module.Theirs = TextReader  # type: ignore[attr-defined]  # built for this test
    monkeypatch.setitem(sys.modules, "their_reader", module)
    plug_in.append(EntryPoint("theirs", "their_reader:Theirs", registry.GROUP))
    assert "theirs" in reader_names()
    assert get_reader("theirs").name == "text"


def test_two_plug_ins_of_one_name_are_an_error(plug_in: list[EntryPoint]) -> None:
    plug_in.append(EntryPoint("csv", "their_reader:Theirs", registry.GROUP))
    with pytest.raises(CatalogError, match="'csv' is registered twice"):
        reader_names()


def test_a_plug_in_that_cannot_be_imported_is_named(plug_in: list[EntryPoint]) -> None:
    plug_in.append(EntryPoint("theirs", "no_such_module:Theirs", registry.GROUP))
    with pytest.raises(CatalogError, match="'theirs' cannot be loaded from no_such_module:Theirs"):
        get_reader("theirs")


def test_the_declared_entry_points_are_the_built_in_readers() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    declared = project.get("entry-points", {}).get(registry.GROUP)
    if declared is None:
        pytest.skip("pyproject.toml declares no readers; the built-in table serves")
    assert declared == registry.BUILT_IN


def _imports(module: str) -> set[str]:
    """Modules of this room that a module needs when it runs."""
    tree = ast.parse((ROOM / f"{module}.py").read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and id(node) not in skipped]
    return {node.module.rsplit(".", 1)[1] for node in found if (node.module or "").startswith(f"{registry.GROUP}.")}


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_the_code_behind_a_reader_is_all_that_its_module_imports(name: str) -> None:
    """Otherwise a change of a module would not ask for a new version."""
    needed: set[str] = set()
    todo = {registry.BUILT_IN[name].partition(":")[0].rsplit(".", 1)[1]}
    while todo:
        needed |= todo
        todo = {found for module in todo for found in _imports(module)} - needed - set(registry.SHARED)
    assert reader_code()[name] == tuple(f"readers/{module}.py" for module in sorted(needed))


def test_all_code_stands_behind_a_reader_or_behind_all() -> None:
    behind = {path for paths in reader_code().values() for path in paths}
    shared = {f"readers/{module}.py" for module in registry.SHARED}
    assert behind | shared == {f"readers/{path.name}" for path in ROOM.glob("*.py") if path.name != "writing.py"}


def test_the_versions_of_a_distribution_are_those_of_its_readers() -> None:
    files = {name: RawEntry(path=f"{name}.txt", reader=reader) for name, reader in (("a", "text"), ("b", "iob"))}
    distribution = Distribution.model_construct(files=files)
    assert reader_versions(distribution) == {"iob": get_reader("iob").version, "text": 1}
