"""The `official` scorer: what upstream's metric scripts compute, defects kept; one module a metric family.

Source: MAGIC-AI4Med/MedS-Ins, Metrics/, commit 185cfc0. docs/scoring.md lists every place where upstream crashes or
depends on luck, with the nearest defined behaviour that is taken here.
"""
