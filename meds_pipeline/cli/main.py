"""The `meds` command. Each command parses, calls one function of the library, and prints what it returned.

Exit code 0 only when all that was asked for was done. Heavy imports happen inside commands: `meds --help` is instant.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from meds_pipeline import __version__
from meds_pipeline.cli.bench import bench
from meds_pipeline.cli.corpora import corpora, corpus, twins
from meds_pipeline.cli.gc import gc
from meds_pipeline.cli.options import completed
from meds_pipeline.cli.results import leaderboard, score, trace
from meds_pipeline.cli.run import env, run, ui
from meds_pipeline.core.errors import MedsError
from meds_pipeline.core.printable import printable


class _Interruptible(click.Group):
    """A group of commands; Ctrl-C ends each with one line and exit code 130, as a shell expects."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted. What was finished stays.", err=True)
            sys.exit(130)


@click.group(cls=_Interruptible, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="meds")
def cli() -> None:
    """Medical instruction tuning as a living pipeline: raw corpora in, a leaderboard out."""


for command in (run, ui, env, corpora, corpus, twins, trace, leaderboard, bench, score, gc):
    cli.add_command(command)


def main() -> None:
    """Run the command line; an error of ours, or of a file, becomes one line on stderr and exit code 1."""
    try:
        cli()
    except MedsError as error:
        click.echo(printable(completed(f"Error: {error}")), err=True)
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that may not be written, a file in the way
        if error.filename is None:
            raise
        click.echo(printable(f"Error: file {error.filename}: {error.strerror}."), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
