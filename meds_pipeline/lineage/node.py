"""A tree in which the children of a thing are what it is made from; `meds trace` builds it, and `cli` prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Node:
    """One thing in the tree: what it is, its facts, and what it is made from."""

    kind: str
    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    children: list[Node] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the tree as JSON-able data."""
        head: dict[str, Any] = {"kind": self.kind, "name": self.name, **self.facts}
        if self.text is not None:
            head["text"] = self.text
        return {**head, "rests_on": [child.to_json() for child in self.children]} if self.children else head
