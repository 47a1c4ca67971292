"""YAML files whose errors name file and line; a key that is given twice is an error.

A catalog may come from anywhere, so three things have limits: the size of a file, its nesting, and its size with
aliases written out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from meds_pipeline.core.errors import CatalogError, Where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Place = tuple[int | str, ...]
"""Keys and positions that lead to a value, as pydantic's errors give them."""
MAX_CHARACTERS = 1_000_000
"""Limit for a file, and for its content with aliases written out; the longest corpus we ship has 8,000."""
MAX_LEVELS = 40


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

    def error(self, place: Place, problem: str, next_step: str) -> CatalogError:
        """Return the error that names file, line and keys of a place."""
        keys = ".".join(map(str, place))
        return CatalogError(f"{keys}: {problem}" if keys else problem, self.where(place), next_step)

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


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that is refused: a tag, a value that cannot be read, or content over a limit."""

    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(problem=problem, problem_mark=mark)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader for untrusted files: limited in size, without tags, and no node contains itself.

    An alias or a merge takes a few bytes and repeats a whole node, so nine lines can stand for a billion values. The
    full size of each node is added up while nodes are composed, before any node is repeated.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._open = 0
        self._known: dict[yaml.Node, tuple[int, int]] = {}
        """Characters and levels of every finished node."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node and what is below it."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs do not type it
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if node not in self._known:
                raise _Refused("an anchor that holds itself", event.start_mark)
            return node
        if event.tag is not None:
            raise _Refused("a tag (`!...`), which is not used here", event.start_mark)
        if self._open == MAX_LEVELS:
            raise _Refused(f"more than {MAX_LEVELS} levels below one another", event.start_mark)
        self._open += 1
        node = super().compose_node(parent, index)
        self._open -= 1
        if node is not None:
            self._measure(node)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct one value; the error of a number or date that Python cannot hold names its line."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise _Refused(f"a value that cannot be read ({error})", node.start_mark) from error

    def _measure(self, node: yaml.Node) -> None:
        below = _below(node)
        characters = sum(self._known[part][0] for part in below) if below else len(node.value)
        levels = max((self._known[part][1] for part in below), default=0)
        if characters >= MAX_CHARACTERS:
            raise _Refused(f"with its aliases written out more than {MAX_CHARACTERS:,} characters", node.start_mark)
        if levels >= MAX_LEVELS:
            raise _Refused(f"with its aliases written out more than {MAX_LEVELS} levels", node.start_mark)
        self._known[node] = characters + 1, levels + 1


def read_yaml(path: Path) -> Located:
    """Read a YAML file.

    Raises:
        CatalogError: It cannot be read, is not valid YAML, is too large, or has a key twice in a mapping.
    """
    try:
        if path.stat().st_size > MAX_CHARACTERS:
            raise CatalogError(f"larger than {MAX_CHARACTERS:,} bytes.", Where(file=str(path)), "Split the file.")
        if not path.is_file():
            raise CatalogError("not a file.", Where(file=str(path)), "Move it away.")
        loader = _Loader(path.read_text(encoding="utf-8"))
        tree = loader.get_single_node()
        _check_keys(path, tree)  # before construction, which writes merged keys into the tree
        data = None if tree is None else loader.construct_document(tree)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _not_valid(path, error) from error
    except OSError as error:
        raise CatalogError(f"cannot be read: {error.strerror}.", Where(file=str(path)), "Mend the file.") from error
    return Located(path, data, tree)


def _check_keys(path: Path, tree: yaml.Node | None) -> None:
    for first, second in _twice(tree):
        raise CatalogError(
            f"key {second.value!r} stands in line {first.start_mark.line + 1} already.",
            Where(file=f"{path}:{second.start_mark.line + 1}"),
            "Keep one of them.",
        )


def _not_valid(path: Path, error: yaml.YAMLError | UnicodeDecodeError) -> CatalogError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        where = Where(file=f"{path}:{error.problem_mark.line + 1}")
        problem = " ".join(part for part in (error.context, error.problem) if part)
    else:
        where, problem = Where(file=str(path)), " ".join(str(error).split())
    said = problem if isinstance(error, _Refused) else f"not valid YAML: {problem}"
    return CatalogError(f"{said}.", where, "Mend the file.")


def _below(node: yaml.Node) -> list[yaml.Node]:
    """Return the nodes directly below one: keys and values of a mapping, entries of a list."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _step(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node that marks one step down (a mapping's key, a list's entry) and the value there.

    Keys that a merge brings stand before the mapping's own keys. The own keys win, so the last key of a name counts.
    """
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in reversed(node.value) if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _twice(tree: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the first and the second node of each key that a mapping has twice, in the order of the file."""
    waiting, seen = deque([tree] if tree is not None else []), set[yaml.Node]()
    while waiting:
        node = waiting.popleft()
        if node in seen:  # an alias
            continue
        seen.add(node)
        if isinstance(node, yaml.MappingNode):
            first: dict[str, yaml.Node] = {}
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and first.setdefault(key.value, key) is not key:
                    yield first[key.value], key
        waiting += _below(node)
