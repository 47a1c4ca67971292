"""`meds trace`, `meds leaderboard` and `meds score`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from meds_pipeline.cli.options import JSON, home_options, made
from meds_pipeline.core.errors import StoreError, Where


@click.command()
@click.argument("kind", type=click.Choice(["sample", "item", "score", "model"]))
@click.argument("identifier", metavar="ID")
@home_options
@click.option("--items", default=3, show_default=True, help="How many items of a score to follow to the bytes.")
@click.option("--full", is_flag=True, help="Also digests, and every output and raw file.")
@JSON
def trace(
    kind: str, identifier: str, home: Path | None, raw: Path | None, items: int, full: bool, as_json: bool
) -> None:
    """Print the way back from a score, item, sample or model to the raw records it rests on."""
    from meds_pipeline.cli.show_trace import show_trace
    from meds_pipeline.lineage.trace import Tracer

    with Tracer(made(home, raw)) as tracer:
        node = tracer.trace(kind, identifier, items=items)
    text = json.dumps(node.to_json(), indent=1, ensure_ascii=False, default=str) if as_json else None
    click.echo(show_trace(node, full=full) if text is None else text)


@click.command()
@home_options
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@JSON
def leaderboard(home: Path | None, raw: Path | None, open_page: bool, as_json: bool) -> None:
    """Print the scores of all models and where the page is."""
    from meds_pipeline.cli.show import score_rows, show_score_list

    workspace = made(home, raw)
    rows = score_rows(workspace)
    if not rows:
        raise StoreError("there are no scores yet.", Where(file=str(workspace.home)), "Run `meds run` first.")
    page = workspace.home / "leaderboard" / "index.html"
    click.echo(json.dumps(rows, indent=1) if as_json else f"{show_score_list(rows)}\n{page}")
    if open_page:
        click.launch(str(page))


@click.command()
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
