"""Punkt tables present or absent, whatever the machine has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from meds_pipeline.scoring.tokens import languages, punkt

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED_NLTK = Path(__file__).parents[2] / "../shared/nltk_data"


def _forget() -> None:
    punkt.english.cache_clear()
    punkt.trouble.cache_clear()
    languages.words_of.cache_clear()


@pytest.fixture
def fresh_punkt() -> Iterator[None]:
    """Tables are looked for anew, now and after the test."""
    _forget()
    yield
    _forget()


@pytest.fixture
def english_punkt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """NLTK's English tables, from the machine or from shared/."""
    monkeypatch.setenv("NLTK_DATA", str(SHARED_NLTK.resolve()))
    _forget()
    if punkt.trouble():
        pytest.skip("no English Punkt tables: neither a wheel, nltk_data nor shared/nltk_data has them")
    yield
    _forget()


@pytest.fixture
def no_punkt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without tables."""
    monkeypatch.setattr(punkt, "places", lambda: iter(()))
    _forget()
    yield
    _forget()
