"""Corpora built once a session, for all tests that look at them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from build_corpus import Builds, Built, build

if TYPE_CHECKING:
    from collections.abc import Callable

TWIN_RECORDS = 600


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """Builds made in this session; real files that are absent skip the test."""

    def made(corpus: str, kind: str, distribution: str | None = None) -> Built:
        folder = tmp_path_factory.mktemp(f"{distribution or corpus}-{kind}")
        return build(corpus, kind, folder, distribution=distribution, records=TWIN_RECORDS)

    kept: Callable[..., Built] = cache(made)
    return kept
