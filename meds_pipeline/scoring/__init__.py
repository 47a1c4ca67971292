"""Scoring: MedS-Bench's official numbers exactly, the right numbers beside them, each with an interval.

`engine.score` measures a table of answers; `report.run_score` is what `meds score FILE...` prints.
"""
