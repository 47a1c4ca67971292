"""The error of a corpus YAML in words for its author: pydantic's first error with file, line and close names."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from meds_pipeline.catalog.model import Corpus, Distribution, RawEntry, Task
from meds_pipeline.catalog.recipes import ShortRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from meds_pipeline.catalog.located import Located, Place
    from meds_pipeline.catalog.strict import Strict
    from meds_pipeline.core.errors import CatalogError

_KEYS = "docs/add-a-corpus.md lists every key."
_MODELS: dict[tuple[str, ...], type[Strict]] = {
    (): Corpus,
    ("tasks", "*"): Task,
    ("distributions", "*"): Distribution,
    ("distributions", "*", "files", "*"): RawEntry,
    ("distributions", "*", "recipes", "*"): ShortRecipe,
}
"""The model that has the keys at a place; `*` stands for any name."""


def refusal(file: Located, error: ValidationError, keys: Mapping[str, str]) -> CatalogError:
    """Return the first error of a file; unknown keys come first, because a misspelt key also makes one missing.

    Args:
        file: The file.
        error: What the model said of it.
        keys: For each member of a family, the key in the file that it was made from.
    """
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    place = first["loc"]
    problem, mend = _words(first)
    if place and place[-1] == "[key]":
        place = place[:-1]
    said = file.error(place, problem, mend)
    said.where = file.where(tuple(keys.get(str(part), part) for part in place))
    return said


def _words(error: ErrorDetails) -> tuple[str, str]:
    """Return the problem and the next step."""
    if error["type"] == "extra_forbidden":
        known = _keys_beside(error["loc"])
        close = difflib.get_close_matches(str(error["loc"][-1]), known, n=2)
        hint = f"Did you mean {' or '.join(close)}?" if close else f"Known here: {', '.join(known)}."
        return "there is no such key.", f"{hint} {_KEYS}"
    if error["type"] == "missing":
        return "this key is missing.", f"Add it; {_KEYS}"
    return f"{error['msg'].removeprefix('Value error, ')}.", _KEYS


def _keys_beside(place: Place) -> list[str]:
    shape = tuple("*" if depth % 2 else str(part) for depth, part in enumerate(place[:-1]))
    return [field.alias or name for name, field in _MODELS[shape].model_fields.items()]
