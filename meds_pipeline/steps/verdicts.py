"""Applies the quality rules to the instances of a corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.home.catalog import keep_definition
from meds_pipeline.steps.step import Needs, Step

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def _needs(ws: Workspace, name: str) -> Needs:
    from meds_pipeline.quality.verdicts import judge

    corpus = ws.catalog.corpus(name)
    made = ws.require_good("instances", name)
    limit = ws.settings.quality.max_input_chars
    tasks = {task_id: {"metric": task.metric, "labels": task.labels} for task_id, task in corpus.tasks.items()}
    return Needs(
        {"instances": made},
        {"max_input_chars": limit, "tasks": tasks},
        lambda draft: judge(corpus, made, draft, max_input_chars=limit, budget=ws.settings.budget),
        publish=lambda _, home: keep_definition(home, corpus),
    )


STEP = Step(
    asset="verdicts",
    version="1",
    group="corpora",
    partitions="corpus",
    reads=("instances",),
    about="Every instance that fails a quality rule, one row a rule.",
    main="lineage/verdict.parquet",
    code=("quality/verdicts.py", "quality/rules", "core/parquet.py"),
    needs=_needs,
)
