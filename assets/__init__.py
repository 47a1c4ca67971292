"""Dagster: assets and checks made from the steps, jobs over them, schedules and sensors, and `meds run`."""
