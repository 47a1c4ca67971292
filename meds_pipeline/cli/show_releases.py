"""What the command line prints of benchmark releases."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from rich.table import Table

from meds_pipeline.cli.show import as_text, safe, show_facts, show_unreleased

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from meds_pipeline.status.releases import ReleaseStatus


def show_releases(found: Sequence[ReleaseStatus]) -> str:
    """Return a table of releases, a line each."""
    if not found:
        return "No release is frozen here yet: the first run freezes one when all corpora are good."
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("release", "in use", "files", "items", "tasks", "access", "frozen", "digest"):
        table.add_column(column, justify="right" if column in ("items", "tasks") else "left", overflow="fold")
    for one in found:
        sizes = f"{one.items:,}", str(one.tasks)
        used = "in use" if one.in_use else ""
        table.add_row(safe(one.release), used, one.state, *sizes, one.access, _minute(one.frozen_at), one.digest)
    return as_text(table).rstrip("\n")


def show_release(found: ReleaseStatus, unreleased: Sequence[str]) -> str:
    """Return all that is known of one release, a line a fact, and the tasks that are in no release."""
    facts = {
        "release": found.release + (" (in use)" if found.in_use else ""),
        "digest": found.digest,
        "files": found.state,
        "items": f"{found.items:,}",
        "tasks": found.tasks,
        "access": found.access,
        "frozen": _minute(found.frozen_at),
        "corpora": ", ".join(found.corpora),
        **{f"items of {task}": count for task, count in found.items_of.items()},
    }
    return "\n".join([show_facts(facts), *([show_unreleased(unreleased)] if unreleased else [])])


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
