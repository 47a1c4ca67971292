"""What of a home's settings shapes a release."""

from __future__ import annotations

from pydantic import Field

from meds_pipeline.catalog.strict import Identifier, Strict


class BenchmarkSettings(Strict):
    """How a release is chosen when it is frozen; a frozen release never changes."""

    release: Identifier = "default"
    """The one in use."""
    items_per_task: int = Field(default=100, gt=0, le=10_000_000)
    shots: int = Field(default=3, ge=0, le=1_000)
    pool: int = Field(default=32, ge=0, le=1_000_000)
    """Training-split examples a task keeps to draw shots from."""
