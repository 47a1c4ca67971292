"""Distributions built once a session, for all tests that look at them."""

from __future__ import annotations

from functools import cache

import pytest
from build_corpus import Builds, Built, Origin, build


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """Return a function that builds a distribution, or finds it built."""

    @cache
    def made(distribution: str, origin: Origin) -> Built:
        return build(distribution, origin, tmp_path_factory.mktemp(f"{distribution}-{origin}"))

    return made
