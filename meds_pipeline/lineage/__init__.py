"""Lineage: what every output rests on, as rows, and the ways to walk them."""
