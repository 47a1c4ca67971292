"""Limits of the quality rules."""

from __future__ import annotations

from pydantic import Field

from meds_pipeline.catalog.strict import Strict


class QualitySettings(Strict):
    """Limits of the quality rules."""

    max_input_chars: int = Field(default=60_000, ge=1, le=1_000_000_000)
    near_duplicate: float = Field(default=0.8, gt=0, le=1)
    """Jaccard similarity of word 5-grams from which two inputs count as near duplicates."""
