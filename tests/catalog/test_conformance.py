"""What holds for every corpus, distribution and task of the catalog, ours and those of others alike.

The first half looks at the catalog alone; the second builds every distribution from its twin and, where they are there,
from real files.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from build_corpus import BOTH, SHARED, Builds, Built, Row, catalog, rows

import meds_pipeline
from meds_pipeline.catalog.model import Distribution, Task
from meds_pipeline.catalog.published import published_tasks
from meds_pipeline.home.presence import active
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.readers.driver import ADDRESS, staged_schema
from meds_pipeline.readers.registry import get_reader
from meds_pipeline.scoring.corrected.choice import truth_letters
from meds_pipeline.scoring.families import SCORERS, family
from meds_pipeline.scoring.registry import spec_for
from meds_pipeline.steps.run import run_step
from meds_pipeline.twins import twin_names, write_twin

CATALOG = catalog()
PACKAGE = Path(meds_pipeline.__file__).parent
ADDRESSES = list(ADDRESS.names)
WHOLE = "value"
"""The column a JSON reader puts a record into that is no object."""
INSTANCE = {
    **dict.fromkeys(("instance_id", "content_id", "corpus", "task_id", "split", "input"), pa.string()),
    "outputs": pa.list_(pa.string()),
    **dict.fromkeys(("subject", "record_key", "explanation"), pa.string()),
    "k": pa.int64(),
    "source": pa.list_(pa.uint64()),
}


NOT_YET = {"task24", "task25", "task58", "task129"}
"""Published tasks of our corpora whose files the catalog does not read: HEAD-QA itself, and MedQA in Chinese."""
LETTERS = {"chinese": r"[\u4e00-\u9fff]", "japanese": r"[\u3040-\u30ff]", "cyrillic": r"[\u0400-\u04ff]"}
SCRIPTS = {"zh": "chinese", "ja": "japanese", "ru": "cyrillic"}
COMMON_WORDS = {
    language: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for language, words in (
        ("en", "the|of|and|with|is|to|was"),
        ("fr", "le|les|des|du|est|une|dans"),
        ("es", "el|los|del|las|con|una|por"),
        ("de", "der|die|und|das|mit|von"),
    )
}


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def phrasings(task: Task) -> list[str]:
    return [task.definition, *task.paraphrases]


def sql(distribution: Distribution) -> str:
    return "\n".join([*distribution.views.values(), *distribution.recipes.values()])


def names(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


# The catalog alone


@pytest.mark.parametrize("name", CATALOG.corpora)
def test_a_corpus_has_a_file_of_its_name(name: str) -> None:
    assert (PACKAGE / f"catalog/corpora/{name}.yaml").is_file()


def test_every_distribution_has_a_twin_and_every_twin_a_distribution() -> None:
    assert twin_names() == sorted(CATALOG.distributions)


@pytest.mark.parametrize("name", CATALOG.distributions)
def test_readers_take_what_the_entries_say(name: str) -> None:
    corpus, distribution = CATALOG.distributions[name]
    for entry_name, entry in distribution.files.items():
        assert staged_schema(corpus.corpus, entry_name, entry).names
        roles = get_reader(entry.reader).companions(entry.reader_options())
        assert set(entry.companions) == set(roles), f"{entry_name}: the reader asks for {roles}"


@pytest.mark.parametrize("name", CATALOG.distributions)
def test_all_that_is_declared_is_used_by_a_recipe(name: str) -> None:
    _, distribution = CATALOG.distributions[name]
    text = sql(distribution)
    for entry_name, entry in distribution.files.items():
        assert names(text, entry_name), f"no recipe reads the entry {entry_name}"
        for column in set(entry.columns or {}) - {WHOLE}:
            assert names(text, column), f"no recipe reads {entry_name}.{column}"
    for view in distribution.views:
        assert names(text, view), f"no recipe reads the view {view}"


@pytest.mark.parametrize("task_id", CATALOG.tasks)
def test_every_scorer_can_score_the_task(task_id: str) -> None:
    _, task = CATALOG.tasks[task_id]
    spec = spec_for(task_id, {task_id: task.metric}, labels={task_id: tuple(task.labels)})
    assert all(family(scorer, spec) for scorer in SCORERS)


@pytest.mark.parametrize("task_id", CATALOG.tasks)
def test_examples_come_from_a_task_that_can_give_them(task_id: str) -> None:
    corpus, task = CATALOG.tasks[task_id]
    if task.shots_from is not None:
        assert task.shots_from in corpus.tasks
        assert corpus.tasks[task.shots_from].use != "bench"


def test_no_two_tasks_are_asked_in_the_same_words() -> None:
    said = sorted((plain(text), task_id) for task_id, (_, task) in CATALOG.tasks.items() for text in phrasings(task))
    assert [(one[1], other[1]) for one, other in pairwise(said) if one[0] == other[0]] == []


def test_definitions_are_in_our_own_words() -> None:
    upstream = shared("meds/RewriteDefinitions.json")
    theirs = {plain(text) for text in texts(json.loads(upstream.read_text(encoding="utf-8")))}
    ours = {plain(text): task_id for task_id, (_, task) in CATALOG.tasks.items() for text in phrasings(task)}
    assert {task_id for text, task_id in ours.items() if text in theirs} == set()


def test_no_published_task_of_our_corpora_is_left_out() -> None:
    ours = {task_id for task_id, task in published_tasks().items() if task.released and task.corpus in CATALOG.corpora}
    assert ours - NOT_YET == {task_id for task_id in CATALOG.tasks if not task_id.startswith("x_")}


def test_published_tasks_keep_name_category_languages_and_use() -> None:
    for task_id, (_, task) in CATALOG.tasks.items():
        if published := published_tasks().get(task_id):
            for key in ("name", "category", "input_language", "output_language", "use"):
                assert getattr(task, key) == getattr(published, key), task_id


def test_every_corpus_finds_its_real_files() -> None:
    raw = shared("corpora")
    found = {name: active(corpus, raw) for name, corpus in CATALOG.corpora.items()}
    assert [name for name, presence in found.items() if presence is None or not presence.complete] == []


# Every distribution, built


@pytest.fixture(params=[(name, origin) for name in CATALOG.distributions for origin in BOTH], ids="-".join)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    name, origin = request.param
    return builds(name, origin)


def recipes(built: Built) -> list[str]:
    return list(CATALOG.distributions[str(built.raw.manifest.facts["distribution"])][1].recipes)


def some(found: list[Row], count: int = 12) -> list[Row]:
    """Rows from everywhere in a list."""
    return found[:: max(1, len(found) // count)][:count]


def test_it_builds_and_every_recipe_makes_sound_instances(built: Built) -> None:
    corpus = CATALOG.corpora[built.corpus]
    records = built.raw.manifest.rows["records"]
    assert len(built.faults) <= corpus.fault_threshold * (records + len(built.faults))
    schema = pq.read_schema(built.made.file("instances.parquet"))
    assert dict(zip(schema.names, schema.types, strict=True)) == INSTANCE
    found = [row for task_id in recipes(built) for row in built.task(task_id)]
    assert len({row["instance_id"] for row in found}) == len(found) == built.made.manifest.rows["instances"]
    for task_id in recipes(built):
        made = built.task(task_id)
        assert made, f"{task_id} has no instance"
        assert {row["split"] for row in made} <= {"train", "validation", "test"}
        assert all(row["input"].strip() and row["outputs"] and all(map(str.strip, row["outputs"])) for row in made)


def test_no_rule_finds_an_error(built: Built) -> None:
    judged = run_step(built.workspace, "verdicts", built.corpus).output
    verdicts = rows(judged.file("lineage/verdict.parquet"))
    assert [(row["rule"], row["detail"]) for row in verdicts if row["severity"] == "error"] == []


def test_instances_resolve_to_the_raw_text_they_were_made_of(built: Built) -> None:
    for task_id in recipes(built):
        for row in some(built.task(task_id)):
            raw = " ".join(built.raw_texts(row)).lower()
            words = re.findall(r"[a-z]{4,}|[\u4e00-\u9fff]{2}", row["input"].lower())
            there = [word for word in words if word in raw]
            assert raw.strip()
            assert len(there) >= len(words) / 2, f"{task_id}: {len(there)} of {len(words)} words are in the record"


def test_every_instance_has_sources_inside_their_files(built: Built) -> None:
    """The bytes of all of them, where an address is bytes; a sheet has none."""
    sizes = {file["path"]: file["bytes"] for file in built.files}
    for task_id in recipes(built):
        for row in built.task(task_id):
            sources = built.sources[row["instance_id"]]
            assert len(sources) == len(row["source"])
            for source in sources:
                path = source["path"]
                assert source["length"] > 0 or path.endswith(".xlsx")
                if "::" not in path and not path.endswith(".gz"):
                    assert source["start"] + source["length"] <= sizes[path]


def test_no_subject_is_in_two_splits(built: Built) -> None:
    splits: dict[str, set[str]] = {}
    for row in (row for task_id in recipes(built) for row in built.task(task_id)):
        if row["subject"] is not None:
            splits.setdefault(row["subject"], set()).add(row["split"])
    assert [subject for subject, seen in splits.items() if len(seen) > 1] == []


def test_texts_are_in_the_languages_declared(built: Built) -> None:
    for task_id in recipes(built):
        _, task = CATALOG.tasks[task_id]
        made = some(built.task(task_id), 400)
        for language, found in (
            (task.input_language, [row["input"] for row in made]),
            (task.output_language, [row["outputs"][0] for row in made]),
        ):
            lettered = [text for text in found if any(map(str.isalpha, text))]
            foreign = [text for text in lettered if script(text) != SCRIPTS.get(language, "latin")]
            assert len(foreign) <= 0.1 * len(lettered), f"{task_id}: {len(foreign)} texts are not {language}"
            hits = Counter({one: sum(len(words.findall(t)) for t in lettered) for one, words in COMMON_WORDS.items()})
            if language in COMMON_WORDS and hits.total() > 200:
                assert hits.most_common(1)[0][0] == language, f"{task_id}: texts said to be {language}: {hits}"


def test_answers_have_the_form_their_metric_reads(built: Built) -> None:
    for task_id in recipes(built):
        _, task = CATALOG.tasks[task_id]
        answers = [answer for row in built.task(task_id) for answer in row["outputs"]]
        if task.labels:
            assert set(answers) <= set(task.labels), task_id
        elif task.metric == "accuracy_substring" and task_id.startswith("x_"):
            few = len(answers) >= 200 and len(set(answers)) <= 30
            assert not few, f"{task_id} has {len(set(answers))} answers, which its `labels` should list"
        if task.metric == "accuracy_choice":
            assert all(map(truth_letters, answers)), task_id
        if task.metric == "f1_entities_micro":
            assert all(answer.endswith(".") for answer in answers), task_id
        if task.metric == "accuracy_true_false":
            assert {answer.lower() for answer in answers} <= {"true", "false"}, task_id


@pytest.mark.parametrize("name", CATALOG.distributions)
def test_a_fault_costs_its_own_record_and_no_other(name: str, tmp_path: Path) -> None:
    clean, no_faults = read_twin(name, tmp_path / "clean", faults=False)
    mixed, faults = read_twin(name, tmp_path / "mixed", faults=True)
    assert no_faults == []
    assert all(fault["reason"] and fault["detail"].endswith(".") for fault in faults)
    # What is wrong with a record shows in the reader, or (an empty cell) only in the recipe.
    assert faults or clean != mixed
    for path, good in clean.items():
        bad = [fault["record_index"] for fault in faults if fault["path"] == path]
        lost = good - mixed.get(path, Counter())
        assert lost.total() <= len(bad) or -1 in bad, path


def read_twin(name: str, folder: Path, *, faults: bool) -> tuple[dict[str, Counter[str]], list[Row]]:
    """Records by path, and faults, of a distribution's twin."""
    corpus, distribution = CATALOG.distributions[name]
    write_twin(name, folder / "raw", records=200, seed=1, faults=faults)
    workspace = Workspace.open(folder / "home", folder / "raw", {"catalog": {"active": {corpus.corpus: name}}})
    read = run_step(workspace, "raw_corpus", corpus.corpus).output
    found: dict[str, Counter[str]] = {}
    for entry in distribution.files:
        staged = pq.read_table(read.file(f"records/{entry}.parquet"))
        paths = staged["source_path"].to_pylist()
        for path, values in zip(paths, staged.drop(ADDRESSES).to_pylist(), strict=True):
            found.setdefault(path, Counter())[str(values)] += 1
    return found, rows(read.file("lineage/record_fault.parquet"))


def shared(path: str) -> Path:
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"no real files: {found} is absent")
    return found


def texts(tree: Any) -> Iterator[str]:
    """Every text of a JSON tree."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from texts(part)


def script(text: str) -> str:
    """The script that most letters of a text are written in."""
    counts = {name: len(re.findall(letters, text)) for name, letters in LETTERS.items()}
    counts["latin"] = sum(map(str.isalpha, text)) - sum(counts.values())
    return max(counts, key=lambda name: counts[name])
