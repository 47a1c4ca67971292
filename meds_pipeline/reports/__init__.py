"""Reports for people: the leaderboard as a static site, and pictures and first rows of outputs for the Dagster UI."""
