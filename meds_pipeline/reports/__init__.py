"""What people look at: the leaderboard as a static site, and pictures for the Dagster UI."""

from meds_pipeline.reports.leaderboard import write_leaderboard
from meds_pipeline.reports.model import (
    Answer,
    Example,
    Fact,
    LeaderboardData,
    ModelCard,
    OutcomeCount,
    PairedTest,
    Points,
    Release,
    ScoreRow,
    StaleCorpus,
    TaskCard,
)

__all__ = [
    "Answer",
    "Example",
    "Fact",
    "LeaderboardData",
    "ModelCard",
    "OutcomeCount",
    "PairedTest",
    "Points",
    "Release",
    "ScoreRow",
    "StaleCorpus",
    "TaskCard",
    "write_leaderboard",
]
