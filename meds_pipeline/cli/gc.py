"""`meds gc`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from meds_pipeline.cli.options import JSON, home_options, made
from meds_pipeline.core.printable import printable

_WORDS = {
    "output": "outputs that nothing stands on",
    "check": "results of checks of outputs that are gone",
    "checkpoint": "checkpoints that nobody went on from",
    "leftover": "leftovers of killed runs",
}


@click.command()
@home_options
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and do nothing.")
@click.option(
    "--keep-hours",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    help="What was written in the last hours stays.",
)
@JSON
def gc(home: Path | None, raw: Path | None, dry_run: bool, keep_hours: float, as_json: bool) -> None:
    """Remove what no current output, model, score or release stands on."""
    from meds_pipeline.status.gc import collect

    workspace = made(home, raw)
    found = collect(workspace.store, keep_hours=keep_hours, dry_run=dry_run)
    if as_json:
        rows = [{"kind": one.kind, "path": str(one.path), "bytes": one.bytes} for one in found]
        click.echo(json.dumps(rows, indent=1))
        return
    for one in found if dry_run else ():
        click.echo(printable(f"{one.path.relative_to(workspace.home)}  {one.bytes / 1e6:,.1f} MB"))
    counts, sizes = Counter[str](), Counter[str]()
    for one in found:
        counts[one.kind] += 1
        sizes[one.kind] += one.bytes
    for kind, words in _WORDS.items():
        click.echo(f"{counts[kind]:>7,} {words}: {sizes[kind] / 1e6:,.1f} MB")
    if not dry_run:
        from resources.instance import embedded_instance
        from resources.retention import prune

        with embedded_instance(workspace.home) as instance:
            pruned = prune(instance, workspace.settings.keep_runs_days)
        click.echo(f"{pruned.runs:>7,} runs older than keep_runs_days: {pruned.bytes / 1e6:,.1f} MB")
        sizes["runs"] = pruned.bytes
    click.echo(f"{'would be ' if dry_run else ''}removed: {sum(sizes.values()) / 1e6:,.1f} MB in all")
