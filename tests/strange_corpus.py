"""A corpus of our own, from a catalog folder outside the package: JSON lines in, one task out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

NAME, DISTRIBUTION, TASK = "strange", "strange_lines", "x_lines"
HEAD = dedent(
    """\
    corpus: strange
    title: Strange
    about: Lines of our own
    source: here
    licence: none
    access: open
    tasks:
      x_lines: {name: lines, category: Question Answering, metric: bleu1_rougeL, use: both, definition: Answer.}
    distributions:
      strange_lines:
        files:
          lines:
            path: lines.jsonl
            reader: jsonl
            columns: {id: VARCHAR, q: VARCHAR, a: VARCHAR, split: VARCHAR, subject: VARCHAR, more: "VARCHAR[]"}
        recipes:
          x_lines: |
    """
)
EVERYTHING = "SELECT source, q AS input, a AS outputs, id AS record_key, split, subject FROM lines"


def write_corpus(root: Path, records: Iterable[Mapping[str, Any]], recipe: str = EVERYTHING) -> dict[str, Any]:
    """Write catalog and raw file below `root`; return the arguments that open a home on them."""
    folder, raw = root / "strange_catalog", root / "strange_raw"
    for path in (folder, raw / DISTRIBUTION):
        path.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.yaml").write_text(HEAD + indent(recipe, " " * 8) + "\n")
    (raw / DISTRIBUTION / "lines.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return {"raw": raw, "catalog": {"extra": [folder]}}


def write_many(root: Path, count: int, broken: Iterable[int]) -> dict[str, Any]:
    """Write `count` such corpora, `strange00` and so on; the file of each broken one is no JSON lines at all."""
    folder, raw = root / "many_catalog", root / "many_raw"
    folder.mkdir(parents=True)
    bad = set(broken)
    for number in range(count):
        name = f"{NAME}{number:02}"
        text = HEAD.replace(NAME, name).replace(TASK, f"{TASK}{number:02}") + indent(EVERYTHING, " " * 8) + "\n"
        (folder / f"{name}.yaml").write_text(text)
        (raw / f"{name}_lines").mkdir(parents=True)
        rows = (
            {"id": str(n), "q": f"question {n} of {name}", "a": f"answer {n}", "split": "train" if n % 3 else "test"}
            for n in range(9)
        )
        lines = ["[" if number in bad else json.dumps({**row, "more": []}) for row in rows]
        (raw / f"{name}_lines" / "lines.jsonl").write_text("\n".join(lines) + "\n")
    return {"raw": raw, "catalog": {"extra": [folder]}}
