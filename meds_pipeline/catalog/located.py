"""YAML files whose errors name file and line; a key given twice is an error, not the last one's win."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from meds_pipeline.errors import CatalogError, Where

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Place = tuple[int | str, ...]
"""Keys and positions that lead to a value, as pydantic's errors give them."""


@dataclass(frozen=True, slots=True)
class Located:
    """A YAML file: what it says, and where.

    Attributes:
        path: The file.
        data: Its content.
        tree: The same with positions; None for an empty file.
    """

    path: Path
    data: Any
    tree: yaml.Node | None

    def where(self, place: Place) -> Where:
        """Return file and line of the deepest part of `place` that the file has."""
        lines = self._lines(place)
        return Where(file=f"{self.path}:{lines[-1] if lines else 1}")

    def depth(self, place: Place) -> int:
        """Return how many steps of `place` the file has."""
        return len(self._lines(place))

    def _lines(self, place: Place) -> list[int]:
        node, lines = self.tree, []
        for part in place:
            found = _step(node, part)
            if found is None:
                break
            marked, node = found
            lines.append(marked.start_mark.line + 1)
        return lines


def read_yaml(path: Path) -> Located:
    """Read a YAML file.

    Raises:
        CatalogError: It is not valid YAML, or a mapping has a key twice.
    """
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        data = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise CatalogError(f"not valid YAML: {problem}.", Where(file=str(path)), "Mend the file.") from error
    for first, second in _twice(tree):
        raise CatalogError(
            f"key {second.value!r} stands in line {first.start_mark.line + 1} already.",
            Where(file=f"{path}:{second.start_mark.line + 1}"),
            "Keep one of them.",
        )
    return Located(path, data, tree)


def _step(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node that marks one step down (a mapping's key, a list's entry) and the value there."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _twice(tree: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield keys that a mapping has twice, the first and the second of each."""
    waiting, seen = [tree] if tree is not None else [], set()
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        children: Sequence[yaml.Node] = node.value if isinstance(node, yaml.SequenceNode) else ()
        if isinstance(node, yaml.MappingNode):
            first: dict[str, yaml.Node] = {}
            for key, _ in node.value:
                if first.setdefault(key.value, key) is not key:
                    yield first[key.value], key
            children = [value for _, value in node.value]
        waiting += children
