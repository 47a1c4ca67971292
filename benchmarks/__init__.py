"""Runnable comparisons behind every figure the docs claim; each prints a ratio measured in one run."""
