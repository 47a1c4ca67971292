"""The leaderboard step: reads scores, answers and items from the store and renders the site."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds_pipeline.reports.leaderboard import write_leaderboard

from meds_pipeline.core import parquet
from meds_pipeline.reports import model as page
from meds_pipeline.reports.pairs import paired_tests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.lineage.builds import Build

EXAMPLES = 4
"""Items of each task that the site shows in full."""
_KINDS = {
    "tuned": ("tuned", "fine-tuned by plan {plan}"),
    "untuned": ("untuned", "the model of plan {plan} before any training"),
    "majority": ("baseline", "always gives the most frequent training answer of the task"),
    "local": ("local", "a transformers model from {path}"),
    "endpoint": ("endpoint", "{remote_name} at {url}"),
    "file": ("submission", "predictions from {path}"),
}
_OFFICIAL = "asked by the official few-shot protocol, whose examples come from the tested items, answers included"


def render_leaderboard(ws: Workspace, build: Build, scored: Mapping[str, Output], draft: Draft) -> None:
    """Write the site of a build below `site/`."""
    with parquet.connect(
        threads=ws.settings.threads, memory_limit=ws.settings.memory_limit, temporary=draft.scratch
    ) as con:
        data = gather(con, ws, build, scored)
    write_leaderboard(data, draft.path / "site")
    draft.rows = {
        "models": len(data.models),
        "tasks": len(data.tasks),
        "scores": len(data.scores),
        "pairs": len(data.pairs),
    }
    draft.facts = {"build_id": build.build_id}


def publish(output: Output, home: Path) -> Path:
    """Put a site at `<home>/leaderboard`, whole; returns its index page."""
    target, temporary = home / "leaderboard", home / f".leaderboard.{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(output.path / "site", temporary)
    shutil.rmtree(target, ignore_errors=True)
    temporary.replace(target)
    return target / "index.html"


def gather(
    con: duckdb.DuckDBPyConnection, ws: Workspace, build: Build, scored: Mapping[str, Output]
) -> page.LeaderboardData:
    """Return what the site shows; scores on another release than the current one are left out."""
    release = ws.store.require("benchmark", "all")
    fresh = {n: o for n, o in scored.items() if o.manifest.inputs["benchmark"].digest == release.digest}
    parquet.view_of(con, "item", [release.file("items.parquet")])
    for view, files in _files(ws, fresh).items():
        if files:
            parquet.view_of(con, view, files)
    scores = _scores(con) if fresh else ()
    return page.LeaderboardData(
        build_id=build.build_id,
        origin=ws.origin,
        release=_release(con, ws, release),
        models=tuple(_model_card(ws, name) for name in fresh),
        tasks=_task_cards(con, ws),
        scores=scores,
        examples=_examples(con) if fresh else (),
        pairs=paired_tests(con, fresh, scores),
        outcomes=_outcomes(con) if fresh else (),
        stale=tuple(
            page.StaleCorpus(entry.output.manifest.partition, entry.stale) for entry in build.entries if entry.stale
        ),
    )


def _files(ws: Workspace, scored: Mapping[str, Output]) -> dict[str, Sequence[Path]]:
    predictions = [ws.store.input_of(output, "predictions") for output in scored.values()]
    return {
        "score": [output.file("lineage/score.parquet") for output in scored.values()],
        "item_score": [output.file("lineage/item_score.parquet") for output in scored.values()],
        "prediction": [output.file("lineage/prediction.parquet") for output in predictions],
        "instance": [ws.instances_of(v).file("lineage/instance.parquet") for v in ws.good_corpora().values()],
    }


def _release(con: duckdb.DuckDBPyConnection, ws: Workspace, output: Output) -> page.Release:
    parquet.view_of(con, "release", [output.file("lineage/benchmark_release.parquet")])
    name, digest, items = con.execute("SELECT release, digest, items FROM release").fetchall()[0]
    flagged = con.execute("SELECT count(*) FROM item ANTI JOIN instance USING (instance_id)").fetchall()[0][0]
    return page.Release(name, digest, items, flagged)


def _model_card(ws: Workspace, name: str) -> page.ModelCard:
    spec = ws.settings.model(name)
    kind, about = _KINDS.get(spec.kind, (spec.kind, ""))
    about = about.format(**spec.model_dump())
    if spec.protocol == "official":
        kind, about = f"{kind}, official shots", "; ".join(filter(None, (about, _OFFICIAL)))
    training = ws.store.current("training_set", spec.plan) if spec.plan else None
    weights = ws.store.current("fine_tuned_model", spec.plan) if spec.plan and spec.kind == "tuned" else None
    facts = [page.Fact(label, f"{count:,}") for label, count in (weights.manifest.rows if weights else {}).items()]
    if training is not None and spec.kind != "untuned":
        facts.append(page.Fact("training samples", f"{training.manifest.rows['samples']:,}"))
    return page.ModelCard(
        name=name,
        kind=kind,
        about=about,
        plan=spec.plan,
        training_set=training.digest if training is not None and spec.kind != "untuned" else None,
        weights=weights.digest if weights else None,
        facts=tuple(facts),
    )


def _task_cards(con: duckdb.DuckDBPyConnection, ws: Workspace) -> tuple[page.TaskCard, ...]:
    rows = con.execute(
        "SELECT task_id, min(corpus), min(category), min(definition), count(*) FROM item GROUP BY ALL "
        "ORDER BY min(category), task_id"
    ).fetchall()
    return tuple(
        page.TaskCard(
            task, ws.catalog.tasks[task][1].name if task in ws.catalog.tasks else task, category, corpus, text, n
        )
        for task, corpus, category, text, n in rows
    )


def _scores(con: duckdb.DuckDBPyConnection) -> tuple[page.ScoreRow, ...]:
    names = list(page.ScoreRow.__dataclass_fields__)
    rows = con.execute(f"SELECT {', '.join(names)} FROM score ORDER BY ALL").fetchall()  # noqa: S608 - field names
    return tuple(page.ScoreRow(*row) for row in rows)


def _outcomes(con: duckdb.DuckDBPyConnection) -> tuple[page.OutcomeCount, ...]:
    rows = con.execute(
        "SELECT model, scorer, task_id, outcome, count(DISTINCT item_id) FROM item_score GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return tuple(page.OutcomeCount(*row) for row in rows)


def _examples(con: duckdb.DuckDBPyConnection) -> tuple[page.Example, ...]:
    items = con.execute(
        'SELECT item_id, task_id, definition, input, "references", instance_id IN (SELECT instance_id FROM instance) '
        "FROM item WHERE ordinal <= ? ORDER BY task_id, ordinal",
        [EXAMPLES],
    ).fetchall()
    return tuple(
        page.Example(
            item, task, f"{definition}\n\n{text}", tuple(references), _answers(con, item),
            "" if standing else "its source has changed since the release was frozen",
        )
        for item, task, definition, text, references, standing in items
    )  # fmt: skip


def _answers(con: duckdb.DuckDBPyConnection, item_id: str) -> tuple[page.Answer, ...]:
    rows: list[tuple[Any, ...]] = con.execute(
        "SELECT p.model, coalesce(p.output, p.error, ''), s.scorer, s.metric, s.outcome, s.points, s.influence "
        "FROM prediction AS p JOIN item_score AS s USING (model, item_id) WHERE item_id = ? "
        "ORDER BY p.model, s.scorer DESC, s.metric",
        [item_id],
    ).fetchall()
    answers: dict[str, page.Answer] = {}
    for model, output, *earned in rows:
        known = answers.get(model, page.Answer(model, output, ()))
        answers[model] = replace(known, points=(*known.points, page.Points(*earned)))
    return tuple(answers.values())
