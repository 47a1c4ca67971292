"""The twins a run without raw files starts from: same bytes everywhere, content one can learn, things to be found."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import pytest

from meds_pipeline.catalog import Catalog, load_catalog
from meds_pipeline.core.errors import CatalogError, UnknownNameError
from meds_pipeline.twins import twin_names, write_all, write_twin
from meds_pipeline.twins.draw import spread
from meds_pipeline.twins.world import World

if TYPE_CHECKING:
    from pathlib import Path


def digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)).hexdigest()


def labelled(root: Path) -> dict[str, dict[str, Any]]:
    return dict(json.loads((root / "pubmedqa/data/ori_pqal.json").read_text()))


def planted(root: Path, distribution: str) -> list[dict[str, Any]]:
    return list(json.loads((root / f"{distribution}.planted.json").read_text()))


def with_twin(select: str) -> Catalog:
    """The catalog with another twin of PubMedQA's test ids."""
    catalog = load_catalog()
    corpus = catalog.corpora["pubmedqa"]
    form = corpus.distributions["pubmedqa"]
    entry = form.files["test_ids"].model_copy(update={"twin": select})
    form = form.model_copy(update={"files": {**form.files, "test_ids": entry}})
    changed = corpus.model_copy(update={"distributions": {**corpus.distributions, "pubmedqa": form}})
    return Catalog({**catalog.corpora, "pubmedqa": changed})


@pytest.mark.parametrize("name", twin_names())
def test_seed_decides_the_bytes(name: str, tmp_path: Path) -> None:
    def of(folder: str, seed: int) -> str:
        return digest(write_twin(name, tmp_path / folder, records=60, seed=seed, faults=True, copies=True))

    assert of("a", 1) == of("b", 1)
    assert of("c", 2) != of("a", 1)


@pytest.mark.parametrize("records", [1, 50])
def test_small_twins_can_be_asked_for(records: int, tmp_path: Path) -> None:
    written = write_all(tmp_path, records=records)
    assert all(path.stat().st_size for paths in written.values() for path in paths)


def test_more_records_leave_the_earlier_ones_as_they_were(tmp_path: Path) -> None:
    for records in (40, 200):
        write_twin("pubmedqa", tmp_path / str(records), records=records, seed=3)
    large = labelled(tmp_path / "200")
    assert len(large) == 200
    assert all(large[key] == entry for key, entry in labelled(tmp_path / "40").items())


def test_demo_size_is_written_within_three_seconds(tmp_path: Path) -> None:
    start = time.process_time()
    for name in ("bc5cdr_iob", "meqsum", "pubmedqa"):
        write_twin(name, tmp_path, records=600, seed=0, copies=True)
    assert time.process_time() - start < 3


def test_only_finished_files_remain_and_a_second_write_replaces_them(tmp_path: Path) -> None:
    first = write_twin("pubmedqa", tmp_path, records=20, seed=0)
    assert write_twin("pubmedqa", tmp_path, records=20, seed=1) == first
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(first)


def test_forms_of_one_folder_have_one_content(tmp_path: Path) -> None:
    files = {name: write_twin(name, tmp_path / name, records=60, seed=0) for name in twin_names()}
    (task,) = files["pubmedqa_super_ni"]
    (same,) = [path for path in files["super_natural_instructions"] if path.name == task.name]
    assert task.read_bytes() == same.read_bytes()


def test_texts_of_the_demo_are_short_enough_for_a_small_model() -> None:
    for study in World(0, "x", 50).rows(
        "SELECT opening || ' ' || methods || ' ' || results AS context, * FROM studies"
    ):
        assert 20 <= len(study["context"].split()) <= 80
        assert 8 <= len(study["question"].split()) <= 18
        assert 8 <= len(study["conclusion"].split()) <= 26
        for text in (study["question"], study["conclusion"]):
            assert study["arm"].lower() in text.lower()
            assert study["condition"].lower() in text.lower()


def test_results_alone_tell_the_finding() -> None:
    rows = World(0, "x", 400).rows("SELECT finding, split_part(results, ' (', 1) AS wording FROM studies")
    texts = {
        finding: {row["wording"] for row in rows if row["finding"] == finding} for finding in ("yes", "no", "maybe")
    }
    assert sum(map(len, texts.values())) == len(set.union(*texts.values()))


def test_sentences_have_each_kind_of_mention_and_none() -> None:
    rows = World(0, "x", 200).rows("SELECT sentence.text, sentence.entities FROM drug_sentences")
    kinds = Counter(tuple(sorted({mention["type"] for mention in row["entities"]})) for row in rows)
    assert set(kinds) == {(), ("Chemical",), ("Disease",), ("Chemical", "Disease")}
    assert min(kinds.values()) >= 15
    assert len({row["text"] for row in rows}) == len(rows)
    assert all(row["text"][m["start"] : m["end"]] == m["text"] for row in rows for m in row["entities"])


def test_a_summary_follows_from_its_message() -> None:
    for row in World(0, "x", 200).rows("SELECT message, summary, intent, drug, condition FROM messages"):
        topic = row["drug"] if row["drug"] in row["summary"] else row["condition"]
        assert topic in row["summary"]
        assert topic in row["message"]


def test_near_copies_are_near_and_listed(tmp_path: Path) -> None:
    write_twin("pubmedqa", tmp_path / "plain", records=200, seed=3)
    write_twin("pubmedqa", tmp_path, records=200, seed=3, copies=True)
    plain, mixed = labelled(tmp_path / "plain"), labelled(tmp_path)
    keys = list(mixed)
    assert keys == list(plain)
    changed = [key for key in keys if mixed[key] != plain[key]]
    listed = [one for one in planted(tmp_path, "pubmedqa") if one["entry"] == "labelled"]
    assert [keys[one["row"]] for one in listed] == changed != []
    everything = {"labelled": mixed, "artificial": json.loads((tmp_path / "pubmedqa/data/ori_pqaa.json").read_text())}
    for one in listed:
        copy, original = mixed[keys[one["row"]]], list(everything[one["of_entry"]].values())[one["of_row"]]
        texts = [json.dumps(entry) for entry in (copy, original)]
        assert 0.9 < SequenceMatcher(None, *texts, autojunk=False).ratio() < 1
    kinds = {(one["entry"], one["of_entry"]) for one in planted(tmp_path, "pubmedqa")}
    assert ("artificial", "labelled") in kinds, "some training records are near what may be held out"


@pytest.mark.parametrize("name", ["bc5cdr_iob", "meqsum", "mts_dialog", "ncbi_disease_standoff", "tico19"])
def test_copies_are_planted_in_any_format(name: str, tmp_path: Path) -> None:
    paths = write_twin(name, tmp_path, records=600, seed=0, copies=True)
    found = sum(path.read_bytes().count(b"series.") for path in paths if path.suffix != ".zip")
    assert found == len([one for one in planted(tmp_path, name) if one["entry"] != "zipped"]) > 0


def test_faults_are_added_among_the_same_good_records_and_listed(tmp_path: Path) -> None:
    paths = write_twin("bc5cdr_iob", tmp_path / "plain", records=200, seed=3)
    write_twin("bc5cdr_iob", tmp_path, records=200, seed=3, faults=True)
    good = [path.read_bytes().split(b"\n\n") for path in paths]
    mixed = [(tmp_path / path.relative_to(tmp_path / "plain")).read_bytes().split(b"\n\n") for path in paths]
    assert [[block for block in part if b"\xff" not in block] for part in mixed] == good
    assert sum(map(len, mixed)) - sum(map(len, good)) == len(planted(tmp_path, "bc5cdr_iob")) > 5


def test_an_unknown_distribution_names_the_close_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"pubmed_qa.*try pubmedqa"):
        write_twin("pubmed_qa", tmp_path, records=1, seed=0)


@pytest.mark.parametrize(
    ("select", "problem"),
    [
        ("SELECT key FROM nowhere", r"pubmedqa: test_ids\.twin: .*nowhere"),
        ("SELECT * FROM read_text('/etc/hostname')", r"pubmedqa: test_ids\.twin: .*disabled"),
        ("SELECT n AS key FROM studies", r"pubmedqa: test_ids\.twin: no column 'value'"),
        ("SELECT 'yes' AS value FROM studies", r"pubmedqa: test_ids\.twin: no column 'key'"),
    ],
)
def test_a_twin_that_cannot_be_written_says_where(select: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=problem):
        write_twin("pubmedqa", tmp_path, records=1, seed=0, catalog=with_twin(select))


def test_a_catalog_says_its_own_twins(tmp_path: Path) -> None:
    catalog = with_twin("SELECT 'only one' AS key, 'yes' AS value")
    write_twin("pubmedqa", tmp_path, records=1, seed=0, catalog=catalog)
    assert json.loads((tmp_path / "pubmedqa/data/test_ground_truth.json").read_text()) == {"only one": "yes"}
    bare = Catalog({"anatem": load_catalog().corpora["anatem"]})
    assert twin_names(bare) == ["anatem_iob"]


def test_spread_keeps_shares_exact_in_every_block() -> None:
    pattern = ("yes",) * 5 + ("no",) * 3 + ("maybe",) * 2
    drawn = [spread(pattern, index, 1, "x") for index in range(40)]
    for start in range(0, 40, 10):
        assert Counter(drawn[start : start + 10]) == {"yes": 5, "no": 3, "maybe": 2}
    assert drawn[:10] != drawn[10:20]
