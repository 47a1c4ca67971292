"""Paired tests for the leaderboard: the answers behind the scores, measured again and compared as `meds score` does.

The items' counts that F1 is resampled by are in no output, so answers are measured anew, with the settings that the
scores were made with. A comparison whose difference is not that of the two scores is left out: then the scores are
older than the code, and the intervals decide.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from meds_pipeline.reports.model import PairedTest
from meds_pipeline.scoring.engine import measure
from meds_pipeline.scoring.registry import spec_for
from meds_pipeline.scoring.stats.compare import compare
from meds_pipeline.scoring.table import ANSWERS, read_answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from meds_pipeline.core.outputs import Output
    from meds_pipeline.reports.model import ScoreRow
    from meds_pipeline.scoring.stats.compare import Comparison
    from meds_pipeline.scoring.stats.figures import TaskItems

log = logging.getLogger(__name__)
_ANSWERS = """
SELECT i.item_id, i.task_id, i.input, i."references", p.output, i.corpus || '/' || i.subject AS subject,
       p.cut_off, p.error
FROM item AS i JOIN prediction AS p USING (item_id) WHERE p.model = ? ORDER BY i.task_id, i.item_id
"""
_TASKS = "SELECT task_id, min(metric), min(category), min(labels) FROM item GROUP BY ALL ORDER BY task_id"


def paired_tests(
    con: duckdb.DuckDBPyConnection, scored: Mapping[str, Output], scores: Sequence[ScoreRow]
) -> tuple[PairedTest, ...]:
    """Compare every two models, for each scorer, on tasks, categories and overall.

    Args:
        con: Has the views `item` and `prediction`.
        scored: The `scores` outputs by model, all of one release.
        scores: Their figures.
    """
    if len(scored) < 2:
        return ()
    scorers = tuple(dict.fromkeys(row.scorer for row in scores))
    parts = {model: _measured(con, model, output, scorers) for model, output in sorted(scored.items())}
    required = {part.spec.task_id: part.spec.category for measured in parts.values() for part in measured}
    seed = min(cast("int", output.manifest.settings["seed"]) for output in scored.values())
    found = compare(parts, required, seed)
    values: dict[tuple[str, ...], float | None] = {
        (s.scorer, s.level, s.name, s.metric, s.model): s.value for s in scores
    }
    kept = [row for row in found if _agrees(row, values)]
    if len(kept) < len(found):
        log.warning("%d paired tests left out: the scores are older than the code", len(found) - len(kept))
    return tuple(PairedTest(**row.row()) for row in kept)


def _measured(
    con: duckdb.DuckDBPyConnection, model: str, output: Output, scorers: Sequence[str]
) -> Sequence[TaskItems]:
    """Measure a model's answers as its scores were made."""
    tasks = con.execute(_TASKS).fetchall()
    metrics = {task: metric for task, metric, _, _ in tasks}
    categories = {task: category for task, _, category, _ in tasks}
    labels = {task: tuple(labels) for task, _, _, labels in tasks if labels}
    languages = cast("Mapping[str, str]", output.manifest.settings.get("languages", {}))
    specs = {task: spec_for(task, metrics, categories, languages, labels) for task in metrics}
    answers = con.sql(_ANSWERS, params=[model]).to_arrow_table()
    return measure(read_answers(answers.cast(ANSWERS)), scorers, specs)


def _agrees(row: Comparison, values: Mapping[tuple[str, ...], float | None]) -> bool:
    first, second = (
        values.get((row.scorer, row.level, row.name, row.metric, model)) for model in (row.first, row.second)
    )
    return first is not None and second is not None and abs(first - second - row.difference) < 1e-6
