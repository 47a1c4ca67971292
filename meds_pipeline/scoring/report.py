"""Scoring of submission files: everything `meds score` prints, as one object.

meds score a.csv b.jsonl [--scorer official|corrected|both] [--format table|json] [--flips] [--out DIR|FILE.parquet]
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from meds_pipeline.core.errors import ScoringError
from meds_pipeline.scoring.engine import item_table, measure_all, score_rows
from meds_pipeline.scoring.families import SCORERS, VERSIONS, family
from meds_pipeline.scoring.flips import Flip, flips
from meds_pipeline.scoring.registry import load_registry
from meds_pipeline.scoring.stats.compare import Comparison, compare
from meds_pipeline.scoring.stats.ranking import Ranking, rankings
from meds_pipeline.scoring.submission.answers import Submission, read_submission
from meds_pipeline.scoring.submission.joining import Coverage, coverage, joined
from meds_pipeline.scoring.workers import uncollected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from meds_pipeline.scoring.registry import TaskSpec
    from meds_pipeline.scoring.stats.figures import TaskItems

FORMATS = ("table", "json")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything known about the files of one call.

    Attributes:
        submissions: The files, by model name.
        parts: Measured items, by model name.
        scores: Figures after schema `SCORES`, by model name.
        comparisons: Comparisons of all pairs of models.
        rankings: Rankings of the models, by the corrected scorer.
        warnings: Sentences on why items of the files could not be matched.
    """

    submissions: Mapping[str, Submission]
    parts: Mapping[str, Sequence[TaskItems]]
    scores: Mapping[str, Sequence[Mapping[str, Any]]]
    comparisons: Sequence[Comparison]
    rankings: Sequence[Ranking]
    warnings: Sequence[str]

    @property
    def coverage(self) -> Coverage:
        """Which items the models answer."""
        return coverage(self.submissions)

    @property
    def scorers(self) -> list[str]:
        """The scorers used, in order."""
        return list(dict.fromkeys(part.scorer for parts in self.parts.values() for part in parts))

    def flips(self, model: str) -> list[Flip]:
        """Items of a model on which the scorers disagree."""
        return list(flips(self.parts[model]))

    def outcomes(self, model: str) -> dict[str, dict[str, int]]:
        """Items by outcome, for each scorer."""
        found: dict[str, Counter[str]] = {scorer: Counter() for scorer in self.scorers}
        for part in self.parts[model]:
            found[part.scorer].update(item.outcome.value for item in part.items)
        return {scorer: dict(sorted(counts.items())) for scorer, counts in found.items()}

    def ranked(self, what: str) -> dict[str, dict[str, Any]]:
        """`groups` or `unranked` of the rankings, by level and name."""
        out: dict[str, dict[str, Any]] = {}
        for ranking in self.rankings:
            out.setdefault(ranking.level, {})[ranking.name] = getattr(ranking, what)
        return out

    def model_dict(self, model: str, with_flips: bool) -> dict[str, Any]:
        """One model's figures; `scores`, `categories` and `items` are the stable part."""
        submission, rows = self.submissions[model], self.scores[model]
        out: dict[str, Any] = {
            "model": model,
            "scores": _nested(rows, "task", "value"),
            "categories": _nested(rows, "category", "value"),
            "overall": {row["scorer"]: row["value"] for row in rows if row["level"] == "overall"},
            "items": len(submission.answers),
            "intervals": _nested(rows, "task", "interval"),
            "category_intervals": _nested(rows, "category", "interval"),
            "not_comparable": [_name(row) for row in rows if not row["comparable"]],
            "notes": {_name(row): row["note"] for row in rows if row["note"]},
            "outcomes": self.outcomes(model),
            "rows": submission.rows,
            "problems": submission.problems.rows(),
            "versions": {scorer: VERSIONS[scorer] for scorer in self.scorers},
        }
        if with_flips:
            out["flips"] = [flip._asdict() for flip in self.flips(model)]
        return out

    def as_dict(self, with_flips: bool = False) -> dict[str, Any]:
        """The JSON form: one model's dict as it is, several under `models` with their comparisons."""
        models = {model: self.model_dict(model, with_flips) for model in self.submissions}
        if len(models) == 1:
            return next(iter(models.values()))
        return {
            "models": models,
            "comparisons": [row.row() for row in self.comparisons],
            "ties": self.ranked("groups"),
            "unranked": self.ranked("unranked"),
            "coverage": asdict(self.coverage),
            "warnings": list(self.warnings),
        }


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['scorer']} {row['name']} {row['metric']}"


def _nested(rows: Sequence[Mapping[str, Any]], level: str, what: str) -> dict[str, dict[str, dict[str, Any]]]:
    """{scorer: {name: {metric: value}}}; `what` is value or interval."""
    out: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        if row["level"] == level:
            cell = [row["low"], row["high"]] if what == "interval" else row["value"]
            out.setdefault(row["scorer"], {}).setdefault(row["name"], {})[row["metric"]] = cell
    return out


def _read_all(
    files: Sequence[Path], known: Mapping[str, TaskSpec], scorers: Sequence[str]
) -> tuple[dict[str, Submission], list[str]]:
    """The submissions by model, with one name for the same item, and warnings on items that could not be matched."""
    inputs = {task for task, spec in known.items() if any(family(scorer, spec).reads_input for scorer in scorers)}
    found = {name: read_submission(path, known, inputs) for name, path in model_names(files).items()}
    return joined(found) if len(found) > 1 else (found, [])


def model_names(files: Sequence[Path]) -> dict[str, Path]:
    """Files by model name: the file's name without ending, with folders before it if two files have one name.

    Raises:
        ScoringError: A file is given twice.
    """
    paths = [path.resolve() for path in files]
    names = [path.stem for path in files]
    for depth in range(2, 1 + max(len(path.parts) for path in paths)):
        counts = Counter(names)
        names = [
            "/".join(path.parts[-depth:]) if counts[name] > 1 else name for name, path in zip(names, paths, strict=True)
        ]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ScoringError(f"{twice[0]} is given twice", next_step="Give every file once.")
    return dict(zip(names, files, strict=True))


def score_files(
    files: Sequence[Path],
    scorers: Sequence[str] = SCORERS,
    *,
    seed: int = 0,
    specs: Mapping[str, TaskSpec] | None = None,
    required: Mapping[str, str] | None = None,
    processes: int | None = None,
) -> Report:
    """Read and score submission files and compare their models.

    Args:
        files: Submission files; see `model_names` for the models' names.
        scorers: Names out of `families.SCORERS`.
        seed: Seed of intervals and tests.
        specs: Tasks that `tasks.yaml` does not know.
        required: Category by task for all tasks a model needs to be ranked; the released ones if None.
        processes: Number of processes; if None, as many as make the work faster.

    Raises:
        ScoringError: A file cannot be read.
    """
    if not files:
        raise ScoringError("no file was given", next_step="Name at least one submission file.")
    known = dict(load_registry().tasks) | dict(specs or {})
    needed = load_registry().released() if required is None else required
    with uncollected():
        submissions, warnings = _read_all(files, known, scorers)
        parts = measure_all({name: s.answers for name, s in submissions.items()}, scorers, known, processes)
        scores = {name: score_rows(part, seed, needed) for name, part in parts.items()}
        comparisons = compare(parts, needed, seed) if len(parts) > 1 else []
    ranked = rankings(scores, comparisons, coverage(submissions), needed) if len(parts) > 1 else []
    return Report(submissions, parts, scores, comparisons, ranked, warnings)


def write(report: Report, out: Path, with_flips: bool) -> None:
    """Write the report: item rows to a .parquet file; to any other path, a folder with figures, items and JSON.

    Everything is written under a temporary name first, and then replaces the report of an earlier call.

    Raises:
        ScoringError: The file's name is that of a folder, or the folder's name that of a file.
    """
    import orjson
    import pyarrow as pa

    from meds_pipeline.scoring.table import SCORES

    single = out.suffix == ".parquet"
    if out.is_dir() if single else out.is_file():
        problem = "is a folder" if single else "is a file"
        raise ScoringError(f"{out} {problem}", next_step="Give a .parquet file, or a folder, to write to.")
    items = {model: item_table(parts) for model, parts in report.parts.items()}
    if single:
        _write_parquet(items, out)
        return
    out.mkdir(parents=True, exist_ok=True)
    _write_parquet(items, out / "items.parquet")
    scores = {model: pa.Table.from_pylist(list(rows), schema=SCORES) for model, rows in report.scores.items()}
    _write_parquet(scores, out / "scores.parquet")
    (out / ".report.json").write_bytes(orjson.dumps(report.as_dict(with_flips), option=orjson.OPT_INDENT_2))
    (out / ".report.json").replace(out / "report.json")


def _write_parquet(tables: Mapping[str, pa.Table], path: Path) -> None:
    """Write the tables of all models as one, with the model's name in front."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = [table.add_column(0, "model", pa.repeat(model, table.num_rows)) for model, table in tables.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    pq.write_table(pa.concat_tables(named).combine_chunks(), aside, compression="zstd")
    aside.replace(path)


def run_score(
    files: Sequence[Path],
    scorer: str = "both",
    format: str = "table",
    flips: bool = False,
    out: Path | None = None,
) -> str:
    """What `meds score` prints.

    Args:
        files: Submission files.
        scorer: official, corrected or both.
        format: table or json.
        flips: Whether to list the items on which the scorers disagree; needs both.
        out: A .parquet file for the item rows, or a folder for figures, items and JSON.

    Raises:
        ScoringError: A file cannot be read, or an option is not valid.
    """
    if scorer not in (*SCORERS, "both"):
        raise ScoringError(f"no scorer is named {scorer!r}", next_step=f"Use {', '.join(SCORERS)} or both.")
    if format not in FORMATS:
        raise ScoringError(f"no format is named {format!r}", next_step=f"Use one of: {', '.join(FORMATS)}.")
    if flips and scorer != "both":
        raise ScoringError("flips compare the two scorers", next_step="Leave --scorer at both.")
    report = score_files(files, SCORERS if scorer == "both" else (scorer,))
    if out is not None:
        write(report, out, flips)
    if format == "json":
        import orjson

        return orjson.dumps(report.as_dict(flips), option=orjson.OPT_INDENT_2).decode()
    from meds_pipeline.scoring.text_table import render

    return render(report, flips)
