"""The `official` scorer: what upstream's metric scripts compute, with their defects; one module per metric family.

Source: MAGIC-AI4Med/MedS-Ins, Metrics/, commit 185cfc0. docs/scoring.md lists every place where upstream crashes or
depends on chance, and the nearest defined behaviour, which is used here.
"""
