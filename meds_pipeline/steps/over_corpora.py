"""Shared code of the steps over all corpora: they read the instances behind every corpus's last good verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.core.errors import NotReadyError, Where
from meds_pipeline.steps.step import Needs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import duckdb

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.home.workspace import Workspace

CODE = (
    *("quality/across.py", "quality/sql/usable.sql", "core/parquet.py", "scoring/registry.py", "scoring/tasks.yaml"),
    *("catalog/published.py", "catalog/published.yaml"),
)
"""Code behind every such step."""


def needs_of(
    ws: Workspace,
    write: Callable[[duckdb.DuckDBPyConnection, Draft], None],
    settings: Mapping[str, object],
    inputs: Mapping[str, Output] | None = None,
    without: Collection[str] = (),
) -> Needs:
    """Return the needs of a step that reads all good corpora.

    Args:
        ws: The home.
        write: Is called with a connection that has the views of `quality.across.opened`, and the draft.
        settings: Settings that shape the output.
        inputs: Further inputs besides the corpora.
        without: Corpora that it leaves out.

    Raises:
        NotReadyError: No corpus has usable instances.
    """
    from meds_pipeline.quality.across import Good, opened

    good = {name: output for name, output in ws.good_corpora().items() if name not in without}
    corpora = {name: Good(output, ws.instances_of(output)) for name, output in good.items()}
    if not corpora:
        raise NotReadyError(
            "no corpus has usable instances.", Where(file=str(ws.raw)), "Run the corpora first and see what failed."
        )
    read = {f"verdicts:{name}": good.verdicts for name, good in corpora.items()}
    read |= {f"instances:{name}": good.instances for name, good in corpora.items()}
    uses = {t: ws.catalog.tasks[t][1].use for name in corpora for t in ws.catalog.corpus(name).tasks}

    def produce(draft: Draft) -> None:
        with opened(corpora, ws.catalog, ws.settings.budget, draft.scratch) as con:
            write(con, draft)

    return Needs({**read, **(inputs or {})}, {**settings, "uses": uses}, produce)


def definitions(ws: Workspace, without: Collection[str] = ()) -> dict[str, list[str]]:
    """Return the facts of each task that training and benchmark take from the catalog, in addition to the instances."""
    return {
        task_id: [task.use, task.metric, task.category, task.shots_from or "", task.definition, *task.paraphrases]
        for corpus in ws.good_corpora()
        if corpus not in without
        for task_id, task in ws.catalog.corpus(corpus).tasks.items()
    }
