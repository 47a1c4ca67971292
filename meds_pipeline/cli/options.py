"""Options that commands share, and the home they name."""

from __future__ import annotations

import re
import shlex
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meds_pipeline.core.errors import StoreError, Where

if TYPE_CHECKING:
    from collections.abc import Callable

    from meds_pipeline.home.workspace import Workspace

HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MEDS_HOME",
    help="Folder that holds everything written [default: ./data/real with --raw, ./data/demo without].",
)
RAW = click.option(
    "--raw",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MEDS_RAW",
    help="Folder with <distribution>/... upstream files, read only. Without it, synthetic twins are used.",
)
_given: ContextVar[str] = ContextVar("given", default="")
"""The options of this call that name its home."""
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def home_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --home and --raw."""
    return HOME(RAW(command))


def home_of(home: Path | None, raw: Path | None) -> Path:
    """Return the home that the options name, or the default one."""
    from meds_pipeline.home.workspace import default_home

    _given.set(options_of(home, raw))
    return home if home is not None else default_home(raw)


def look(home: Path | None, raw: Path | None) -> Workspace:
    """Look at a home, which need not exist; a home that was made from raw files remembers where they are."""
    from meds_pipeline.home.workspace import Workspace

    return Workspace.look(home_of(home, raw), raw)


def made(home: Path | None, raw: Path | None) -> Workspace:
    """Look at a home in which a run was made."""
    target = home_of(home, raw)
    if not (target / "origin.json").is_file():
        raise StoreError("nothing was run here yet.", Where(file=str(target)), "Run `meds run`, or correct --home.")
    return look(home, raw)


def options_of(home: Path | None, raw: Path | None) -> str:
    """Return the options that name a home and its raw files, for commands to try next."""
    return "".join(f" --{name} {shlex.quote(str(p))}" for name, p in (("home", home), ("raw", raw)) if p is not None)


def completed(text: str) -> str:
    """Return a text with the home options of this call added to its commands (`meds run`)."""
    return re.sub(r"`(meds (?!-)[^`]*)`", lambda found: f"`{found[1]}{_given.get()}`", text) if _given.get() else text
