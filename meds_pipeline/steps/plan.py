"""What a run would do, output by output, without doing it: for `meds run --dry-run`, the schedule, stale corpora."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from meds_pipeline.core.errors import MedsError
from meds_pipeline.home.origin import claimed
from meds_pipeline.home.workspace import ALL
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.checks import unchecked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.steps.step import Group, Step

Would = Literal["unchanged", "build", "check", "wait", "fail"]
"""`check`: the output stands, but its checks as they are today have not judged it. `wait`: it is built again if an
input of it changes in the run. `fail`: an input of it does not exist, or was refused."""
_NONE = "no output yet"
NEVER_MADE = (_NONE,)
"""The one reason of an output that was never made."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do for one output, and because of which input or setting."""

    asset: str
    partition: str
    would: Would
    because: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return asdict(self)


def plan(workspace: Workspace, corpora: Sequence[str] = ()) -> list[Planned]:
    """Return what a run would do for every output, in order of the steps; with `corpora`, of these corpora only.

    Raises:
        UnknownNameError: The catalog has no such corpus.
        RawFileError: No file of it is here.
    """
    found: list[Planned] = []
    fresh = workspace.own_twins and claimed(workspace.home) is None  # the first run writes its twins
    written = fresh or workspace.twin_changes
    door = workspace.obtainable if written else workspace.with_files
    names = [door(name).corpus for name in corpora] or (
        workspace.obtainable_corpora() if written else workspace.corpora()
    )
    for step in STEPS.values():
        chosen = partitions_of_run(workspace, step.group, names)
        if fresh:
            found += [Planned(step.asset, name, "build", NEVER_MADE) for name in chosen]
        else:
            found += [planned(workspace, step, name, found) for name in chosen]
    return found


def partitions_of_run(workspace: Workspace, group: Group, corpora: Sequence[str] = ()) -> list[str]:
    """Return the partitions of a group that a run goes through: `corpora` if given; plans where a model uses one."""
    match group:
        case "corpora":
            return list(corpora or workspace.corpora())
        case "training":
            return sorted({model.plan for model in workspace.settings.models.values() if model.plan})
        case "evaluation":
            return sorted(workspace.settings.models)
        case _:
            return [ALL]


def out_of_date(
    workspace: Workspace, group: Group, partitions: Iterable[str], *, checks: bool = True
) -> dict[str, list[Planned]]:
    """Return the partitions of a group for which a run would do something, each with what and why.

    Without `checks`, partitions that would only be checked again are left out: their data are up to date.
    """
    still = ("unchanged",) if checks else ("unchanged", "check")
    due: dict[str, list[Planned]] = {}
    for name in partitions:
        found: list[Planned] = []
        for step in STEPS.values():
            if step.group == group:
                found.append(planned(workspace, step, name, found))
        if changed := [one for one in found if one.would not in still]:
            due[name] = changed
    return due


def planned(workspace: Workspace, step: Step, partition: str, before: Sequence[Planned] = ()) -> Planned:
    """Return what a run would do for one output.

    Args:
        workspace: The home; opened by `look`, no raw file is read.
        step: The step.
        partition: The partition.
        before: What the run would do before this step, for the steps that it reads.
    """
    made = workspace.store.current(step.asset, partition)
    if step.asset == "raw_corpus" and workspace.twin_changes:
        return Planned(step.asset, partition, "build", tuple(workspace.twin_changes))
    changing = ", ".join(_name(one) for one in before if _feeds(one, step, partition))
    waits = (f"what it reads may change: {changing}",) if changing else ()
    try:
        work = step.work(workspace, partition)
        standing = workspace.store.standing(work)
        waits = () if work.kept else waits
    except MedsError as error:
        if waits:
            return Planned(step.asset, partition, "wait" if made else "build", waits if made else NEVER_MADE)
        return Planned(step.asset, partition, "fail", (str(error),))
    failure = workspace.failure(step.asset, partition)
    because: list[str] = []
    if failure is not None:
        because.append(f"the last attempt failed: {failure.reason}")
    if made is None:
        because.append(_NONE)
    elif standing is None:
        reasons = (text.replace("setting files.", "raw file ", 1) for text in work.differences(made.manifest))
        because += list(reasons) or ["its files are damaged"]
    elif standing.manifest.fingerprint != made.manifest.fingerprint:
        because.append("an earlier output is the current one again")
    if because:
        return Planned(step.asset, partition, "build", tuple(because))
    if standing is not None and (suites := unchecked(workspace, standing)):
        return Planned(step.asset, partition, "check", (f"not checked yet: {', '.join(suites)}",))
    return Planned(step.asset, partition, "wait" if waits else "unchanged", waits)


def _name(one: Planned) -> str:
    return one.asset if one.partition == ALL else f"{one.asset} of {one.partition}"


def _feeds(one: Planned, step: Step, partition: str) -> bool:
    """Return whether a step may read an output that a run would make before it."""
    if one.would in ("unchanged", "check", "fail") or one.asset not in step.reads:
        return False
    return STEPS[one.asset].partitions != step.partitions or one.partition == partition
