"""Text of a credentialed corpus is read by its owner only, wherever a home keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import duckdb
import pytest
from pipeline_home import SMALL, run_steps
from strange_corpus import write_corpus

from assets.metadata import describe
from meds_pipeline.core.events import StepOutcome
from meds_pipeline.core.outputs import Output
from meds_pipeline.home.settings import merge
from meds_pipeline.home.store import Result
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.models.protocol import write_items
from meds_pipeline.steps import STEPS
from meds_pipeline.steps.run import Done

CANARY = "Mr Zebediah Quux of ward nine"
RECORDS = [
    {
        "id": str(n),
        "q": f"{CANARY} asks about case {n}",
        "a": f"answer {n % 3}",
        "more": [],
        "split": "test" if n % 3 else "train",
    }
    for n in range(30)
]


@pytest.fixture(scope="module", params=["from the start", "later"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A home of one corpus, credentialed from the start or since its release was frozen, every step run; read only."""
    root = tmp_path_factory.mktemp("guarded")
    raw, more = itemgetter("raw", "catalog")(write_corpus(root, RECORDS))
    settings = merge(SMALL, {"catalog": more, "plans": {"tiny": {"mixture": {"weights": {}}}}})
    (file,) = more["extra"][0].glob("*.yaml")
    if request.param == "later":
        run_steps(Workspace.open(root / "home", raw, settings))
    file.write_text(file.read_text().replace("access: open", "access: credentialed"))
    workspace = Workspace.open(root / "home", raw, settings)
    run_steps(workspace)
    return workspace


def holding(home: Path, text: str) -> Iterator[Path]:
    """Yield the files of a home that hold a text, in the open or in columns of Parquet and DuckDB files."""
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            with duckdb.connect() as con:
                rows = con.execute("SELECT t::VARCHAR FROM read_parquet(?) AS t", [str(path)]).fetchall()
            found = any(text in row[0] for row in rows)
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as con:
                names = con.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
                tables = [f'"{schema}"."{name}"' for schema, name in names]
                found = any(
                    con.execute(f"SELECT count(*) FROM {table} AS t WHERE contains(t::VARCHAR, ?)", [text]).fetchall()[
                        0
                    ][0]
                    for table in tables
                )
        else:
            found = text.encode() in path.read_bytes()
        if found:
            yield path


def readable_by_others(home: Path, path: Path) -> bool:
    """Whether anybody but the owner can open a file: every folder down to it may be entered, and the file be read."""
    folders = [folder for folder in path.parents if folder.is_relative_to(home)]
    return all(folder.stat().st_mode & 0o011 for folder in folders) and bool(path.stat().st_mode & 0o044)


def test_no_file_with_credentialed_text_can_be_read_by_others(guarded: Workspace) -> None:
    held = list(holding(guarded.home, CANARY))
    assert {path.relative_to(guarded.home).parts[1] for path in held} >= {
        "raw_corpus",
        "instances",
        "benchmark",
        "training_set",
    }
    assert [path for path in held if readable_by_others(guarded.home, path)] == []
    assert guarded.home.stat().st_mode & 0o055, "the home itself stays open"


def test_the_page_holds_no_credentialed_text(guarded: Workspace) -> None:
    assert not [path for path in holding(guarded.home / "leaderboard", CANARY)]


def told(workspace: Workspace, output: Output) -> str:
    """Return what Dagster is told of an output."""
    return str(describe(workspace, Done(StepOutcome("asset", "partition", "built"), Result(output, reused=False))))


def test_what_dagster_is_told_holds_no_credentialed_text(guarded: Workspace) -> None:
    texts = {output.manifest.asset: told(guarded, output) for output in guarded.store.pointers()}
    assert set(texts) == set(STEPS)
    assert [asset for asset, metadata in texts.items() if CANARY in metadata] == []


def test_items_of_a_credentialed_corpus_are_left_out(guarded: Workspace, tmp_path: Path) -> None:
    release = guarded.store.require("benchmark", "all")
    written = write_items(release, "sound", tmp_path / "items.csv", access=guarded.access_of_tasks())
    assert (written.items, written.left_out) == (0, release.manifest.rows["items"])
