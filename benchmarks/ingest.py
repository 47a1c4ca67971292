"""How fast each reader turns a large file into Arrow, beside pandas and Hugging Face datasets on the same file.

    python -m benchmarks.ingest [--records 1000000] [--formats jsonl csv ...] [--repeat 3] [--json FILE]

Files are inflated from invented records of the length and shape of the real ones. Every measurement is a process of
its own: seconds from opening the file to an Arrow file on disk (which is what datasets writes, too; pandas ends with
its table in memory), the processor seconds of all its threads, both without imports; and the peak memory of the whole
process. The median of the repeats counts, the tools that are installed taking turns; on a machine that does other work,
compare the processor seconds. Formats that are not line-based get a fifth of the records, XLSX a twentieth.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTINCT = 5_000
QA = {"id": "VARCHAR", "question": "VARCHAR", "answer": "VARCHAR", "label": "BIGINT"}
MCQ = {**QA, "options": "STRUCT(A VARCHAR, B VARCHAR, C VARCHAR, D VARCHAR)", "facts": "VARCHAR[]"}
PROMPTS = {
    "id": "BIGINT",
    "article": "BIGINT",
    "outcome": "VARCHAR",
    "intervention": "VARCHAR",
    "comparator": "VARCHAR",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "jsonl": {"columns": MCQ},
    "csv": {"columns": QA},
    "csv-short": {"columns": PROMPTS},
    "tsv": {"columns": QA},
    "json": {"columns": MCQ},
    "json_map": {"columns": {name: kind for name, kind in MCQ.items() if name != "id"}},
    "xml": {"record": "qa", "columns": {"@id": "VARCHAR", "question": "VARCHAR", "answer": "VARCHAR"}},
    "xlsx": {"columns": QA},
}
SHARE = {"json": 5, "json_map": 5, "xml": 5, "tmx": 5, "pubtator": 5, "xlsx": 20}


@dataclass(frozen=True)
class Measure:
    """One tool on one format."""

    format: str
    tool: str
    rows: int
    megabytes: float
    seconds: float
    cpu_seconds: float
    peak_mb: float


def _records() -> Iterator[dict[str, Any]]:
    """Invented questions without end; texts repeat after a while, ids do not."""
    rnd = random.Random(7)  # noqa: S311  # invented text, not secrets
    letters = ["".join(rnd.choices("abcdefghilmnoprstuv", k=rnd.randint(2, 11))) for _ in range(4000)]

    def words(count: int) -> str:
        return " ".join(rnd.choices(letters, k=count))

    stock: list[dict[str, Any]] = [
        {
            "question": words(60) + (f', said "{words(2)}",\n{words(5)}' if number % 4 == 0 else ""),
            "answer": words(30),
            "label": number % 5,
            "options": {letter: words(3) for letter in "ABCD"},
            "facts": [words(12), words(9)],
        }
        for number in range(DISTINCT)
    ]
    number = 0
    while True:
        yield {"id": f"q{number}", **stock[number % DISTINCT]}
        number += 1


def _write(name: str, path: Path, count: int) -> None:
    """Inflate a file."""
    some = islice(_records(), count)
    if name == "xlsx":
        import xlsxwriter

        with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False}) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, list(QA))
            for row, one in enumerate(some, 1):
                sheet.write_row(row, 0, [one[column] for column in QA])
        return
    begin, line, end = _WRITERS[name]
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(begin)
        separator = "" if end[:1] not in "]}" or not end else ",\n"
        for number, one in enumerate(some):
            out.write((separator if number else "") + line(one))
        out.write(end)


def _csv(values: list[Any], mark: str = ",") -> str:
    quoted = [
        f'"{text}"' if {mark, '"', "\n"} & set(text) else text
        for text in (str(one).replace('"', '""') for one in values)
    ]
    return mark.join(quoted) + "\n"


def _iob(one: dict[str, Any]) -> str:
    tokens = one["answer"].split()
    tags = ["B-Disease" if place % 9 == 0 else "I-Disease" if place % 9 == 1 else "O" for place in range(len(tokens))]
    return "".join(f"{token}\t{tag}\n" for token, tag in zip(tokens, tags, strict=True)) + "\n"


def _pubtator(one: dict[str, Any]) -> str:
    number, title, first = one["id"][1:], one["answer"], one["answer"].split()[0]
    abstract = one["question"].replace("\n", " ")
    return f"{number}|t|{title}\n{number}|a|{abstract}\n{number}\t0\t{len(first)}\t{first}\tDisease\tD1\n\n"


def _xml(one: dict[str, Any]) -> str:
    return f'<qa id="{one["id"]}"><question>{one["question"]}</question><answer>{one["answer"]}</answer></qa>\n'


def _tmx(one: dict[str, Any]) -> str:
    sides = (("en", one["question"]), ("es", one["answer"]))
    inner = "".join(f'<tuv xml:lang="{language}"><seg>{text}</seg></tuv>' for language, text in sides)
    return f'<tu tuid="{one["id"]}">{inner}</tu>\n'


def _prompt(one: dict[str, Any]) -> str:
    number = int(one["id"][1:])
    return _csv([number, number % 997, *(one["options"][letter] for letter in "ABC")])


_WRITERS: dict[str, tuple[str, Callable[[dict[str, Any]], str], str]] = {
    "jsonl": ("", lambda one: json.dumps(one) + "\n", ""),
    "csv": (_csv(list(QA)), lambda one: _csv([one[name] for name in QA]), ""),
    "csv-short": (_csv(list(PROMPTS)), _prompt, ""),
    "tsv": (_csv(list(QA), "\t"), lambda one: _csv([one[name] for name in QA], "\t"), ""),
    "json": ("[", json.dumps, "]"),
    "json_map": ("{", lambda one: f'"{one["id"]}": {json.dumps(one)}', "}"),
    "iob": ("", _iob, ""),
    "lines": ("", lambda one: one["answer"] + "\n", ""),
    "pubtator": ("", _pubtator, ""),
    "xml": ("<doc>\n", _xml, "</doc>\n"),
    "tmx": ('<tmx version="1.4"><body>\n', _tmx, "</body></tmx>\n"),
}
FORMATS = (*_WRITERS, "xlsx")
TOOLS = {
    "jsonl": ("meds", "pandas", "datasets"),
    "csv": ("meds", "pandas", "datasets"),
    "csv-short": ("meds", "pandas", "datasets"),
    "json": ("meds", "pandas", "datasets"),
}


def _ours(name: str, path: Path, out: Path) -> Callable[[], int]:
    import pyarrow as pa

    from meds_pipeline.readers import get_reader
    from meds_pipeline.readers.archives import open_raw

    options = OPTIONS.get(name, {})
    reader = get_reader(name.partition("-")[0])

    def run() -> int:
        count = 0
        with (
            open_raw(path) as raw,
            pa.OSFile(str(out / "out.arrow"), "wb") as sink,
            pa.ipc.new_file(sink, reader.schema(options)) as writer,
        ):
            for batch in reader.batches(raw, **options):
                if batch.faults:
                    raise SystemExit(f"{name}: {batch.faults[0]}")
                writer.write_batch(batch.records)
                count += len(batch.records)
        return count

    return run


def _pandas(name: str, path: Path, _: Path) -> Callable[[], int]:
    import pandas as pd

    if name.startswith("csv"):
        return lambda: len(pd.read_csv(path))
    return lambda: len(pd.read_json(path, lines=name == "jsonl"))


def _datasets(name: str, path: Path, out: Path) -> Callable[[], int]:
    import datasets

    datasets.disable_progress_bars()
    kind = "csv" if name.startswith("csv") else "json"
    return lambda: len(datasets.load_dataset(kind, data_files=str(path), cache_dir=str(out), split="train"))


def _one(name: str, tool: str, path: Path) -> Measure:
    """Measure in this process."""
    prepare = {"meds": _ours, "pandas": _pandas, "datasets": _datasets}[tool]
    with tempfile.TemporaryDirectory(dir=path.parent) as out, tempfile.TemporaryDirectory(dir=path.parent) as first:
        prepare(name, _warm_up(path), Path(first))()
        run = prepare(name, path, Path(out))
        begun, begun_cpu = time.perf_counter(), time.process_time()
        rows = run()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measure(name, tool, rows, path.stat().st_size / 1e6, seconds, cpu, peak)


def _warm_up(path: Path) -> Path:
    """A small file of the same kind, read first, so that imports on first use are not measured."""
    return path.with_stem("small")


def _child(name: str, tool: str, path: Path) -> Measure:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--one", name, tool, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measure(**json.loads(done.stdout.splitlines()[-1]))


def measure(name: str, records: int, repeat: int) -> list[Measure]:
    """All tools on one format, each the run of median time."""
    count = records // SHARE.get(name, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file.{name.partition('-')[0]}"
        _write(name, path, count)
        _write(name, _warm_up(path), 200)
        tools = [tool for tool in TOOLS.get(name, ("meds",)) if tool == "meds" or find_spec(tool)]
        runs = [[_child(name, tool, path) for tool in tools] for _ in range(repeat)]
    found = []
    for tool, some in zip(tools, zip(*runs, strict=True), strict=True):
        if any(one.rows != count for one in some):
            raise SystemExit(f"{tool} read {some[0].rows} of {count} records of {name}")
        middle = statistics.median_low([one.seconds for one in some])
        found.append(next(one for one in some if one.seconds == middle))
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the measurements here")
    parser.add_argument("--one", nargs=3, metavar=("FORMAT", "TOOL", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(asdict(_one(given.one[0], given.one[1], Path(given.one[2])))))
        return
    found: list[Measure] = []
    print(
        f"{'format':10} {'tool':9} {'rows':>9} {'MB':>7} {'seconds':>8} {'rows/s':>10} {'peak MB':>8}  against datasets"
    )
    for name in given.formats:
        some = measure(name, given.records, given.repeat)
        found += some
        theirs = next((one for one in some if one.tool == "datasets"), None)
        for one in some:
            ratio = (
                f"{theirs.seconds / one.seconds:8.1f} x ({theirs.cpu_seconds / one.cpu_seconds:.1f} x)"
                if theirs
                else ""
            )
            print(
                f"{one.format:10} {one.tool:9} {one.rows:9} {one.megabytes:9.0f} {one.seconds:9.2f} "
                f"{one.rows / one.seconds:9.0f} {one.cpu_seconds:9.2f} {one.peak_mb:9.0f} {ratio}",
                flush=True,
            )
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
