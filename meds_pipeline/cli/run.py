"""`meds run`, `meds ui` and `meds env`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meds_pipeline.cli.options import JSON, home_of, home_options, look, options_of
from meds_pipeline.core.printable import printable

if TYPE_CHECKING:
    from meds_pipeline.home.workspace import Workspace


@click.command()
@home_options
@click.option("--corpus", "corpora", multiple=True, metavar="NAME", help="Only these corpora; may be repeated.")
@click.option(
    "--accept", multiple=True, metavar="NAME", help="Of these corpora less than before is right; may be repeated."
)
@click.option("--workers", type=click.IntRange(1), help="Corpora processed at the same time.")
@click.option("--strict", is_flag=True, help="Stop when a corpus fails, instead of going on with its last good output.")
@click.option("--dry-run", is_flag=True, help="Say what would be built and why, and do nothing.")
@click.option("--quiet", is_flag=True, help="Print only the result.")
@JSON
def run(
    home: Path | None,
    raw: Path | None,
    corpora: tuple[str, ...],
    accept: tuple[str, ...],
    workers: int | None,
    strict: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run the whole pipeline; unchanged steps are only checked."""
    from meds_pipeline.cli.show import RunView, show_run

    target = home_of(home, raw)
    overrides: dict[str, Any] = {} if workers is None else {"workers": workers}
    looked = look(target, raw)
    _say_unknown(looked, silent=quiet or as_json)
    if dry_run:
        _say_plan(looked, corpora, as_json=as_json)
        return
    if accept:
        _accept(target, raw, accept)
    with RunView(quiet=quiet or as_json) as view:
        from assets.embedded import run_all

        summary = run_all(target, raw, overrides, corpora=list(corpora) or None, strict=strict, progress=view)
    if as_json:
        click.echo(json.dumps(summary.to_json(), indent=1))
    else:
        click.echo(show_run(look(target, raw), summary, options_of(home, raw)))
    if not summary.ok:
        sys.exit(1)


def _accept(home: Path, raw: Path | None, names: tuple[str, ...]) -> None:
    """Note in the home that these corpora, as they are now, may give less than before."""
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.steps.loss import accept

    opened = Workspace.open(home, raw)
    for name in names:
        accept(opened, name)


def _say_plan(workspace: Workspace, corpora: tuple[str, ...], *, as_json: bool) -> None:
    """Print what a run would do for every output, without doing it."""
    from meds_pipeline.cli.show import show_plan
    from meds_pipeline.steps.plan import plan

    found = plan(workspace, corpora)
    click.echo(json.dumps([one.to_json() for one in found], indent=1) if as_json else show_plan(found))


def _say_unknown(workspace: Workspace, *, silent: bool) -> None:
    """Name the submissions that are refused and, in one line, the folders that no corpus of the catalog reads."""
    from meds_pipeline.home.presence import unknown_folders

    for refused in () if silent else workspace.settings.refused:
        click.echo(printable(f"Refused: {refused}"), err=True)
    if silent or not workspace.raw.is_dir():
        return
    if unknown := unknown_folders(workspace.catalog, workspace.raw):
        click.echo(printable(f"Ignored, the catalog has no distribution of this name: {', '.join(unknown)}"), err=True)


@click.command()
@home_options
@click.option("--port", type=click.IntRange(0, 65_535), default=3000, show_default=True, help="0 for a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="There is no authentication: see docs/service.md.")
@click.option("--allow-host", "allowed", multiple=True, metavar="NAME", help="A name that it is reached by.")
def ui(home: Path | None, raw: Path | None, port: int, host: str, allowed: tuple[str, ...]) -> None:
    """Open Dagster (webserver and daemon) on this home."""
    from meds_pipeline.home.workspace import Workspace

    target = home_of(home, raw)
    opened = Workspace.open(target, raw)  # bad settings or raw files fail before a server starts
    from assets.partitions import sync_partitions
    from resources.ui import serve

    serve(target, raw, host=host, port=port, allowed=allowed, prepare=lambda it: sync_partitions(it, opened))


@click.command()
@home_options
def env(home: Path | None, raw: Path | None) -> None:
    """Print what Dagster's own commands need to find this home: eval "$(meds env)"."""
    from resources.instance import environment_of

    for name, path in environment_of(home_of(home, raw), raw).items():
        click.echo(f"export {name}={shlex.quote(path)}")
