"""`meds bench`: benchmark releases, frozen choices of items that models are asked and scored on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from meds_pipeline.cli.options import JSON, completed, home_of, home_options, made
from meds_pipeline.core.errors import QualityError, Where

if TYPE_CHECKING:
    from meds_pipeline.status.releases import ReleaseStatus


@click.group()
def bench() -> None:
    """Freeze benchmark releases and look at them."""


@bench.command("freeze")
@click.argument("name")
@click.option("--without", multiple=True, metavar="CORPUS", help="Leave a corpus out; may be repeated.")
@click.option("--anyway", is_flag=True, help="Also while corpora failed or are stale: of the last good output of each.")
@home_options
@JSON
def bench_freeze(
    name: str, without: tuple[str, ...], anyway: bool, home: Path | None, raw: Path | None, as_json: bool
) -> None:
    """Freeze a release from today's data, once and for good. The release in use stays the one the settings name."""
    from meds_pipeline.home.workspace import Workspace
    from meds_pipeline.status.releases import release_status
    from meds_pipeline.steps.benchmark import freeze

    made(home, raw)
    workspace = Workspace.open(home_of(home, raw), raw)
    freeze(workspace, name, without=without, anyway=anyway)
    found = release_status(workspace, name)
    if as_json:
        click.echo(json.dumps(_facts(found), indent=1))
        return
    click.echo(f"Release {name!r} is frozen: {found.items:,} items of {found.tasks} tasks, digest {found.digest}.")
    if not found.in_use:
        used, file = workspace.settings.benchmark.release, workspace.home / "meds.yaml"
        click.echo(
            f"The home scores on {used!r}. To score on the new one, set `benchmark: {{release: {name}}}` in {file}."
        )
    click.echo(completed("Then run `meds run`."))


@bench.command("list")
@home_options
@JSON
def bench_list(home: Path | None, raw: Path | None, as_json: bool) -> None:
    """List the releases: sizes, access, when they were frozen, whether their files are intact, which one is in use."""
    from meds_pipeline.cli.show_releases import show_releases
    from meds_pipeline.status.releases import release_statuses

    found = release_statuses(made(home, raw))
    click.echo(json.dumps([_facts(one) for one in found], indent=1) if as_json else show_releases(found))


@bench.command("show")
@click.argument("name", required=False)
@home_options
@JSON
def bench_show(name: str | None, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Show a release, or the one in use: items of each task, its corpora, its digest."""
    from meds_pipeline.cli.show_releases import show_release
    from meds_pipeline.status.releases import release_status
    from meds_pipeline.steps.unreleased import unreleased

    workspace = made(home, raw)
    found = release_status(workspace, name)
    lacking = unreleased(workspace) if found.in_use else ()
    facts = _facts(found) | {"unreleased": list(lacking)}
    click.echo(json.dumps(facts, indent=1) if as_json else completed(show_release(found, lacking)))


def _facts(found: ReleaseStatus) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {"frozen_at": found.frozen_at.isoformat(timespec="seconds")}


@bench.command("items")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--protocol", type=click.Choice(["sound", "official"]), default="sound", show_default=True)
@click.option("--with-answers", "answers", is_flag=True, help="Also the answers, as column GT.")
@click.option("--with-credentialed", "credentialed", is_flag=True, help="Also credentialed items, for your eyes only.")
@home_options
def bench_items(
    file: Path,
    protocol: Literal["sound", "official"],
    answers: bool,
    credentialed: bool,
    home: Path | None,
    raw: Path | None,
) -> None:
    """Write the items of the release in use with their prompts, as a submission file to fill `output` in.

    To submit, `item_id` and `output` suffice, and so do the items of some of the tasks.
    """
    from meds_pipeline.models.protocol import write_items
    from meds_pipeline.status.releases import release_in_use

    if protocol == "official" and not answers:
        problem = "prompts of the official protocol show the answers of other items."
        raise QualityError(problem, Where(file=str(file)), "Add --with-answers, or take the sound protocol.")
    workspace = made(home, raw)
    written = write_items(
        release_in_use(workspace),
        protocol,
        file,
        access=workspace.access_of_tasks(),
        answers=answers,
        credentialed=credentialed,
    )
    click.echo(
        f"{written.items:,} items in {file}; fill in `output`, then put it into {workspace.home / 'submissions'}"
    )
    if written.left_out:
        click.echo(
            f"{written.left_out:,} credentialed items are left out: their text is for those whom its owner named."
        )
        click.echo("If you are one of them: --with-credentialed.")
    if written.credentialed:
        click.echo(f"{written.credentialed:,} of them are credentialed: only you can read the file. Do not pass it on.")
