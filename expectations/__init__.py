"""Expectation suites, two files each: what is expected (JSON, Great Expectations' format) and of which rows (SQL)."""
