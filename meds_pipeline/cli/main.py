"""The `meds` command. Each command parses, calls one function of the library, and prints what it returned.

Exit code 0 only when all that was asked for was done. Heavy imports happen inside commands: `meds --help` is instant.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from meds_pipeline import __version__
from meds_pipeline.core.errors import MedsError, StoreError, Where
from meds_pipeline.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from meds_pipeline.home.workspace import Workspace

_HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MEDS_HOME",
    help="Folder that holds everything written [default: ./data/real with --raw, ./data/demo without].",
)
_RAW = click.option(
    "--raw",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MEDS_RAW",
    help="Folder with <distribution>/... upstream files, read only. Without it, synthetic twins are used.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _home_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --home and --raw."""
    return _HOME(_RAW(command))


def _home(home: Path | None, raw: Path | None) -> Path:
    from meds_pipeline.home.workspace import default_home

    return home if home is not None else default_home(raw)


def _glance(home: Path | None, raw: Path | None) -> Workspace:
    """Look at a home, which need not be there; one that was made from raw files finds them again by itself."""
    from meds_pipeline.home.workspace import Workspace

    return Workspace.glance(_home(home, raw), raw)


def _made(home: Path | None, raw: Path | None) -> Workspace:
    """Look at a home in which a run was made."""
    target = _home(home, raw)
    if not (target / "origin.json").is_file():
        raise StoreError("nothing was run here yet.", Where(file=str(target)), "Run `meds run`, or correct --home.")
    return _glance(home, raw)


def _options(home: Path | None, raw: Path | None) -> str:
    """Return the options that name a home and its raw files, for commands to try next."""
    return "".join(f" --{name} {shlex.quote(str(p))}" for name, p in (("home", home), ("raw", raw)) if p is not None)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="meds")
def cli() -> None:
    """Medical instruction tuning as a living pipeline: raw corpora in, a leaderboard out."""


@cli.command()
@_home_options
@click.option("--corpus", "corpora", multiple=True, metavar="NAME", help="Only these corpora; may be repeated.")
@click.option("--workers", type=click.IntRange(1), help="Corpora processed at the same time.")
@click.option("--strict", is_flag=True, help="Stop when a corpus fails, instead of going on with its last good output.")
@click.option("--quiet", is_flag=True, help="Print only the result.")
@_JSON
def run(
    home: Path | None,
    raw: Path | None,
    corpora: tuple[str, ...],
    workers: int | None,
    strict: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run the whole pipeline; unchanged steps are only checked."""
    from meds_pipeline.cli.show import RunView, show_run

    target = _home(home, raw)
    overrides: dict[str, Any] = {} if workers is None else {"workers": workers}
    _say_unknown(_glance(target, raw), silent=quiet or as_json)
    with RunView(quiet=quiet or as_json) as view:
        from assets.run_all import run_all

        summary = run_all(target, raw, overrides, corpora=list(corpora) or None, strict=strict, progress=view)
    if as_json:
        click.echo(json.dumps(summary.to_json(), indent=1))
    else:
        click.echo(show_run(_glance(target, raw), summary, _options(home, raw)))
    if not summary.ok:
        sys.exit(1)


def _say_unknown(workspace: Workspace, *, silent: bool) -> None:
    """Name, in one line, the folders of raw files that no corpus of the catalog reads."""
    from meds_pipeline.home.presence import unknown_folders

    if silent or not workspace.raw.is_dir():
        return
    if unknown := unknown_folders(workspace.catalog, workspace.raw):
        click.echo(printable(f"Ignored, the catalog has no distribution of this name: {', '.join(unknown)}"), err=True)


@cli.command()
@_home_options
@click.option("--port", default=3000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
def ui(home: Path | None, raw: Path | None, port: int, host: str) -> None:
    """Open Dagster (webserver and daemon) on this home."""
    from meds_pipeline.home.workspace import Workspace
    from resources.ui import serve

    Workspace.open(_home(home, raw), raw)  # so that settings and raw files are known to be good before a server starts
    sys.exit(serve(_home(home, raw), raw, host=host, port=port))


@cli.group(invoke_without_command=True)
@_home_options
@_JSON
@click.pass_context
def corpora(context: click.Context, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """List what the catalog knows by category: present, missing, stale or gated; terms, rows, faults, last build."""
    context.obj = (home, raw)
    if context.invoked_subcommand is None:
        from dataclasses import asdict

        from meds_pipeline.cli.show_corpora import show_corpora
        from meds_pipeline.status.corpora import standings

        found = standings(_glance(home, raw))
        rows = [asdict(standing) for standing in found]
        click.echo(json.dumps(rows, indent=1, default=str) if as_json else show_corpora(found))


def _group_options(context: click.Context, home: Path | None, raw: Path | None) -> tuple[Path | None, Path | None]:
    """Return the options of a subcommand, each else as it was given before the subcommand's name."""
    before: tuple[Path | None, Path | None] = context.obj
    return home or before[0], raw or before[1]


@corpora.command("show")
@click.argument("name")
@_home_options
@_JSON
@click.pass_context
def corpora_show(context: click.Context, name: str, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Show all that is known of one corpus: what it is, its terms in full, its distributions, where it stands."""
    from dataclasses import asdict

    from meds_pipeline.cli.show_corpora import show_corpus
    from meds_pipeline.status.corpora import standing_of

    found = standing_of(_glance(*_group_options(context, home, raw)), name)
    click.echo(json.dumps(asdict(found), indent=1, default=str) if as_json else show_corpus(found))


@corpora.command("faults")
@click.argument("name")
@_home_options
@_JSON
@click.pass_context
def corpora_faults(context: click.Context, name: str, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Show the bad records of a corpus, and its rows without input or output: where, what is wrong, what to do."""
    from dataclasses import asdict

    from meds_pipeline.cli.show_corpora import show_quarantined
    from meds_pipeline.status.faults import quarantined

    workspace = _made(*_group_options(context, home, raw))
    rows, failure = quarantined(workspace, name), workspace.failure("raw_corpus", name)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        click.echo(show_quarantined(name, rows, failure.reason if failure else None))


@cli.group()
def corpus() -> None:
    """Add a corpus: one YAML file."""


@corpus.command("new")
@click.argument("name")
@_home_options
def corpus_new(name: str, home: Path | None, raw: Path | None) -> None:
    """Write a commented YAML to start from, into the own catalog of a home of real files.

    Without --home that is ./data/real.
    """
    from meds_pipeline.home.origin import claimed
    from meds_pipeline.status.authoring import new_corpus

    target = _home(home, raw or Path("raw"))
    path, known = new_corpus(name, target), claimed(target)
    folder = raw or (known and known.raw) or Path("raw")
    options = _options(home, folder)
    click.echo(f"{path}\nEdit it, put the raw files below {folder / name}, then: meds corpus check {name}{options}")


@corpus.command("check")
@click.argument("name")
@_home_options
@_JSON
def corpus_check(name: str, home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Try a corpus: its first records beside the instances made of them, splits, answers, faults, suites."""
    from dataclasses import asdict

    from meds_pipeline.cli.show_corpora import show_trial
    from meds_pipeline.status.trial import try_corpus

    trial = try_corpus(_glance(home, raw), name)
    click.echo(json.dumps(asdict(trial), indent=1, ensure_ascii=False) if as_json else show_trial(trial))
    if trial.refused:
        sys.exit(1)


@cli.command()
@click.argument("kind", type=click.Choice(["sample", "item", "score", "model"]))
@click.argument("identifier", metavar="ID")
@_home_options
@click.option("--items", default=3, show_default=True, help="How many items of a score to follow to the bytes.")
@_JSON
def trace(kind: str, identifier: str, home: Path | None, raw: Path | None, items: int, as_json: bool) -> None:
    """Print the way back from a score, item, sample or model to the raw records it rests on."""
    from meds_pipeline.cli.show import show_tree
    from meds_pipeline.lineage.trace import Tracer

    with Tracer(_made(home, raw)) as tracer:
        node = tracer.trace(kind, identifier, items=items)
    click.echo(json.dumps(node.to_json(), indent=1, ensure_ascii=False, default=str) if as_json else show_tree(node))


@cli.command()
@_home_options
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@_JSON
def leaderboard(home: Path | None, raw: Path | None, open_page: bool, as_json: bool) -> None:
    """Print the scores of all models and where the page is."""
    from meds_pipeline.cli.show import score_rows, show_scores

    workspace = _made(home, raw)
    rows = score_rows(workspace)
    if not rows:
        raise StoreError("there are no scores yet.", Where(file=str(workspace.home)), "Run `meds run` first.")
    page = workspace.home / "leaderboard" / "index.html"
    click.echo(json.dumps(rows, indent=1) if as_json else f"{show_scores(rows, ids=True)}\n{page}")
    if open_page:
        click.launch(str(page))


@cli.group()
def bench() -> None:
    """Look at benchmark releases."""


@bench.command("show")
@_home_options
@_JSON
def bench_show(home: Path | None, raw: Path | None, as_json: bool) -> None:
    """Show the frozen release: items of each task, and its digest."""
    from meds_pipeline.cli.show import release_facts, show_facts

    facts = release_facts(_made(home, raw))
    click.echo(json.dumps(facts, indent=1) if as_json else show_facts(facts))


@bench.command("items")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--protocol", type=click.Choice(["sound", "official"]), default="sound", show_default=True)
@_home_options
def bench_items(file: Path, protocol: Literal["sound", "official"], home: Path | None, raw: Path | None) -> None:
    """Write the release's items with their prompts, as a submission file whose outputs are to be filled in."""
    from meds_pipeline.models.protocol import write_items

    workspace = _made(home, raw)
    count = write_items(workspace.require_good("benchmark", "all"), protocol, file)
    click.echo(f"{count} items in {file}; fill in `output`, then put it into {workspace.home / 'submissions'}")


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--records", default=600, show_default=True, type=click.IntRange(1), help="Size of each corpus.")
@click.option("--seed", default=0, show_default=True)
def twins(folder: Path, records: int, seed: int) -> None:
    """Write synthetic upstream files of every corpus, for trying things where no raw files are."""
    from meds_pipeline.twins import write_all

    paths = write_all(folder, records=records, seed=seed, copies=True)
    click.echo(f"{sum(map(len, paths.values()))} files below {folder}; try: meds run --raw {folder}")


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--scorer", type=click.Choice(["official", "corrected", "both"]), default="both", show_default=True)
@click.option("--format", "layout", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--flips", is_flag=True, help="List items whose points differ between the scorers, and why.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Also write figures, items and report.json into this folder; or items alone to a .parquet file.",
)
def score(files: tuple[Path, ...], scorer: str, layout: str, flips: bool, out: Path | None) -> None:
    """Score MedS-Bench submission files (task_id,input,GT,output)."""
    from meds_pipeline.scoring.report import run_score

    click.echo(run_score(files, scorer, layout, flips, out))


def main() -> None:
    """Run the command line; an error of ours becomes one line on stderr and exit code 1."""
    try:
        cli()
    except MedsError as error:
        click.echo(printable(f"Error: {error}"), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
