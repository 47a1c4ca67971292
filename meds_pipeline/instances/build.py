"""The instances step: it turns staged records into instances with ids, splits and sources, by the corpus's recipes.

Files: `instances.parquet` (one row per instance, ordered by task and source), `rejected.parquet` (recipe rows whose
input or output is empty). Lineage: instance, instance_source.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from meds_pipeline.core import digests, parquet
from meds_pipeline.core.errors import RecipeError, Where
from meds_pipeline.instances.sandbox import COLUMNS, Request, macros_sql
from meds_pipeline.readers.driver import ADDRESS

if TYPE_CHECKING:
    from meds_pipeline.catalog.model import Corpus, Distribution
    from meds_pipeline.core.outputs import Draft, Output

_CORPUS_FACTS = ("corpus", "title", "source", "licence", "access")
_TASK_FACTS = ("name", "category", "metric", "use", "input_language", "output_language")


@dataclass(frozen=True, slots=True)
class RecipeLimits:
    """What the recipes of one corpus may use."""

    threads: int
    memory_limit: str
    output_limit: str
    seconds: float


def recipe_settings(corpus: Corpus, raw: Output) -> dict[str, object]:
    """Return the parts of the catalog that shape the instances of a corpus."""
    distribution = corpus.distributions[str(raw.manifest.facts["distribution"])]
    return {
        "views": distribution.views,
        "recipes": distribution.recipes,
        "corpus": corpus.model_dump(mode="json", include=set(_CORPUS_FACTS)),
        "tasks": {
            task_id: task.model_dump(mode="json", include=set(_TASK_FACTS)) for task_id, task in corpus.tasks.items()
        },
        "macros": digests.fingerprint(macros_sql()),
    }


def build_instances(corpus: Corpus, raw: Output, draft: Draft, *, seed: int, limits: RecipeLimits) -> None:
    """Run the recipes of a corpus's active distribution and write its instances.

    Raises:
        RecipeError: A recipe is refused, fails, takes too long or returns wrong columns.
    """
    # This attempt has its own folder: a killed attempt may have left half a database, or a process that still writes.
    with TemporaryDirectory(dir=draft.scratch) as folder:
        _build(corpus, raw, draft, Path(folder), seed=seed, limits=limits)
    _write_catalog(corpus, str(raw.manifest.facts["distribution"]), draft)


def _build(corpus: Corpus, raw: Output, draft: Draft, folder: Path, *, seed: int, limits: RecipeLimits) -> None:
    distribution = corpus.distributions[str(raw.manifest.facts["distribution"])]
    staged, answers = folder / "staged.duckdb", folder / "answers"
    answers.mkdir()
    stage(distribution, raw, staged, limits.threads)
    request = Request(
        corpus=corpus.corpus,
        database=staged,
        out=answers,
        tables=list(distribution.files),
        views=distribution.views,
        recipes=distribution.recipes,
        threads=limits.threads,
        memory_limit=limits.memory_limit,
        output_limit=limits.output_limit,
        seconds=limits.seconds,
    )
    run_sandboxed(request, folder / "request.json")
    with duckdb.connect(str(staged), read_only=True) as con:
        con.execute("SET threads = ?", [limits.threads])
        con.execute("SET memory_limit = ?", [limits.memory_limit])
        _collect(con, corpus, list(distribution.recipes), answers, seed)
        _write(con, draft)


def stage(distribution: Distribution, raw: Output, path: Path, threads: int) -> None:
    """Copy the staged Parquet of every entry into a DuckDB file: one table per entry, and one table of addresses.

    The addresses are in a schema of their own. So no entry can have the name of their table, and recipes cannot read
    it, because they may not name a schema.
    """
    with duckdb.connect(str(path)) as con:
        con.execute("SET threads = ?", [threads])
        con.execute("CREATE SCHEMA lineage")
        addresses = ", ".join(ADDRESS.names)
        hidden = ", ".join(name for name in ADDRESS.names if name != "source")
        begin = "CREATE TABLE lineage.record_address AS"
        for entry in distribution.files:
            file = [str(raw.file(f"records/{entry}.parquet"))]
            con.execute(f'CREATE TABLE "{entry}" AS SELECT * EXCLUDE ({hidden}) FROM read_parquet(?)', file)  # noqa: S608 - validated names
            con.execute(f"{begin} SELECT {addresses} FROM read_parquet(?)", file)  # noqa: S608 - constant names
            begin = "INSERT INTO lineage.record_address"


def run_sandboxed(request: Request, file: Path) -> None:
    """Run the sandbox process and turn its answer into an error, if any."""
    file.write_text(request.model_dump_json())
    command = [sys.executable, "-I", "-m", "meds_pipeline.instances.sandbox", str(file)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=request.seconds, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired as error:
        raise RecipeError(
            f"recipes ran longer than {request.seconds:.0f} s.",
            Where(request.corpus, task=_last_said(error.stdout).get("task")),
            "Look for a cross join, or raise `sandbox_seconds`.",
        ) from error
    if done.returncode == 0:
        return
    said = _last_said(done.stdout)
    where = Where(request.corpus, task=said.get("task"))
    if "problem" in said:
        raise RecipeError(said["problem"], where, said["next_step"])
    raise RecipeError(f"the recipe process ended with {_ending(done)}.", where, "Raise `memory_limit` or mend the SQL.")


def _ending(done: subprocess.CompletedProcess[bytes]) -> str:
    """Name the signal or the kind of error that ended a process, without its output, which may quote the data."""
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    kinds = re.findall(rb"^([\w.]+(?:Error|Exception))\b", done.stderr, re.MULTILINE)
    return kinds[-1].decode() if kinds else f"exit code {done.returncode}"


def _last_said(stdout: bytes | None) -> dict[str, str]:
    """Return the last whole line the recipe process printed: the task it was at, or its problem."""
    lines = (stdout or b"").split(b"\n")[:-1]
    said: dict[str, str] = json.loads(lines[-1]) if lines else {}
    return said


def _collect(con: duckdb.DuckDBPyConnection, corpus: Corpus, tasks: list[str], answers: Path, seed: int) -> None:
    """Gather the answers of all recipes in one temporary table `answer`, columns made uniform."""
    con.execute(_sql("answer.sql"))
    for task in tasks:
        file = answers / f"{task}.parquet"
        columns = ", ".join(_uniform(name, pq.read_schema(file)) for name in COLUMNS)
        parquet.view_of(con, "recipe_answer", [file], columns)
        con.execute("SET VARIABLE task = ?", [task])
        con.execute(_sql("normalize.sql"))
    con.execute("SET VARIABLE seed = ?", [seed])
    con.execute("SET VARIABLE corpus = ?", [corpus.corpus])
    con.execute(_sql("identify.sql"))
    for task, split in con.execute("SELECT task_id, split FROM unknown_split ORDER BY ALL LIMIT 1").fetchall():
        raise RecipeError(
            f"split {split!r} is not train, validation or test.",
            Where(corpus.corpus, task=task),
            "Map upstream's names in the recipe.",
        )
    for (task,) in con.execute("SELECT task_id FROM unknown_source ORDER BY ALL LIMIT 1").fetchall():
        raise RecipeError(
            "a row's source is missing or is not a record's key.",
            Where(corpus.corpus, task=task),
            "Pass `source` through unchanged; after an outer join leave out the side that is NULL.",
        )


def _write_catalog(corpus: Corpus, distribution: str, draft: Draft) -> None:
    """Write the lineage rows of the corpus and its tasks."""
    facts = corpus.model_dump(mode="json", include=set(_CORPUS_FACTS))
    tables = {
        "corpus": [{**facts, "distribution": distribution}],
        "task": [
            {
                "task_id": task_id,
                "corpus": corpus.corpus,
                **corpus.tasks[task_id].model_dump(mode="json", include=set(_TASK_FACTS)),
                "recipe": recipe,
            }
            for task_id, recipe in sorted(corpus.distributions[distribution].recipes.items())
        ],
    }
    for table, rows in tables.items():
        schema = pa.schema([(name, pa.string()) for name in rows[0]])
        pq.write_table(pa.Table.from_pylist(rows, schema), draft.lineage(table))


def _uniform(name: str, schema: pa.Schema) -> str:
    """Return the SELECT item that gives column `name` its one shape, whatever the recipe returned."""
    if name not in schema.names:
        return f"NULL::VARCHAR AS {name}"
    if name in ("source", "outputs") and not pa.types.is_list(schema.field(name).type):
        return f"[{name}] AS {name}"
    return name


def _write(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
    targets = {
        "written_instance": draft.file("instances.parquet"),
        "written_rejected": draft.file("rejected.parquet"),
        "lineage_instance": draft.lineage("instance"),
        "lineage_instance_source": draft.lineage("instance_source"),
    }
    for view, path in targets.items():
        parquet.copy_ordered(con, view, path)
    count = "SELECT count(*), count(*) FILTER (split = 'train'), count(*) FILTER (split = 'test') FROM written_instance"
    total, train, test = con.execute(count).fetchall()[0]
    rejected = con.execute("SELECT count(*) FROM written_rejected").fetchall()[0][0]
    draft.rows = {"instances": total, "train": train, "test": test, "rejected": rejected}
    by_task = con.execute("SELECT task_id, count(*) FROM written_instance GROUP BY ALL ORDER BY ALL").fetchall()
    draft.facts = {"tasks": dict(by_task)}


def _sql(name: str) -> str:
    return (resources.files("meds_pipeline.instances") / "sql" / name).read_text(encoding="utf-8")
