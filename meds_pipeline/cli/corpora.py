"""`meds corpora`, `meds corpus` and `meds twins`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from click.core import ParameterSource

from meds_pipeline.cli.options import JSON, completed, home_of, home_options, look, made, options_of
from meds_pipeline.core.printable import printable


@click.group(invoke_without_command=True)
@home_options
@JSON
@click.pass_context
def corpora(context: click.Context, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """List what the catalog knows by category: present, missing, stale or gated; terms, rows, faults, last build."""
    context.obj = {"home": home, "raw": raw}
    if context.invoked_subcommand is None:
        from dataclasses import asdict

        from meds_pipeline.cli.show_corpora import show_corpora
        from meds_pipeline.status.corpora import statuses

        workspace = look(home, raw)
        found = statuses(workspace)
        rows = [asdict(standing) for standing in found]
        click.echo(json.dumps(rows, indent=1, default=str) if as_json else completed(show_corpora(found)))
        for fault in workspace.catalog.faults:
            click.echo(printable(f"Faulty, not used: {fault.error}"), err=True)


def _group_options(context: click.Context, home: Path | None, raw: Path | None) -> tuple[Path | None, Path | None]:
    """Return the options of a subcommand, each else as given before its name: only then the environment counts."""
    before: dict[str, Path | None] = context.obj

    def chosen(name: str, own: Path | None) -> Path | None:
        said = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        return own if said else before[name] or own

    return chosen("home", home), chosen("raw", raw)


@corpora.command("show")
@click.argument("name")
@home_options
@JSON
@click.pass_context
def corpora_show(context: click.Context, name: str, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Show all that is known of one corpus: what it is, its terms in full, its distributions, where it stands."""
    from dataclasses import asdict

    from meds_pipeline.cli.show_corpora import show_corpus
    from meds_pipeline.status.corpora import status_of

    found = status_of(look(*_group_options(context, home, raw)), name)
    click.echo(json.dumps(asdict(found), indent=1, default=str) if as_json else completed(show_corpus(found)))


@corpora.command("faults")
@click.argument("name")
@home_options
@JSON
@click.pass_context
def corpora_faults(context: click.Context, name: str, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Show the bad records of a corpus, and its rows without input or output: where, what is wrong, what to do."""
    from dataclasses import asdict

    from meds_pipeline.cli.show_corpora import show_quarantined
    from meds_pipeline.status.faults import bad_share, quarantined

    workspace = made(*_group_options(context, home, raw))
    rows, failure = quarantined(workspace, name), workspace.failure("raw_corpus", name)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        click.echo(show_quarantined(name, rows, bad_share(workspace, name), failure.reason if failure else None))


@corpora.command("forget")
@click.argument("name")
@home_options
@click.pass_context
def corpora_forget(context: click.Context, name: str, home: Path | None, raw: Path | None) -> None:
    """Let a corpus whose files are gone leave the builds; until then its last good output stays in use."""
    from meds_pipeline.status.corpora import forget

    forget(made(*_group_options(context, home, raw)), name)
    click.echo(completed(f"{name} is in no later build. Run `meds run` to build without it."))


@click.group()
def corpus() -> None:
    """Add a corpus: one YAML file."""


@corpus.command("new")
@click.argument("name")
@home_options
def corpus_new(name: str, home: Path | None, raw: Path | None) -> None:
    """Write a commented YAML to start from, into the own catalog of a home of real files.

    Without --home that is ./data/real.
    """
    from meds_pipeline.home.origin import claimed
    from meds_pipeline.status.authoring import new_corpus

    target = home_of(home, raw or Path("raw"))
    path, known = new_corpus(name, target), claimed(target)
    folder = raw or (known and known.raw) or Path("raw")
    options = options_of(home, folder)
    click.echo(f"{path}\nEdit it, put the raw files below {folder / name}, then: meds corpus check {name}{options}")


@corpus.command("check")
@click.argument("name")
@home_options
@JSON
def corpus_check(name: str, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Try a corpus: its first records beside the instances made of them, splits, answers, faults, suites."""
    from meds_pipeline.cli.show_corpora import show_trial, trial_facts
    from meds_pipeline.status.trial import try_corpus

    trial = try_corpus(look(home, raw), name)
    click.echo(json.dumps(trial_facts(trial), indent=1, ensure_ascii=False) if as_json else show_trial(trial))
    if trial.refused:
        sys.exit(1)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--records", default=600, show_default=True, type=click.IntRange(1), help="Size of each corpus.")
@click.option("--seed", default=0, show_default=True)
def twins(folder: Path, records: int, seed: int) -> None:
    """Write synthetic upstream files of every corpus, for trying things where no raw files are."""
    from meds_pipeline.twins import write_all

    paths = write_all(folder, records=records, seed=seed, copies=True)
    click.echo(f"{sum(map(len, paths.values()))} files below {folder}; try: meds run --raw {folder}")
