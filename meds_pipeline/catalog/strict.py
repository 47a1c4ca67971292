"""The base of all catalog and settings models: strict, frozen, with one form of names."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


def is_identifier(value: str) -> bool:
    """Tell whether a text can name a corpus, a distribution, a file entry, a view or a parameter."""
    return _IDENTIFIER.fullmatch(value) is not None


def _identifier(value: str) -> str:
    if not is_identifier(value):
        raise ValueError(f"{value!r} is not a name: use a-z, 0-9 and '_', starting with a letter")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]


class Strict(BaseModel):
    """Base of all catalog and settings models: frozen, unknown keys are errors, and errors do not show the input."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)
