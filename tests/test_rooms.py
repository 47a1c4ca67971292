"""Imports go down the list of rooms in docs/architecture.md, never up and never round; domain rooms know no home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "definitions",
    "assets",
    "resources",
    "cli",
    "status",
    "steps",
    "lineage",
    "home",
    "reports",
    "models",
    "training",
    "benchmark",
    "quality",
    "instances",
    "instructions",
    "twins",
    "readers",
    "scoring",
    "catalog",
    "core",
)
"""From the top down. `definitions` is the module of that name; `expectations` holds no code."""
DOORS = {("cli", "definitions"), ("cli", "resources"), ("cli", "assets")}
"""The command line starts runs and the UI through them."""
FILES = [
    *(ROOT / "assets").glob("*.py"),
    *(ROOT / "resources").glob("*.py"),
    *(path for path in (ROOT / "meds_pipeline").rglob("*.py") if path.parent.name != "meds_pipeline"),
    ROOT / "meds_pipeline" / "definitions.py",
]


def room_of(module: str) -> str:
    """The room of a module, by its dotted name."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] if first == "meds_pipeline" else first


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything of ours, and of Dagster, that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == "meds_pipeline":
            names = [f"meds_pipeline.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        yield from ((node.lineno, name) for name in names)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    upwards = []
    for path in FILES:
        own = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        if own != room:
            continue
        for line, module in imports(path):
            other = room_of(module)
            up = other in ROOMS and ROOMS.index(other) < ROOMS.index(room) and (room, other) not in DOORS
            dagster = module.partition(".")[0] in ("dagster", "dagster_duckdb") and room not in ROOMS[:3]
            if up or dagster:
                upwards.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert upwards == []


def test_every_package_is_a_room() -> None:
    packages = {path.parent.name for path in (ROOT / "meds_pipeline").glob("*/__init__.py")}
    assert packages <= set(ROOMS)
