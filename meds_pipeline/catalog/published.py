"""The published tasks: what MedS-Ins and MedS-Bench say of each, read from `published.yaml`.

Scoring reads them as well as the catalog, and starts fast: nothing here needs pydantic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

PUBLISHED_FILE = Path(__file__).with_name("published.yaml")
TASK_FACTS = ("name", "category", "metric", "use", "input_language", "output_language", "labels")
"""Facts of a published task that a corpus YAML may leave out."""


@dataclass(frozen=True, slots=True)
class PublishedTask:
    """One line of `published.yaml`; the head of that file explains the keys. A fact that is not known is None."""

    name: str | None = None
    corpus: str | None = None
    category: str | None = None
    text_source: str | None = None
    input_language: str = "en"
    output_language: str = "en"
    use: str | None = None
    bench_category: str | None = None
    metric: str | None = None
    labels: tuple[str, ...] = ()
    released: bool = True
    provenance: str = "published"

    def facts(self) -> dict[str, Any]:
        """Return the facts that the catalog takes from here, under the keys of a corpus YAML."""
        return {key: getattr(self, key) for key in TASK_FACTS}


@cache
def published_tasks() -> Mapping[str, PublishedTask]:
    """Return every published task by id, in the order of their numbers."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(PUBLISHED_FILE.read_text("utf-8"), Loader=loader)  # noqa: S506 - a safe loader either way
    return {
        task_id: PublishedTask(**{**line, "labels": tuple(line.get("labels", ()))})
        for task_id, line in data["tasks"].items()
    }
