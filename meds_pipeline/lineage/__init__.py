"""Lineage: rows that say what every output is made from, and functions that follow them."""
