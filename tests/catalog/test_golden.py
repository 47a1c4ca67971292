"""Golden rows: what recipes make of small invented files, and figures of what they make of real ones.

`golden/<corpus>.yaml` says both. The rows are written by hand from what upstream's format means. The figures of real
files were held against plain Python over the same files when they were written down. A file whose bytes are no text
(a workbook, another encoding) is given as rows of the distribution's first entry.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from build_corpus import Builds, build, catalog, folder_name
from golden_figures import figures

from meds_pipeline.readers.writing import write

FOLDER = Path(__file__).parent / "golden"
GOLDEN: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))
}


def distributions(kind: str) -> list[tuple[str, str]]:
    """Corpus and distribution of all that golden files say of one kind."""
    return [(corpus, name) for corpus, said in GOLDEN.items() for name in said.get(kind, {})]


def test_every_corpus_has_golden_rows_or_figures() -> None:
    assert set(GOLDEN) == set(catalog().corpora)


@pytest.mark.parametrize(("corpus", "name"), distributions("invented"))
def test_invented_files_give_the_rows_written_down(corpus: str, name: str, tmp_path: Path) -> None:
    said = GOLDEN[corpus]["invented"][name]
    (entry, *_) = catalog().distributions[name][1].files.values()
    for path, content in said["files"].items():
        file = tmp_path / "raw" / folder_name(name) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        is_text = isinstance(content, str)
        file.write_bytes(content.encode() if is_text else write(entry.reader, content, entry.reader_options()).raw)
    built = build(name, "real", tmp_path / "built", real=tmp_path / "raw")
    assert built.faults == []
    for task, rows in said["rows"].items():
        assert sorted([row["input"], *row["outputs"]] for row in built.task(task)) == sorted(rows), task
    assert {task: built.splits(task) for task in said.get("splits", {})} == said.get("splits", {})


@pytest.mark.parametrize(("corpus", "name"), distributions("real"))
def test_real_files_give_the_figures_written_down(corpus: str, name: str, builds: Builds) -> None:
    assert figures(builds(name, "real")) == GOLDEN[corpus]["real"][name]
