"""Every published task stands once, with facts the models take."""

from __future__ import annotations

from collections import Counter

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
