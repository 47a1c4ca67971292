"""Submission files: their formats, their irregular rows, and which items of several files are the same."""
