"""Settings of the twins that a home without raw files has."""

from __future__ import annotations

from pydantic import Field

from meds_pipeline.catalog.strict import Identifier, Strict


class TwinSettings(Strict):
    """What synthetic content a run without raw files makes."""

    records: int = Field(default=600, gt=0, le=10_000_000)
    """Size of a corpus's main file."""
    distributions: list[Identifier] = ["bc5cdr_iob", "meqsum", "pubmedqa"]
    """Distributions that get a twin; an empty list means all. Few by default, so that a first run takes two minutes."""
