"""Dagster resources: the home that assets work in, and its lineage database. No logic."""
