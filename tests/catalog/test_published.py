"""Every published task stands once, with facts the models take."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest
from build_corpus import SHARED

from meds_pipeline.catalog.model import Task
from meds_pipeline.catalog.published import published_tasks
from meds_pipeline.catalog.strict import is_identifier

PUBLISHED = published_tasks()
RELEASED = {task_id: task for task_id, task in PUBLISHED.items() if task.released}
CATEGORIES = {
    *("Clinical Outcome Prediction", "Diagnosis", "Explanation", "Fact Verification", "Information Extraction", "MCQA"),
    *("NER", "NLI", "Text Classification", "Text Summarization", "Treatment Planning"),
}
SOURCES = {"academic papers", "clinical texts", "daily conversations", "exams", "medical knowledge bases"}


def test_meds_ins_has_122_tasks_and_the_bench_53() -> None:
    assert list(PUBLISHED) == [f"task{number}" for number in range(1, 137)]
    assert sum(task.use in ("train", "both") for task in RELEASED.values()) == 122
    assert sum(task.bench_category is not None for task in RELEASED.values()) == 53
    assert {task_id for task_id, task in RELEASED.items() if task.use == "bench"} == {"task122", "task123", "task127"}
    assert Counter(task.provenance for task in PUBLISHED.values()) == {"published": 100, "inferred": 25, "unknown": 11}
    unknown = {task_id for task_id, task in PUBLISHED.items() if task.provenance == "unknown"}
    assert unknown == PUBLISHED.keys() - RELEASED.keys()


def test_facts_of_released_tasks_are_those_a_corpus_may_say() -> None:
    for task_id, task in RELEASED.items():
        said = Task.model_validate({**task.facts(), "definition": "Answer."})
        assert said.name, task_id
        assert task.text_source in SOURCES, task_id
        assert task.corpus is not None, task_id
        assert is_identifier(task.corpus), task_id
        assert (task.bench_category in CATEGORIES) == (task.use in ("both", "bench")), task_id
    assert {task.bench_category for task in RELEASED.values()} - {None} == CATEGORIES


def test_owners_are_corpora_not_collections() -> None:
    owners = {task.corpus for task in RELEASED.values()}
    assert {PUBLISHED[f"task{number}"].corpus for number in (1, 22, 129)} == {"pico", "headqa"}
    assert "super_natural_instructions" not in owners
    assert len(owners) == 57  # of the 58 of MedS-Ins, BC5-Chem and BioCreative V are one corpus here


LANGUAGES = {"English": "en", "Chinese": "zh", "Japanese": "ja", "French": "fr", "Russian": "ru", "Spanish": "es"} | {
    "German": "de",
    "Swedish": "sv",
}


def test_facts_are_those_of_the_table_of_tasks() -> None:
    table = SHARED / "meds/tasks.tsv"
    if not table.is_file():
        pytest.skip(f"{table} is absent")
    with table.open(encoding="utf-8", newline="") as file:
        rows = {row["task_id"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert rows.keys() == PUBLISHED.keys()
    for task_id, task in RELEASED.items():
        row = {key: re.sub(r" *[(<\[].*", "", value) for key, value in rows[task_id].items()}
        assert task.name == row["short_name"].rstrip("_")
        assert (task.category, task.text_source, task.use) == (row["category"], row["text_source"], row["split_use"])
        assert task.input_language == LANGUAGES[row["input_language"].split(";")[0]]
        assert task.output_language == LANGUAGES[row["output_language"]]
        assert (task.bench_category or "") == row["bench_category"]
        if task.bench_category:
            assert row["metric"].startswith(str(task.metric))
