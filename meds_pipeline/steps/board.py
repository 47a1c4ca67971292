"""Gathers from a workspace the data from which the leaderboard is rendered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.outputs import strictest
from meds_pipeline.home.workspace import ALL
from meds_pipeline.reports.board.model import Absence, Fact, ModelCard, StaleCorpus
from meds_pipeline.reports.board.stage import BoardInputs
from meds_pipeline.steps.unreleased import unreleased

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meds_pipeline.core.outputs import Access, Output
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.lineage.builds import Build, Entry

_KINDS = {
    "tuned": ("tuned", "fine-tuned by plan {plan}"),
    "untuned": ("untuned", "the model of plan {plan} before any training"),
    "majority": ("baseline", "always gives the most frequent training answer of the task"),
    "local": ("local", "a transformers model from {path}"),
    "endpoint": ("endpoint", "{remote_name} at {url}"),
    "file": ("submission", "predictions from {path}"),
}
_OFFICIAL = "asked by the official few-shot protocol, whose examples come from the tested items, answers included"


def scores_of_release(ws: Workspace, release: Output) -> dict[str, Output]:
    """Return the current scores by model; those on another release or refused by their checks are left out."""
    found = _of_release(ws, release)
    return {name: output for name, output in found.items() if ws.refusal(output) is None}


def refusals(ws: Workspace, release: Output) -> dict[str, str]:
    """Return the models whose scores on a release were refused by their checks, with the reason."""
    found = {name: ws.refusal(output) for name, output in _of_release(ws, release).items()}
    return {name: failure.reason for name, failure in found.items() if failure is not None}


def _of_release(ws: Workspace, release: Output) -> dict[str, Output]:
    found = {name: ws.store.current("scores", name) for name in sorted(ws.settings.models)}
    return {n: o for n, o in found.items() if o is not None and o.manifest.inputs["benchmark"].digest == release.digest}


def board_inputs(ws: Workspace, build: Build, release: Output, scores: Mapping[str, Output]) -> BoardInputs:
    """Return all that the leaderboard of a build is rendered from."""
    return BoardInputs(
        build_id=build.build_id,
        origin=ws.origin,
        release=release,
        scores=scores,
        predictions={name: ws.store.input_of(output, "predictions") for name, output in scores.items()},
        comparisons=ws.require_good("comparisons", ALL),
        instances=[ws.instances_of(v).file("lineage/instance.parquet") for v in ws.good_corpora().values()],
        models=[_model_card(ws, name) for name in scores],
        titles={task_id: task.name for task_id, (_, task) in ws.catalog.tasks.items()},
        unreleased=unreleased(ws),
        stale=[_stale(ws, e) for e in build.entries if e.stale and e.output.manifest.asset == "verdicts"],
        absent=_absent(ws, release, scores),
        access=ws.access_of_tasks(),
        private=[name for name, output in scores.items() if _learned_from(ws, output) == "credentialed"],
        threads=ws.settings.threads,
        memory_limit=ws.settings.memory_limit,
    )


def _stale(ws: Workspace, entry: Entry) -> StaleCorpus:
    name, reason = entry.output.manifest.partition, entry.stale or ""
    return StaleCorpus(name, _told(entry.output, reason, f"`meds corpora show {name}` says why."))


def _absent(ws: Workspace, release: Output, scores: Mapping[str, Output]) -> list[Absence]:
    """Return the models that the page does not show, or shows with earlier scores, and refused submissions."""
    found = []
    refused = refusals(ws, release)
    for name in sorted(ws.settings.models):
        failure = ws.failure("scores", name) or ws.failure("predictions", name)
        reason = "it has no scores on this release yet"
        if failure is not None:
            head = "its scores were refused: " if name in refused else "only earlier scores: " if name in scores else ""
            reason = head + _told(release, failure.reason, f"the run of {failure.asset} says why (`meds ui`).")
        elif name in scores:
            continue
        found.append(Absence("model", name, reason))
    for file in ws.settings.refused:
        found.append(Absence("submission", Path(file.file).name, f"it was refused: {file.problem} {file.next_step}"))
    return found


def _told(output: Output, reason: str, elsewhere: str) -> str:
    """Return why something failed; or where to read the reason, if it may quote credentialed text."""
    return elsewhere if output.access == "credentialed" else reason


def _learned_from(ws: Workspace, scores: Output) -> Access:
    """Return the access class of the data that a model was made from, without the release that it answers."""
    predictions = ws.store.input_of(scores, "predictions")
    roles = (role for role in predictions.manifest.inputs if role != "benchmark")
    return strictest(ws.store.input_of(predictions, role).access for role in roles)


def submission_problems(ws: Workspace, name: str) -> list[Fact]:
    """Return what is odd about the rows of a submission, by kind: how many rows, and the first of them."""
    predictions = ws.store.current("predictions", name)
    rows: Sequence[Mapping[str, Any]] = predictions.manifest.facts.get("problems", []) if predictions else []  # type: ignore[assignment]  # by its step
    return [Fact(row["kind"].replace("_", " "), f"{row['count']:,}, first: {', '.join(row['first'])}") for row in rows]


def _model_card(ws: Workspace, name: str) -> ModelCard:
    spec = ws.settings.model(name)
    kind, about = _KINDS.get(spec.kind, (spec.kind, ""))
    about = about.format(**spec.model_dump())
    if spec.protocol == "official":
        kind, about = f"{kind}, official shots", "; ".join(filter(None, (about, _OFFICIAL)))
    training = ws.store.current("training_set", spec.plan) if spec.plan else None
    weights = ws.store.current("fine_tuned_model", spec.plan) if spec.plan and spec.kind == "tuned" else None
    facts = [Fact(label, f"{count:,}") for label, count in (weights.manifest.rows if weights else {}).items()]
    facts += submission_problems(ws, name)
    if training is not None and spec.kind != "untuned":
        facts.append(Fact("training samples", f"{training.manifest.rows['samples']:,}"))
    return ModelCard(
        name=name,
        kind=kind,
        about=about,
        plan=spec.plan,
        training_set=training.digest if training is not None and spec.kind != "untuned" else None,
        weights=weights.digest if weights else None,
        facts=tuple(facts),
    )
