"""Dagster: assets and checks made from the steps, jobs over them, what starts jobs, and `meds run`."""
