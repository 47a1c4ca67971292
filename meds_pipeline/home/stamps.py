"""Whether raw files may have changed, without reading them: a digest over names, sizes, times and inodes.

A file that is replaced by one with the old size and time of writing is seen by its inode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.core import digests
from meds_pipeline.core.errors import MedsError

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


def stamps(ws: Workspace) -> dict[str, str]:
    """Return a digest for each present corpus; it changes when a file of the corpus is added, removed or written.

    A corpus with incomplete files has a digest too: its run says what is missing.
    """
    return {name: _stamp(ws, name) for name in ws.present_corpora()}


def submission_stamps(ws: Workspace) -> dict[str, str]:
    """Return such a digest for each model that is a submitted file."""
    files = {
        name: ws.home / spec.path for name, spec in ws.settings.models.items() if spec.kind == "file" and spec.path
    }
    return {name: digests.fingerprint(digests.stamp(path))[:16] for name, path in files.items() if path.is_file()}


def _stamp(ws: Workspace, name: str) -> str:
    try:
        presence = ws.presence(ws.catalog.corpus(name))
    except MedsError as error:
        return digests.fingerprint(str(error))[:16]
    if presence is None:
        return ""
    seen = [presence.distribution, [[path, digests.stamp(presence.folder / path)] for path in presence.stored]]
    return digests.fingerprint(seen)[:16]
