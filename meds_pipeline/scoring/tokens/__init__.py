"""Cuts texts into words and counts overlapping words, exactly as upstream's packages do."""
