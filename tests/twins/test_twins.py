"""The twins a run without raw files starts from: same bytes everywhere, upstream's format, content one can learn."""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook

from meds_pipeline.core.errors import UnknownNameError
from meds_pipeline.twins import VERSION, TwinFile, twin, twin_names, write_all, write_twin
from meds_pipeline.twins.draw import Draw, spread
from meds_pipeline.twins.formats import stored_zip
from meds_pipeline.twins.studies import AIM_LABELS, draw_study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOLDEN = {
    "anatem_iob": "523ed1b0c4dea85936887f801907b360e039d5966e76b355bb502410961249cc",
    "bc2gm_iob": "58c575dbc14f59da31f49b9c5aeb072620a8186a7c156d8c82e940613aaecdf1",
    "bc5cdr_iob": "cf169760f0cbe652da9d5e924c4867627ac58a691b8bd106279a258d0fefacdf",
    "bc5cdr_super_ni": "62b9186b62a96ce4e32afe7cd3c767e47242ab4824a43dce92ca498a8eafdc94",
    "chatdoctor_disease_db": "ec528d850187883ea39d0214c81b4f4fb10b78ef877ef84f0ed9ec1eb97ee816",
    "chinese_medical_dialogue": "9319cc768100a34cf6aac845e581046222145a35debbaac6d8d503e2841165c1",
    "drugbank_hetionet": "bb2b45b79c84119dfef82c5a4f0dd8404094e49bed63268336e82a787ef2b288",
    "frenchmedmcqa": "54c39c79f30ef73899b6bf6bfe72cd98a6fdf7ae3769cb5f54c2c068563306a3",
    "medical_abstracts_tc": "98ad8d399f170f93fd6ec6de6e8dd87fa5cc2f6aed5af84fdccbeb55abb72f4d",
    "mediq_imedqa": "07610c01feb2bb62aa99ce0d4c422820ea79e2900e4461e5b7a5bda985dd5f69",
    "meqsum": "1d5cdfe9d4d5d5fdfcc24553efc06d3410abaae126fd499edef7947b80c9d92b",
    "mts_dialog": "ceba4abe021e5010fc373c515ad20c9ecb6d98125a6d516d2fe344e21d8e448f",
    "pubmedqa": "1655ea31b0e7237d5cdc8d01037872251d3e2be6908d9750c83a61ccb4e3538c",
    "pubmedqa_super_ni": "f5fb6a533a485ff350a7a2f9ced0d71b6ef4c0a943395b64bf2b908718ac11c1",
    "super_natural_instructions": "301ecea11ce9b7da18d71fb4e8bf275125e503e32e04b94242533cf4dca91575",
}
"""sha256 over the files of (records=100, seed=7) at version 1 of the twins: a change here raises `VERSION`."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw")
    write_all(root, records=200, seed=3)
    return root


def digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)).hexdigest()


def labelled(root: Path) -> dict[str, dict[str, Any]]:
    return dict(json.loads((root / "pubmedqa/data/ori_pqal.json").read_text()))


def sentences(path: Path) -> list[list[list[str]]]:
    blocks = path.read_text().removesuffix("\n\n").split("\n\n")
    return [list(csv.reader(block.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE)) for block in blocks]


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_bytes_are_the_ones_written_down(name: str, tmp_path: Path) -> None:
    assert VERSION == 1
    assert digest(write_twin(name, tmp_path, records=100, seed=7)) == GOLDEN[name]


@pytest.mark.parametrize("name", twin_names())
def test_seed_decides_the_bytes(name: str, tmp_path: Path) -> None:
    def of(folder: str, seed: int) -> str:
        return digest(write_twin(name, tmp_path / folder, records=60, seed=seed))

    assert of("a", 1) == of("b", 1)
    assert of("c", 2) != of("a", 1)


@pytest.mark.parametrize("name", twin_names())
@pytest.mark.parametrize("records", [1, 2, 50])
def test_small_twins_can_be_asked_for(name: str, records: int, tmp_path: Path) -> None:
    assert all(path.stat().st_size for path in write_twin(name, tmp_path, records=records, seed=0))


def test_more_records_leave_the_earlier_ones_as_they_were(raw: Path, tmp_path: Path) -> None:
    write_twin("pubmedqa", tmp_path, records=40, seed=3)
    large = labelled(raw)
    assert all(large[key] == entry for key, entry in labelled(tmp_path).items())


def test_demo_size_is_written_within_three_seconds(tmp_path: Path) -> None:
    start = time.process_time()
    write_all(tmp_path)
    assert time.process_time() - start < 3


def test_only_finished_files_remain_and_a_second_write_replaces_them(tmp_path: Path) -> None:
    first = write_twin("pubmedqa", tmp_path, records=20, seed=0)
    assert write_twin("pubmedqa", tmp_path, records=20, seed=1) == first
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(first)


def test_pubmedqa_is_upstreams_json(raw: Path) -> None:
    entries = labelled(raw)
    assert len(entries) == 200
    for key, entry in entries.items():
        assert key.isdigit()
        assert set(entry) == {
            *("QUESTION", "CONTEXTS", "LABELS", "MESHES", "YEAR", "final_decision", "LONG_ANSWER"),
            *("reasoning_required_pred", "reasoning_free_pred"),
        }
        assert len(entry["CONTEXTS"]) == len(entry["LABELS"]) in (2, 3)
    # The four near copies take over the finding of their original.
    shares = Counter(entry["final_decision"] for entry in entries.values())
    assert all(abs(shares[finding] - share) <= 4 for finding, share in (("yes", 100), ("no", 60), ("maybe", 40)))


def test_pubmedqa_test_half_and_artificial_part(raw: Path) -> None:
    entries = labelled(raw)
    truth = json.loads((raw / "pubmedqa/data/test_ground_truth.json").read_text())
    assert len(truth) == 100
    assert all(entries[key]["final_decision"] == decision for key, decision in truth.items())
    artificial = json.loads((raw / "pubmedqa/data/ori_pqaa.json").read_text())
    assert len(artificial) == 400
    assert {entry["final_decision"] for entry in artificial.values()} == {"yes", "no"}
    assert not set(artificial) & set(entries)


def test_texts_of_pubmedqa_are_short_enough_for_a_small_model(raw: Path) -> None:
    for entry in labelled(raw).values():
        assert 20 <= len(" ".join(entry["CONTEXTS"]).split()) <= 80
        assert 8 <= len(entry["QUESTION"].split()) <= 18
        assert 8 <= len(entry["LONG_ANSWER"].split()) <= 26


def test_the_answer_names_what_the_question_asks_about(raw: Path) -> None:
    for entry in labelled(raw).values():
        _, condition, arm, _ = entry["MESHES"]
        for part in ("QUESTION", "LONG_ANSWER"):
            assert arm.lower() in entry[part].lower()
            assert condition.lower() in entry[part].lower()


def test_an_aim_is_labelled_as_one_and_only_then_stated(raw: Path) -> None:
    cues = ("to determine whether", "the aim of this study", "we aimed to", "our objective")
    stated = 0
    for entry in labelled(raw).values():
        has_cue = any(cue in " ".join(entry["CONTEXTS"]).lower() for cue in cues)
        assert has_cue == bool(set(entry["LABELS"]) & set(AIM_LABELS))
        stated += has_cue
    assert 90 <= stated <= 110


def test_results_alone_tell_the_finding() -> None:
    def wording(finding: Any, index: int) -> str:
        study = draw_study(Draw("finding", index), finding, aim=True)
        return study.sections[-1].text.split(" (")[0]

    texts = {finding: {wording(finding, index) for index in range(300)} for finding in ("yes", "no", "maybe")}
    assert not texts["yes"] & texts["no"]
    assert not texts["yes"] & texts["maybe"]
    assert not texts["no"] & texts["maybe"]


def test_bc5cdr_is_valid_iob2(raw: Path) -> None:
    sizes = {}
    for part in ("train", "devel", "test"):
        read = sentences(raw / f"bc5cdr_iob/data/BC5CDR-IOB/{part}.tsv")
        sizes[part] = len(read)
        for sentence in read:
            before = "O"
            for token, tag in sentence:
                assert token.strip()
                assert tag in {"O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"}
                if tag.startswith("I-"):
                    assert before[2:] == tag[2:]
                before = tag
    assert sizes == {"train": 300, "devel": 100, "test": 100}


def test_bc5cdr_has_sentences_with_and_without_each_entity(raw: Path) -> None:
    kinds: Counter[tuple[str, ...]] = Counter()
    for sentence in sentences(raw / "bc5cdr_iob/data/BC5CDR-IOB/train.tsv"):
        kinds[tuple(sorted({tag[2:] for _, tag in sentence if tag != "O"}))] += 1
    assert set(kinds) == {(), ("Chemical",), ("Disease",), ("Chemical", "Disease")}
    assert min(kinds.values()) >= 15


def test_meqsum_is_one_sheet_of_three_columns(raw: Path) -> None:
    (path,) = (raw / "meqsum").iterdir()
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["QS"]
    header, *rows = book.get_sheet_by_index(0).to_python()
    assert header == ["File", "CHQ", "Summary"]
    assert len(rows) == 133
    assert all(str(name).endswith(".txt") and "\n" in str(question) for name, question, _ in rows)


def test_a_summary_follows_from_its_question(raw: Path) -> None:
    (path,) = (raw / "meqsum").iterdir()
    _, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    for _, question, summary in rows:
        said = str(question).lower()
        topics = [word for word in str(summary).lower().strip("?").replace(",", "").split() if len(word) > 8]
        known = {"interactions", "recommended", "treatments", "inherited", "manufactures"}
        assert all(topic in said for topic in topics if topic not in known)


def test_records_differ_and_a_few_nearly_repeat_another(raw: Path) -> None:
    texts = [" ".join(entry["CONTEXTS"]) for entry in labelled(raw).values()]
    assert len(set(texts)) == len(texts)
    copies = [text for text in texts if "of the series" in text]
    assert len(copies) == 4
    for copy in copies:
        others = (text for text in texts if text != copy)
        assert max(SequenceMatcher(None, copy, other, autojunk=False).ratio() for other in others) > 0.9


def test_no_sentence_occurs_in_two_parts(raw: Path) -> None:
    folder = raw / "bc5cdr_iob/data/BC5CDR-IOB"
    blocks = [
        block for part in ("train", "devel", "test") for block in (folder / f"{part}.tsv").read_text().split("\n\n")
    ]
    assert max(Counter(block for block in blocks if block).values()) == 1


def test_faults_are_added_among_the_same_good_records(raw: Path, tmp_path: Path) -> None:
    write_all(tmp_path, records=200, seed=3, faults=True)
    good, mixed = labelled(raw), labelled(tmp_path)
    assert {key: mixed[key] for key in good} == good
    bad = [entry for key, entry in mixed.items() if key not in good]
    assert len(bad) == 5
    assert any("CONTEXTS" not in entry for entry in bad)
    lines = (tmp_path / "bc5cdr_iob/data/BC5CDR-IOB/train.tsv").read_text().split("\n")
    assert "A line without a tab" in lines
    (book,) = (tmp_path / "meqsum").iterdir()
    rows = CalamineWorkbook.from_path(book).get_sheet_by_index(0).to_python()
    assert [row[1:] for row in rows if str(row[0]).endswith("x.txt")] != []


def test_an_unknown_distribution_names_the_close_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"pubmed_qa.*try pubmedqa"):
        write_twin("pubmed_qa", tmp_path, records=1, seed=0)


def test_a_distribution_has_one_twin() -> None:
    register: Callable[..., Any] = twin("pubmedqa")
    with pytest.raises(ValueError, match="two twins"):
        register(lambda order: [TwinFile("x", b"")])


def test_spread_keeps_shares_exact_in_every_block() -> None:
    pattern = ("yes",) * 5 + ("no",) * 3 + ("maybe",) * 2
    drawn = [spread(pattern, 1, "x", index) for index in range(40)]
    for start in range(0, 40, 10):
        assert Counter(drawn[start : start + 10]) == {"yes": 5, "no": 3, "maybe": 2}
    assert drawn[:10] != drawn[10:20]


def test_a_repacked_zip_depends_on_its_members_alone(tmp_path: Path) -> None:
    import io
    import zipfile

    def packed(level: int, year: int) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
            archive.writestr(zipfile.ZipInfo("a.xml", (year, 1, 1, 0, 0, 0)), b"text " * 400)
        return buffer.getvalue()

    assert packed(1, 2000) != packed(9, 2024)
    assert stored_zip(packed(1, 2000)) == stored_zip(packed(9, 2024))
