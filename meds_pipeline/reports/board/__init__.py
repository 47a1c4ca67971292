"""The leaderboard: what it shows (`model`), how pages lay it out (`views`), the pages (`site`), the step (`stage`)."""
