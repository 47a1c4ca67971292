"""What each step reads and what shapes it: the glue between the store and the library.

Every function takes the workspace, a partition and the step's version, and returns the output, made now or found
standing. The inputs and settings named here are exactly those that enter the fingerprint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from meds_pipeline.core.errors import NotReadyError, RawFileError, StoreError, Where
from meds_pipeline.home.store import Result
from meds_pipeline.home.workspace import ALL, Workspace
from meds_pipeline.quality.across import Good

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

    from meds_pipeline.core.outputs import Draft, Output
    from meds_pipeline.readers.driver import Job
    from meds_pipeline.training.plan import TrainingPlan


def raw_corpus(ws: Workspace, corpus_name: str, version: str) -> Result:
    """Read the raw files of a corpus; its identity is their sha256 and how the catalog says to read them."""
    from meds_pipeline.readers.driver import Job

    corpus = ws.catalog.corpus(corpus_name)
    presence = ws.presence(corpus)
    if presence is None:
        raise RawFileError("no raw files are there.", Where(corpus_name), ws.way_to(corpus))
    folder = presence.folder
    try:
        hashes = ws.store.hasher.sha256_all(folder / path for path in presence.stored)
    except OSError as error:
        where = Where(corpus_name, str(error.filename or folder))
        raise RawFileError(
            f"it cannot be read: {error.strerror}.", where, "Make it readable, then run again."
        ) from error
    sha256 = {path: hashes[folder / path] for path in presence.stored}
    entries = corpus.distributions[presence.distribution].files
    settings = {
        "distribution": presence.distribution,
        "files": sha256,
        "entries": {name: entry.model_dump(mode="json", exclude={"twin"}) for name, entry in entries.items()},
        "origin": ws.origin,
        "access": corpus.access,
    }
    job = Job(corpus, presence, folder, ws.origin, sha256)
    return ws.store.materialize(
        "raw_corpus",
        corpus_name,
        version=version,
        inputs={},
        settings=settings,
        produce=lambda draft: _read_whole(ws, job, draft),
    )


def _read_whole(ws: Workspace, job: Job, draft: Draft) -> None:
    """Read a corpus; raises RawFileError where a file is no longer the one whose digest its records would bear."""
    from meds_pipeline.readers.driver import read_corpus

    read_corpus(job, draft)
    now = ws.store.hasher.sha256_all(job.folder / path for path in job.sha256)
    for path, digest in job.sha256.items():
        if now[job.folder / path] != digest:
            where = Where(job.corpus.corpus, path)
            raise RawFileError("the file changed while it was read.", where, "Run again when it is whole.")


def instances(ws: Workspace, corpus_name: str, version: str) -> Result:
    """Run the recipes of a corpus."""
    from meds_pipeline.instances.build import Limits, build_instances, recipe_settings

    corpus = ws.catalog.corpus(corpus_name)
    raw = ws.require_good("raw_corpus", corpus_name)
    s = ws.settings
    limits = Limits(
        threads=s.threads, memory_limit=s.memory_limit, output_limit=s.sandbox_output, seconds=s.sandbox_seconds
    )
    return ws.store.materialize(
        "instances",
        corpus_name,
        version=version,
        inputs={"raw_corpus": raw},
        settings={"seed": s.seed, **recipe_settings(corpus, raw)},
        produce=lambda draft: build_instances(corpus, raw, draft, seed=s.seed, limits=limits),
    )


def verdicts(ws: Workspace, corpus_name: str, version: str) -> Result:
    """Apply the quality rules to a corpus."""
    from meds_pipeline.quality.verdicts import judge

    corpus = ws.catalog.corpus(corpus_name)
    made = ws.require_good("instances", corpus_name)
    tasks = {task_id: {"metric": task.metric, "labels": task.labels} for task_id, task in corpus.tasks.items()}
    return ws.store.materialize(
        "verdicts",
        corpus_name,
        version=version,
        inputs={"instances": made},
        settings={"max_input_chars": ws.settings.quality.max_input_chars, "tasks": tasks},
        produce=lambda draft: judge(corpus, made, draft, ws.settings),
    )


def duplicates(ws: Workspace, partition: str, version: str) -> Result:
    """Find duplicates among training instances."""
    from meds_pipeline.quality.across import find_duplicates

    threshold = ws.settings.quality.near_duplicate
    return _across(
        ws,
        "duplicates",
        version,
        settings={"threshold": threshold},
        work=lambda con, draft: find_duplicates(con, draft, threshold=threshold),
    )


def split_proof(ws: Workspace, partition: str, version: str) -> Result:
    """Find training instances that share a subject or a text with held-out ones."""
    from meds_pipeline.quality.across import prove_splits

    return _across(ws, "split_proof", version, settings={}, work=prove_splits)


def benchmark(ws: Workspace, partition: str, version: str) -> Result:
    """Return the frozen release of the settings, frozen now if there is none of that name.

    Raises:
        StoreError: The release was frozen, but its files are damaged.
    """
    from meds_pipeline.benchmark.freeze import freeze

    s = ws.settings
    releases = ws.store.outputs("benchmark", ALL)
    frozen = next((output for output in releases if output.manifest.facts["release"] == s.benchmark.release), None)
    if frozen is not None:
        if not ws.store.intact(frozen):  # made again from today's data it would be another one under the same name
            raise StoreError(
                f"the frozen release {s.benchmark.release!r} is damaged.",
                Where(file=str(frozen.path)),
                "Bring its files back, or freeze another one: set `benchmark.release` to a new name.",
            )
        ws.store.point(frozen)
        return Result(frozen, reused=True)
    return _across(
        ws,
        "benchmark",
        version,
        settings={
            "seed": s.seed,
            "near": s.quality.near_duplicate,
            **s.benchmark.model_dump(mode="json"),
            "definitions": _definitions(ws),
        },
        work=lambda con, draft: freeze(con, s.benchmark, s.seed, draft, threshold=s.quality.near_duplicate),
    )


def contamination(ws: Workspace, partition: str, version: str) -> Result:
    """Find training instances too close to items of the release."""
    from meds_pipeline.quality.across import find_contamination

    release = ws.require_good("benchmark", ALL)
    threshold = ws.settings.quality.near_duplicate
    return _across(
        ws,
        "contamination",
        version,
        inputs={"benchmark": release},
        settings={"threshold": threshold},
        work=lambda con, draft: find_contamination(con, release, draft, threshold=threshold),
    )


def training_set(ws: Workspace, plan_name: str, version: str) -> Result:
    """Mix the samples of a plan."""
    from meds_pipeline.training.mixing import Screens, mix

    plan, seed = ws.settings.plan(plan_name), ws.settings.seed
    screens = {asset: ws.require_good(asset, ALL) for asset in ("duplicates", "split_proof", "contamination")}
    return _across(
        ws,
        "training_set",
        version,
        partition=plan_name,
        inputs=screens,
        settings={"seed": seed, "mixture": plan.mixture.model_dump(mode="json"), "definitions": _definitions(ws)},
        work=lambda con, draft: mix(
            con, ws.catalog, Screens(**screens), plan.mixture, draft, plan=plan_name, seed=seed
        ),
    )


def packed_training_set(ws: Workspace, plan_name: str, version: str) -> Result:
    """Train the tokenizer where the plan has no base model, and pack the samples."""
    from meds_pipeline.training.stage import pack_samples

    plan = ws.settings.plan(plan_name)
    samples = ws.require_good("training_set", plan_name)
    shaping = plan.model_dump(mode="json", exclude={"mixture", "fine_tuning"})
    settings = {"seed": ws.settings.seed, **shaping, "base": _base(ws, plan)}
    return ws.store.materialize(
        "packed_training_set",
        plan_name,
        version=version,
        inputs={"training_set": samples},
        settings=settings,
        produce=lambda draft: pack_samples(
            samples, plan, draft, plan_name=plan_name, seed=ws.settings.seed, workers=ws.settings.workers
        ),
    )


def fine_tuned_model(ws: Workspace, plan_name: str, version: str) -> Result:
    """Train the model of a plan."""
    from meds_pipeline.training.stage import train_model

    plan = ws.settings.plan(plan_name)
    packed = ws.require_good("packed_training_set", plan_name)
    return ws.store.materialize(
        "fine_tuned_model",
        plan_name,
        version=version,
        inputs={"packed_training_set": packed},
        settings={"base": _base(ws, plan), **plan.fine_tuning.model_dump(mode="json")},
        produce=lambda draft: train_model(packed, plan, draft, plan_name=plan_name),
    )


def predictions(ws: Workspace, model_name: str, version: str) -> Result:
    """Ask a model every item of the release."""
    from meds_pipeline.models.stage import predict

    spec = ws.settings.model(model_name)
    inputs = {"benchmark": ws.require_good("benchmark", ALL)}
    made_by = {"tuned": "fine_tuned_model", "untuned": "packed_training_set", "majority": "training_set"}.get(spec.kind)
    if made_by is not None:
        inputs[made_by] = ws.require_good(made_by, str(spec.plan))
    plan = None if spec.plan is None else ws.settings.plan(spec.plan)
    untuned = plan if spec.kind == "untuned" else None
    weights = untuned and {"base": _base(ws, untuned), **untuned.fine_tuning.model_dump(mode="json")}
    path = None if spec.path is None else ws.home / spec.path
    files = None if path is None else ws.store.hasher.sha256_tree(path)
    settings = {"spec": spec.shaping(), "path": files, "fine_tuning": weights, "access": _accesses(ws)}
    return ws.store.materialize(
        "predictions",
        model_name,
        version=version,
        inputs=inputs,
        settings=settings,
        produce=lambda draft: predict(
            model_name, spec, plan, inputs, draft, path=path, credentialed="credentialed" in _accesses(ws)
        ),
    )


def scores(ws: Workspace, model_name: str, version: str) -> Result:
    """Score the predictions of a model."""
    from meds_pipeline.scoring.stage import score_predictions, scorer_settings

    inputs = {
        "benchmark": ws.require_good("benchmark", ALL),
        "predictions": ws.require_good("predictions", model_name),
    }
    seed, asked = ws.settings.seed, cast("Mapping[str, int]", inputs["benchmark"].manifest.facts["items"])
    languages = {task: ws.catalog.tasks[task][1].output_language for task in asked if task in ws.catalog.tasks}
    return ws.store.materialize(
        "scores",
        model_name,
        version=version,
        inputs=inputs,
        settings={"seed": seed, "languages": languages, **scorer_settings()},
        produce=lambda draft: score_predictions(
            model_name, inputs["benchmark"], inputs["predictions"], draft, seed=seed, languages=languages
        ),
    )


def lineage(ws: Workspace, partition: str, version: str) -> Result:
    """Compact the lineage rows of the current build into one DuckDB file."""
    from meds_pipeline.lineage.builds import current_build
    from meds_pipeline.lineage.compact import compact, publish

    build = current_build(ws)
    result = ws.store.materialize(
        "lineage",
        ALL,
        version=version,
        inputs={f"{o.manifest.asset}:{o.manifest.partition}": o for o in build.roots},
        settings={"build": build.build_id},
        produce=lambda draft: compact(build, draft, ws.settings),
    )
    publish(result.output, ws.home)
    return result


def leaderboard(ws: Workspace, partition: str, version: str) -> Result:
    """Render the leaderboard of the current build."""
    from meds_pipeline.lineage.builds import current_build
    from meds_pipeline.reports.stage import publish, render_leaderboard

    build = current_build(ws)
    scored = {name: output for name in sorted(ws.settings.models) if (output := ws.store.current("scores", name))}
    result = ws.store.materialize(
        "leaderboard",
        ALL,
        version=version,
        inputs={f"scores:{name}": output for name, output in scored.items()},
        settings={"build": build.build_id, "origin": ws.origin, "stale": build.stale_names()},
        produce=lambda draft: render_leaderboard(ws, build, scored, draft),
    )
    publish(result.output, ws.home)
    return result


def _base(ws: Workspace, plan: TrainingPlan) -> str | None:
    """Return the digest of a plan's base model: another model in the same folder is another base."""
    return None if plan.base is None else ws.store.hasher.sha256_tree(Path(plan.base))


def _accesses(ws: Workspace) -> list[str]:
    """Return the access classes of the corpora in use."""
    return sorted({ws.catalog.corpus(name).access for name in ws.good_corpora()})


def _definitions(ws: Workspace) -> dict[str, list[str]]:
    """Return all that training and benchmark take from the catalog beyond the instances."""
    return {
        task_id: [task.use, task.metric, task.category, task.shots_from or "", task.definition, *task.paraphrases]
        for corpus in ws.good_corpora()
        for task_id, task in ws.catalog.corpus(corpus).tasks.items()
    }


def _across(
    ws: Workspace,
    asset: str,
    version: str,
    *,
    settings: Mapping[str, object],
    work: Callable[[duckdb.DuckDBPyConnection, Draft], None],
    inputs: Mapping[str, Output] | None = None,
    partition: str = ALL,
) -> Result:
    """Materialize an asset that reads the instances of all good corpora."""
    from meds_pipeline.quality.across import opened

    corpora = {name: Good(output, ws.instances_of(output)) for name, output in ws.good_corpora().items()}
    if not corpora:
        raise NotReadyError(
            "no corpus has usable instances.", Where(file=str(ws.raw)), "Run the corpora first and see what failed."
        )
    read = {f"verdicts:{name}": good.verdicts for name, good in corpora.items()}
    read |= {f"instances:{name}": good.instances for name, good in corpora.items()}
    uses = {t: ws.catalog.tasks[t][1].use for name in corpora for t in ws.catalog.corpus(name).tasks}

    def produce(draft: Draft) -> None:
        with opened(corpora, ws.catalog, ws.settings, draft.scratch) as con:
            work(con, draft)

    return ws.store.materialize(
        asset,
        partition,
        version=version,
        inputs={**read, **(inputs or {})},
        settings={**settings, "uses": uses},
        produce=produce,
    )
