"""The leaderboard step: reads scores, comparisons, answers and items, and renders the site; it measures nothing."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pyarrow as pa

from meds_pipeline.benchmark.access import access_of_items
from meds_pipeline.core import parquet
from meds_pipeline.core.files import make_private
from meds_pipeline.reports.board import model as page
from meds_pipeline.reports.board.categories import category_cards
from meds_pipeline.reports.board.site import write_leaderboard
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats.compare import Comparison

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from meds_pipeline.core.outputs import Access, Draft, Output

EXAMPLES = 4
"""Items of each task that the site shows in full."""
KEPT_SECONDS = 60
"""How long an earlier site stays for who is in the middle of reading it."""
_SCORES = f"SELECT {', '.join(page.ScoreRow.__dataclass_fields__)} FROM score ORDER BY ALL"  # noqa: S608 - field names
_COMPARISONS = """
SELECT scorer, level, name, metric, model_a, model_b, difference, low, high, p, adjusted, n FROM comparison
WHERE list_contains($models, model_a) AND list_contains($models, model_b)
ORDER BY scorer, level, name, metric, model_a, model_b
"""
_OUTCOMES = """
SELECT model, scorer, task_id, outcome, count(*) // count(DISTINCT metric),
       count(*) FILTER (outcome = 'correct' AND list_sum(counts[2:]) = 0) // count(DISTINCT metric)
FROM item_score GROUP BY ALL ORDER BY ALL
"""
"""An item has a row per metric, all with the same outcome. A right answer whose counts are 0 rightly names nothing."""
_TASKS = """
SELECT task_id, min(category), min(corpus), min(definition), count(*) FROM item GROUP BY ALL ORDER BY task_id
"""
_STANDING = "CREATE TEMP TABLE standing AS SELECT DISTINCT instance_id FROM instance SEMI JOIN item USING (instance_id)"
_EXAMPLES = """
SELECT item_id, task_id, CASE WHEN access <> 'credentialed' THEN definition || chr(10) || chr(10) || input ELSE '' END,
       CASE WHEN access <> 'credentialed' THEN "references" ELSE [] END, instance_id IN (FROM standing), access
FROM item WHERE ordinal <= $shown ORDER BY task_id, ordinal
"""
_ANSWERS = """
WITH shown AS (SELECT item_id, access FROM item WHERE ordinal <= $shown),
     answer AS (SELECT p.*, CASE WHEN access = 'credentialed' THEN 'the item is credentialed'
                                 WHEN list_contains($private, model) THEN 'the model learned from credentialed text'
                                 ELSE '' END AS withheld
                FROM prediction AS p JOIN shown USING (item_id))
SELECT item_id, model, CASE WHEN withheld = '' THEN coalesce(p.output, p.error, '') ELSE '' END, withheld, s.scorer,
       s.metric, s.outcome, s.points, s.influence
FROM answer AS p JOIN item_score AS s USING (model, item_id)
ORDER BY item_id, model, s.scorer DESC, s.metric
"""
_ITEM = """
CREATE TEMP VIEW item AS
SELECT * FROM (SELECT COLUMNS(lambda name: name <> 'access') FROM frozen_item) JOIN item_access USING (item_id)
"""
"""The items with their access class of today in place of the frozen one."""
_WITHHELD = "SELECT corpus, count(*) FROM item WHERE access = 'credentialed' GROUP BY ALL ORDER BY ALL"


@dataclass(frozen=True, slots=True)
class BoardInputs:
    """All that the leaderboard is rendered from.

    Attributes:
        build_id: The build the scores belong to.
        origin: real or twin.
        release: The benchmark release.
        scores: The `scores` outputs by model, all of this release.
        predictions: The predictions behind them, by model.
        comparisons: The `comparisons` output.
        instances: Parquet files of today's instances: an item whose instance is not among them is flagged.
        models: How each of the models was made.
        titles: Human-readable name of each task; a task without one is shown by its id.
        stale: Corpora for which an earlier output is used.
        unreleased: Tasks that could be scored and have no item in the release.
        absent: Things that the page does not show, and why.
        access: Access class of every task's corpus as the catalog has it now.
        private: Models that were trained on credentialed text: their outputs may repeat it.
        threads: Most threads.
        memory_limit: Most memory, as DuckDB writes it.
    """

    build_id: str
    origin: page.Origin
    release: Output
    scores: Mapping[str, Output]
    predictions: Mapping[str, Output]
    comparisons: Output
    instances: Sequence[Path]
    models: Sequence[page.ModelCard]
    titles: Mapping[str, str]
    stale: Sequence[page.StaleCorpus]
    unreleased: Sequence[str]
    absent: Sequence[page.Absence]
    access: Mapping[str, Access]
    private: Sequence[str]
    threads: int
    memory_limit: str


def render_board(inputs: BoardInputs, draft: Draft) -> None:
    """Write the site below `site/`."""
    data = board_data(inputs, draft.scratch)
    write_leaderboard(data, draft.path / "site")
    draft.rows = {
        "models": len(data.models),
        "tasks": sum(not task.pools for task in data.tasks),
        "scores": len(data.scores),
        "comparisons": len(data.comparisons),
    }
    draft.facts = {"build_id": data.build_id}


def publish(output: Output, home: Path) -> Path:
    """Put a site at `<home>/leaderboard`, a link that is replaced in one move; return its index page.

    A reader finds the old site or the new one, even if this process is killed. The previous site and the sites of the
    last minute stay for readers who have their pages open; older sites are removed. The caller holds the lock of the
    output.
    """
    target = home / "leaderboard"
    before = target.resolve() if target.is_symlink() else None
    site = Path(mkdtemp(prefix=".leaderboard-", dir=home))
    shutil.copytree(output.path / "site", site, dirs_exist_ok=True)
    link = site.with_name(f"{site.name}-link")
    link.symlink_to(site.name, target_is_directory=True)
    if target.is_dir() and not target.is_symlink():  # the home was copied and its links became folders
        target.rename(site.with_name(f"{site.name}-before"))
    link.replace(target)
    for other in home.glob(".leaderboard[.-]*"):  # left by earlier sites and killed runs
        if output.access == "credentialed" and not other.is_symlink():  # an earlier site may have been more open
            make_private(other)
        if other.is_symlink():
            other.unlink()
        elif other not in (site, before) and time.time() - other.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
    return target / "index.html"


def board_data(inputs: BoardInputs, scratch: Path) -> page.LeaderboardData:
    """Read what the site shows; `scratch` takes what does not fit into memory."""
    with parquet.connect(threads=inputs.threads, memory_limit=inputs.memory_limit, temporary=scratch) as con:
        _views(con, inputs)
        scored = bool(inputs.scores)
        tasks = _tasks(con, inputs.titles)
        return page.LeaderboardData(
            build_id=inputs.build_id,
            origin=inputs.origin,
            release=_release(con),
            models=tuple(inputs.models),
            tasks=tasks,
            scores=tuple(page.ScoreRow(*row) for row in con.execute(_SCORES).fetchall()) if scored else (),
            examples=_examples(con, inputs.private) if scored else (),
            comparisons=_comparisons(con, inputs) if scored else (),
            outcomes=tuple(page.OutcomeCount(*row) for row in con.execute(_OUTCOMES).fetchall()) if scored else (),
            stale=tuple(inputs.stale),
            categories=category_cards({card.task: card.category for card in tasks if not card.pools}),
            absent=(*inputs.absent, *_unreleased(inputs)),
            withheld=dict(con.execute(_WITHHELD).fetchall()),
        )


def _views(con: duckdb.DuckDBPyConnection, inputs: BoardInputs) -> None:
    """Make a view of each table that is read, and a table of the items' instances that still exist."""
    files = {
        "frozen_item": [inputs.release.file("items.parquet")],
        "release": [inputs.release.file("lineage/benchmark_release.parquet")],
        "score": [output.file("lineage/score.parquet") for output in inputs.scores.values()],
        "item_score": [output.file("lineage/item_score.parquet") for output in inputs.scores.values()],
        "prediction": [output.file("lineage/prediction.parquet") for output in inputs.predictions.values()],
        "comparison": [inputs.comparisons.file("lineage/comparison.parquet")],
        "instance": inputs.instances,
    }
    for name, paths in files.items():
        if paths:
            parquet.view_of(con, name, paths)
    access = access_of_items(inputs.release, inputs.access)
    now = pa.table({"item_id": list(access), "access": pa.array([a.access for a in access.values()], pa.string())})
    con.register("item_access", now)
    con.execute(_ITEM)
    con.execute(_STANDING if inputs.instances else "CREATE TEMP TABLE standing (instance_id VARCHAR)")


def _release(con: duckdb.DuckDBPyConnection) -> page.ReleaseCard:
    name, digest, items = con.execute("SELECT release, digest, items FROM release").fetchall()[0]
    flagged = con.execute("SELECT count(*) FROM item ANTI JOIN standing USING (instance_id)").fetchall()[0][0]
    return page.ReleaseCard(name, digest, items, flagged)


def _unreleased(inputs: BoardInputs) -> tuple[page.Absence, ...]:
    titles = [inputs.titles.get(task, task) for task in inputs.unreleased]
    if not titles:
        return ()
    count = f"{len(titles)} task{'s' if len(titles) > 1 else ''} in no release:"
    return (page.Absence(count, ", ".join(titles), "`meds bench freeze NAME` makes a release that has them too."),)


def _tasks(con: duckdb.DuckDBPyConnection, titles: Mapping[str, str]) -> tuple[page.TaskCard, ...]:
    """Read the tasks, and add a card for each pooled figure that upstream prints instead of several tasks."""
    cards = [page.TaskCard(task, titles.get(task, task), *card) for task, *card in con.execute(_TASKS).fetchall()]
    pools: dict[str, list[page.TaskCard]] = {}
    for card in cards:
        spec = load_registry().tasks.get(card.task)
        if spec is not None and spec.pool:
            pools.setdefault(spec.pool, []).append(card)
    for name, parts in pools.items():
        tasks, corpora = tuple(part.task for part in parts), dict.fromkeys(part.corpus for part in parts)
        about = f"The items of {', '.join(tasks)} together, as the official scripts count them."
        items = sum(part.items for part in parts)
        cards.append(page.TaskCard(name, name, parts[0].category, ", ".join(corpora), about, items, tasks))
    return tuple(sorted(cards, key=lambda card: (card.category, card.task)))


def _comparisons(con: duckdb.DuckDBPyConnection, inputs: BoardInputs) -> tuple[Comparison, ...]:
    """Read the comparisons of the scores that are shown; comparisons of earlier scores are left out."""
    read = {ref.digest for ref in inputs.comparisons.manifest.inputs.values()}
    models = [model for model, output in inputs.scores.items() if output.digest in read]
    return tuple(Comparison(*row) for row in con.execute(_COMPARISONS, {"models": models}).fetchall())


def _examples(con: duckdb.DuckDBPyConnection, private: Sequence[str]) -> tuple[page.Example, ...]:
    """Read the first items of each task with all answers; for credentialed items only the points, not the text."""
    answers: dict[str, dict[tuple[str, str, str], list[page.Points]]] = {}
    asked = {"shown": EXAMPLES, "private": list(private)}
    for item, model, output, withheld, *earned in con.execute(_ANSWERS, asked).fetchall():
        answers.setdefault(item, {}).setdefault((model, output, withheld), []).append(page.Points(*earned))
    return tuple(
        page.Example(
            item,
            task,
            prompt,
            tuple(references),
            tuple(page.AnswerCard(m, o, tuple(points), why) for (m, o, why), points in answers.get(item, {}).items()),
            "" if standing else "its source has changed since the release was frozen",
            access,
        )
        for item, task, prompt, references, standing, access in con.execute(_EXAMPLES, {"shown": EXAMPLES}).fetchall()
    )
