"""What docs/add-a-corpus.md says is true: its commands run, in order, and its lists of values are complete."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pipeline_home import SMALL

from meds_pipeline.catalog import load_corpus
from meds_pipeline.catalog.model import Category, Language, Metric
from meds_pipeline.readers.registry import reader_names

PAGE = (Path(__file__).parents[1] / "docs/add-a-corpus.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def fill_in(folder: Path) -> None:
    """Do what the comment between the commands says, with small settings so that the run is short."""
    data = folder / "raw" / "my_corpus" / "data"
    data.mkdir(parents=True)
    for part in ("train", "dev", "test"):
        records = ({"id": f"{part}{n}", "question": f"What is {part} {n}?", "answer": f"It is {n}."} for n in range(20))
        (data / f"{part}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "data" / "real" / "meds.yaml").write_text(yaml.safe_dump(SMALL))


@pytest.mark.timeout(600)
def test_the_commands_work_as_printed_in_an_empty_folder(tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MEDS_")}
    variables["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{variables['PATH']}"
    printed = {}
    for line in LINES:
        if line.startswith("#"):
            fill_in(tmp_path)
            continue
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        printed[line.split("  #")[0].strip()] = done.stdout
    assert "then: meds corpus check my_corpus --raw raw\n" in printed["meds corpus new my_corpus --raw raw"]
    assert json.loads((tmp_path / "data/real/origin.json").read_text())["origin"] == "real"
    assert '{"test": 20, "train": 20, "validation": 20}' in printed["meds corpus check my_corpus --raw raw"]
    assert re.search(r"state +present\n", printed["meds corpora --raw raw show my_corpus"])


@pytest.mark.parametrize("values", [Category, Language, Metric])
def test_every_value_a_key_may_have_is_listed(values: Any) -> None:
    listed = set(re.findall(r"`([^`]+)`", PAGE.split("## Values")[1].split("##")[0]))
    assert set(get_args(values)) <= listed


def test_every_reader_is_listed() -> None:
    assert set(reader_names()) <= set(re.findall(r"`([^`]+)`", PAGE.split("## Readers")[1].split("##")[0]))


def test_the_recipes_and_families_of_the_page_load(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    said: dict[str, Any] = {"tasks": {}, "recipes": {}}
    for block in blocks:
        for key, entries in yaml.safe_load(block).items():
            said.get(key, {}).update(entries)
    task = {"category": "Question Answering", "metric": "bleu1_rougeL", "use": "both"}
    own = {"name": "own", "definition": "Answer."}
    tasks = {key: {**task, **own, **said["tasks"].get(key, {})} for key in said["recipes"]}
    files = {"visits": {"path": "visits.jsonl", "reader": "jsonl", "columns": {"dialogue": "VARCHAR"}}}
    corpus = {**dict.fromkeys(("corpus", "title", "about", "source", "licence"), "clinic"), "access": "open"}
    corpus |= {"tasks": tasks, "distributions": {"clinic": {"files": files, "recipes": said["recipes"]}}}
    (tmp_path / "clinic.yaml").write_text(yaml.safe_dump(corpus))
    loaded = load_corpus(tmp_path / "clinic.yaml")
    assert set(loaded.tasks) == {"x_clinic_summary", "x_clinic_answer", "x_clinic_to_es", "x_clinic_to_ru"}
    assert "(target = 'ru')" in loaded.distributions["clinic"].recipes["x_clinic_to_ru"]
