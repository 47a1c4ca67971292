"""Which files count: path patterns, what is missing, which distribution is active."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.catalog import Corpus, load_catalog
from meds_pipeline.catalog.paths import compile_pattern, free_captures, path_of
from meds_pipeline.core.errors import CatalogError, RawFileError
from meds_pipeline.home.presence import active, look, unknown_folders


def corpus_of(**distributions: dict[str, object]) -> Corpus:
    task = {
        **{"name": "n", "category": "Diagnosis", "metric": "accuracy_substring", "use": "train", "definition": "Do."},
    }
    return Corpus.model_validate(
        {
            **{"corpus": "c", "title": "t", "about": "a", "source": "s", "licence": "l", "access": "open"},
            "tasks": {"x_t": task},
            "distributions": {
                name: {"files": files, "recipes": {"x_t": "SELECT 1"}} for name, files in distributions.items()
            },
        }
    )


def entry(path: str, *, optional: bool = False) -> dict[str, object]:
    return {"path": path, "reader": "text", "optional": optional}


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")


@pytest.mark.parametrize(
    ("pattern", "path", "captured"),
    [
        ("data/{part}.tsv", "data/train.tsv", {"part": "train"}),
        ("data/{part}.tsv", "data/sub/train.tsv", None),
        ("data/{part}.tsv", "data/train.tsv.bak", None),
        ("{split}_{lang}.json", "train_en.json", {"split": "train", "lang": "en"}),
        ("{split}-patients/{id}.txt", "test-patients/7.txt", {"split": "test", "id": "7"}),
        ("*.csv", "a.csv", {}),
        ("*.csv", "b/a.csv", None),
        ("**/*.csv", "a.csv", {}),
        ("**/*.csv", "b/c/a.csv", {}),
        ("data/**", "data/b/c.txt", {}),
        ("text/**/{pmid}.txt", "text/1.txt", {"pmid": "1"}),
        ("text/**/{pmid}.txt", "text/a/b/1.txt", {"pmid": "1"}),
        ("a.b (c)+[d].txt", "a.b (c)+[d].txt", {}),
        ("a.b.txt", "axb.txt", None),
        ("Data.csv", "data.csv", None),
    ],
)
def test_patterns(pattern: str, path: str, captured: dict[str, str] | None) -> None:
    hit = compile_pattern(pattern).fullmatch(path)
    assert (hit.groupdict() if hit else None) == captured


@pytest.mark.parametrize("pattern", ["{part", "part}", "{Part}.txt", "{1}.txt", "{a}/{a}", "{}"])
def test_bad_patterns_are_errors(pattern: str) -> None:
    with pytest.raises(CatalogError, match="Mend the pattern"):
        compile_pattern(pattern)


@given(st.text(st.characters(blacklist_characters="{}*", blacklist_categories=["Cs"]), min_size=1))
def test_a_pattern_without_signs_matches_itself_alone(text: str) -> None:
    pattern = compile_pattern(text)
    assert pattern.fullmatch(text)
    assert not pattern.fullmatch(text + "x")


def test_files_come_in_order_with_what_their_names_say(tmp_path: Path) -> None:
    touch(tmp_path, "d/z.tsv", "d/a.tsv", "d/sub/x.tsv", "d/other.txt")
    presence = look(tmp_path, "d", corpus_of(d={"rows": entry("{part}.tsv")}).distributions["d"])
    assert [(file.path, file.captured) for file in presence.files] == [
        ("a.tsv", {"part": "a"}),
        ("z.tsv", {"part": "z"}),
    ]
    assert presence.complete


def test_hidden_files_are_not_raw_files(tmp_path: Path) -> None:
    touch(tmp_path, "d/a.tsv", "d/._a.tsv", "d/.git/b.tsv", "d/.a.tsv.1234.tsv")
    presence = look(tmp_path, "d", corpus_of(d={"rows": entry("**/*.tsv")}).distributions["d"])
    assert [file.path for file in presence.files] == ["a.tsv"]


def test_a_name_that_is_no_text_is_shown_and_refused(tmp_path: Path) -> None:
    folder = tmp_path / "chinese_medical_dialogue"
    folder.mkdir()
    (folder / os.fsdecode("样例_内科.csv".encode("gb18030"))).write_bytes(b"a\n")
    corpus = load_catalog().corpora["chinese_medical_dialogue"]
    with pytest.raises(
        RawFileError, match=r"chinese_medical_dialogue/.*\.csv: its name is not UTF-8\. Next: Rename it"
    ) as e:
        active(corpus, tmp_path)
    assert str(e.value).encode()
    (folder / os.fsdecode(b"\xff.txt")).write_bytes(b"")  # one that nobody reads
    (folder / os.fsdecode("样例_内科.csv".encode("gb18030"))).rename(folder / "样例_内科.csv")
    assert active(corpus, tmp_path)


def test_a_linked_file_must_lie_in_its_folder(tmp_path: Path) -> None:
    corpus = corpus_of(d={"rows": entry("*.txt")})
    touch(tmp_path, "d/a.txt", "d/kept/b.dat", "other/secret.txt")
    (tmp_path / "d/b.txt").symlink_to("kept/b.dat")
    (tmp_path / "d/notes.md").symlink_to(tmp_path / "other/secret.txt")  # which no entry reads
    (tmp_path / "d/more.txt").symlink_to(tmp_path / "nosuch.txt")
    found = active(corpus, tmp_path)
    assert found is not None
    assert [file.path for file in found.files] == ["a.txt", "b.txt"]
    (tmp_path / "d/c.txt").symlink_to("../other/secret.txt")
    with pytest.raises(RawFileError, match=r"corpus c, file d/c\.txt: a link out of its folder, to .*secret") as caught:
        active(corpus, tmp_path)
    assert " Next: Put the file itself there" in str(caught.value)


@pytest.mark.parametrize("files", ["a.zip::*.txt", "companion"])
def test_so_must_an_archive_and_a_companion(tmp_path: Path, files: str) -> None:
    touch(tmp_path, "d/a.txt", "other/a.zip")
    (tmp_path / "d/a.zip").symlink_to(tmp_path / "other/a.zip")
    rows = {**entry("{n}.txt"), "companions": {"label": "{n}.zip"}} if files == "companion" else entry(files)
    with pytest.raises(RawFileError, match=r"file d/a\.zip: a link out of its folder"):
        active(corpus_of(d={"rows": rows}), tmp_path)


def test_a_linked_folder_is_a_distribution_but_no_part_of_one(tmp_path: Path) -> None:
    corpus = corpus_of(d={"rows": entry("**/*.txt")})
    touch(tmp_path, "disk/upstream/a.txt", "disk/other/b.txt")
    (tmp_path / "disk/upstream/linked").symlink_to(tmp_path / "disk/other")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/d").symlink_to(tmp_path / "disk/upstream")
    found = active(corpus, tmp_path / "raw")
    assert found is not None
    assert [file.path for file in found.files] == ["a.txt"]


def test_a_partial_distribution_names_the_missing_file(tmp_path: Path) -> None:
    corpus = corpus_of(d={"a": entry("one.txt"), "b": entry("sub/two.txt"), "c": entry("three.txt", optional=True)})
    assert active(corpus, tmp_path) is None
    touch(tmp_path, "d/one.txt")
    with pytest.raises(RawFileError, match=r"corpus c, file d/: no file matches sub/two\.txt\. Next: .*") as caught:
        active(corpus, tmp_path)
    assert str(tmp_path / "d") in str(caught.value)
    touch(tmp_path, "d/sub/two.txt")
    found = active(corpus, tmp_path)
    assert found is not None
    assert [file.entry for file in found.files] == ["a", "b"]


def test_an_empty_folder_is_a_partial_distribution(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(RawFileError, match=r"no file matches one\.txt"):
        active(corpus_of(d={"a": entry("one.txt")}), tmp_path)


def test_the_first_complete_distribution_counts_unless_settings_choose(tmp_path: Path) -> None:
    corpus = corpus_of(first={"a": entry("one.txt")}, second={"a": entry("one.txt")}, third={"a": entry("one.txt")})
    touch(tmp_path, "second/one.txt", "third/one.txt", "first/other.txt")
    chosen = [active(corpus, tmp_path, name) for name in (None, "third")]
    assert [presence.distribution for presence in chosen if presence] == ["second", "third"]
    with pytest.raises(RawFileError, match="first/"):
        active(corpus, tmp_path, "first")


def test_an_unknown_choice_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"no distribution 'nosuch'.*first"):
        active(corpus_of(first={"a": entry("one.txt")}), tmp_path, "nosuch")


def test_folders_the_catalog_does_not_know_are_listed(tmp_path: Path) -> None:
    touch(tmp_path, "meqsum/x", "what_is_this/x", "readme.txt")
    assert unknown_folders(load_catalog(), tmp_path) == ["what_is_this"]


def test_real_folders_are_present(shared: Path) -> None:
    catalog = load_catalog()
    for name in ("pubmedqa", "bc5cdr", "meqsum"):
        presence = active(catalog.corpus(name), shared / "corpora")
        assert presence is not None
        assert presence.complete


def test_a_folder_shared_with_other_corpora_asks_for_none_of_their_files(tmp_path: Path) -> None:
    touch(tmp_path, "super_natural_instructions/task1431_head_qa_answer_generation.json")
    pubmedqa = load_catalog().corpora["pubmedqa"]
    assert active(pubmedqa, tmp_path) is None
    touch(tmp_path, "super_natural_instructions/task846_pubmedqa_classification.json")
    presence = active(pubmedqa, tmp_path)
    assert presence is not None
    assert presence.distribution == "pubmedqa_super_ni"


@pytest.mark.parametrize(
    ("pattern", "path", "free"),
    [
        ("data/{part:train|test}/**/{name}.xml", "data/test/a b.xml", {"name"}),
        ("**/*.csv", "twin.csv", set()),
        ("a.tar.gz::x/{name}.tsv", "a.tar.gz::x/a b.tsv", {"name"}),
    ],
)
def test_a_pattern_gives_a_path_that_it_matches(pattern: str, path: str, free: set[str]) -> None:
    assert path_of(pattern, {"part": "test", "name": "a b"}) == path
    assert free_captures(pattern) == free


def test_a_value_the_pattern_does_not_take_gives_no_path() -> None:
    with pytest.raises(CatalogError, match="does not match 'all.tsv'"):
        path_of("{part:train|test}.tsv", {"part": "all"})
