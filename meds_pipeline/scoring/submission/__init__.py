"""Submission files: their formats, what is odd about them, and which items of several files are the same."""
