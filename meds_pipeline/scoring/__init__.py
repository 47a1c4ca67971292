"""Scoring: MedS-Bench's official figures exactly, the corrected figures beside them, each with an interval.

`engine.score` measures a table of answers; `report.run_score` is what `meds score FILE...` prints.
"""
