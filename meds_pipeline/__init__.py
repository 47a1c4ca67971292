"""The MedS pipeline: raw medical corpora in, a leaderboard out, every number traceable to bytes."""

__version__ = "0.1.0"
