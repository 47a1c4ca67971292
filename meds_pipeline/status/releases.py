"""The releases of a home: the facts of each, whether its files are unchanged, and which release is in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from meds_pipeline.core.errors import StoreError
from meds_pipeline.home.releases import find_release, releases
from meds_pipeline.steps.benchmark import frozen, no_release

if TYPE_CHECKING:
    from datetime import datetime

    from meds_pipeline.core.outputs import Access, Output
    from meds_pipeline.home.releases import Release
    from meds_pipeline.home.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """The facts of a release, without the texts of its items."""

    release: str
    in_use: bool
    """Whether models are asked and scored on this release."""
    state: Literal["intact", "damaged or gone"]
    items: int
    tasks: int
    frozen_at: datetime
    access: Access
    digest: str
    """Digest over all that models are shown and scored against."""
    corpora: tuple[str, ...]
    items_of: dict[str, int]
    """Items by task."""


def release_statuses(workspace: Workspace) -> list[ReleaseStatus]:
    """Return the releases of a home, the oldest first."""
    found = sorted(releases(workspace.home).values(), key=lambda release: (release.frozen_at, release.release))
    return [_status(workspace, release) for release in found]


def release_status(workspace: Workspace, name: str | None = None) -> ReleaseStatus:
    """Return a release by name, or the one in use; raises UnknownNameError listing the known ones."""
    name = name or workspace.settings.benchmark.release
    found = find_release(workspace.home, name)
    if found is None:
        raise no_release(name, releases(workspace.home))
    return _status(workspace, found)


def release_in_use(workspace: Workspace) -> Output:
    """Return the output of the release in use; raises a MedsError where it is not frozen, damaged or gone."""
    name = workspace.settings.benchmark.release
    found = frozen(workspace, name)
    if found is None:
        raise no_release(name, releases(workspace.home))
    return found


def _status(workspace: Workspace, found: Release) -> ReleaseStatus:
    try:
        stands = frozen(workspace, found.release) is not None
    except StoreError:
        stands = False
    return ReleaseStatus(
        release=found.release,
        in_use=found.release == workspace.settings.benchmark.release,
        state="intact" if stands else "damaged or gone",
        items=sum(found.items.values()),
        tasks=len(found.items),
        frozen_at=found.frozen_at,
        access=found.access,
        digest=found.content,
        corpora=tuple(found.corpora),
        items_of=found.items,
    )
