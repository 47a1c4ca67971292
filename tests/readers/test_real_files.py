"""Every real corpus reads without a fault, and its records are as many as its SOURCE.md says."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from reading import faults, real, rows

from meds_pipeline.readers import Fault, Record, get_reader
from meds_pipeline.readers.archives import list_members, open_raw

IOB = [
    ("anatem_iob", "AnatEM-IOB", 2118, 3830),
    ("bc2gm_iob", "BC2GM-IOB", 2519, 5038),
    ("bc5cdr_iob", "BC5CDR-IOB", 4581, 4797),
]
SENTENCES = 'STRUCT("@id" VARCHAR, entity STRUCT("@id" VARCHAR)[], pair STRUCT("@ddi" BOOLEAN)[])[]'
PAIRS = {"record": "QAPair", "columns": {"Question": "VARCHAR", "Question/@qtype": "VARCHAR", "Answer": "VARCHAR"}}
NOTE = {"columns": {"day": "BIGINT", "note": "VARCHAR", "highlights": "VARCHAR[]"}, "required": ["note"]}
EXAM = {"separator": "space", "starts": "QUESTION TYPE:"}
MCQ = {"id": "VARCHAR", "question": "VARCHAR", "answers": "MAP(VARCHAR, VARCHAR)", "correct_answers": "VARCHAR[]"}


@dataclass(frozen=True, eq=False)
class Case:
    """Files of one corpus, how to read them, and how many records they hold together."""

    files: str
    reader: str
    count: int
    options: dict[str, Any] = field(default_factory=dict)
    companions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Role to the part of the path to replace, and by what."""


def texts(*names: str, **options: Any) -> dict[str, Any]:
    """Options of a table of text columns."""
    return {"columns": dict.fromkeys(names, "VARCHAR"), **options}


CASES = [
    Case("aci_bench/data/challenge_data/train.csv", "csv", 67, texts("dataset", "encounter_id", "dialogue", "note")),
    Case("aci_bench/data/challenge_data_json/train.json", "json", 67, texts("src", "tgt", "file", path=["data"])),
    *[Case(f"{name}/data/{folder}/devel.tsv", "iob", devel) for name, folder, devel, _ in IOB],
    *[Case(f"{name}/data/{folder}/test.tsv", "iob", test) for name, folder, _, test in IOB],
    Case("bc5cdr_pubtator/CDR_sample.txt", "pubtator", 50),
    Case("casimedicos_arg/casimedicos-arg/EN/train.tsv", "iob", 381, EXAM),
    Case("casimedicos_arg/casimedicos-arg/EN/dev.tsv", "iob", 55, EXAM),
    Case("casimedicos_arg/casimedicos-arg/ES/dev.tsv", "iob", 55, EXAM),
    Case("chatdoctor_disease_db/format_dataset.csv", "csv", 796, texts("disease", "Symptom", "reason")),
    Case("chatdoctor_disease_db/Autonomous_ChatDoctor_csv/disease_symptom.csv", "csv", 12, texts("disease")),
    Case("chatdoctor_disease_db/Autonomous_ChatGPT_API/disease_database_mini.csv", "csv", 100, texts("disease")),
    Case(
        "chinese_medical_dialogue/*.csv", "csv", 7644, texts("department", "title", "ask", "answer", encoding="gb18030")
    ),
    Case(
        "cochrane_simplification/data/data-1024/val.source",
        "lines",
        411,
        {"roles": {"target": "lines", "doi": "lines"}},
        {"target": (".source", ".target"), "doi": (".source", ".doi")},
    ),
    Case("ddi_corpus/DDICorpus/**/*.xml", "ddi", 2239),
    Case("ddi_corpus/DDICorpusBrat/**/*.txt", "brat", 120, {}, {"ann": (".txt", ".ann")}),
    # SOURCE.md says 8258, which counts lines: 499 of them stand inside quoted descriptions of 231 drugs.
    Case("drugbank_hetionet/data/drugbank.tsv", "tsv", 7759, texts("drugbank_id", "name", "description")),
    Case("evidence_inference/annotations/prompts_merged.csv", "csv", 12865, {"columns": {"PromptID": "BIGINT"}}),
    Case(
        "evidence_inference/annotations/v2_annotations.csv",
        "csv",
        4876,
        {"columns": {"PromptID": "BIGINT", "Label": "VARCHAR", "Valid Label": "BOOLEAN"}},
    ),
    Case("evidence_inference/annotations/txt_files/*.txt", "text", 30),
    Case(
        "evidence_inference/annotations/xml_files/*.nxml",
        "xml",
        6,
        {"record": "article", "columns": {"abstract": "VARCHAR"}, "paths": {"abstract": ".//abstract"}},
    ),
    *[
        Case(f"frenchmedmcqa/corpus/{part}.json", "json", count, {"columns": MCQ, "required": list(MCQ)})
        for part, count in (("train", 2171), ("dev", 312), ("test", 622))
    ],
    Case(
        "hallmarks_of_cancer/**/text/*.txt",
        "lines",
        2761,
        {"roles": {"labels": "<"}},
        {"labels": ("/text/", "/labels/")},
    ),
    Case(
        "medical_abstracts_tc/medical_tc_test.csv",
        "csv",
        1500,
        {"columns": {"condition_label": "BIGINT", "medical_abstract": "VARCHAR"}},
    ),
    Case(
        "mediq_imedqa/data/all_dev_good.jsonl",
        "jsonl",
        1272,
        {
            "columns": {
                "id": "BIGINT",
                "question": "VARCHAR",
                "options": "MAP(VARCHAR, VARCHAR)",
                "facts": "VARCHAR[]",
            },
            "required": ["id", "options"],
        },
    ),
    Case("medquad/**/*.xml", "xml", 1818, {**PAIRS, "may_be_empty": True}),
    Case("meqsum/*.xlsx", "xlsx", 1000, texts("File", "CHQ", "Summary", required=["CHQ", "Summary"])),
    *[
        Case(
            f"mts_dialog/Main-Dataset/MTS-Dialog-{name}.csv",
            "csv",
            count,
            texts("section_header", "section_text", "dialogue"),
        )
        for name, count in (("TrainingSet", 1201), ("ValidationSet", 100), ("TestSet-1-MEDIQA-Chat-2023", 200))
    ],
    Case("ncbi_disease/original-data/*/*.txt", "pubtator", 793),
    Case("ncbi_disease/standoff/*/*.txt", "brat", 200, {}, {"ann": (".txt", ".ann")}),
    Case("ncbi_disease/conll/*.tsv", "iob", 1863),
    Case("primock57/notes/*.json", "json", 35, NOTE),
    Case("primock57/transcripts/**/*.TextGrid", "textgrid", 7985),
    Case(
        "pubmedqa/data/ori_pqal.json",
        "json_map",
        1000,
        {
            "columns": {"QUESTION": "VARCHAR", "CONTEXTS": "VARCHAR[]", "final_decision": "VARCHAR"},
            "required": ["QUESTION", "final_decision"],
        },
    ),
    Case("pubmedqa/data/test_ground_truth.json", "json_map", 500, {"columns": {"value": "VARCHAR"}}),
    Case(
        "super_natural_instructions/*.json",
        "json",
        86,
        {
            "path": ["Instances"],
            "columns": {"id": "VARCHAR", "input": "VARCHAR", "output": "VARCHAR[]"},
            "required": ["input", "output"],
        },
    ),
    Case("tico19/data/TM/all.en-es-419.tmx", "tmx", 3071),
    Case("tico19/data/TM/all.en-zh.tmx", "tmx", 3071),
    Case("tico19/data/terminologies/f_en-es_XX.csv", "csv", 612, texts("sourceLang", "targetLang")),
]


def read_all(case: Case) -> Iterator[tuple[Path, list[Record | Fault]]]:
    """Read every file of a case."""
    root = real(case.files.split("/", maxsplit=1)[0])
    reader = get_reader(case.reader)
    for path in sorted(root.parent.glob(case.files)):
        with ExitStack() as stack:
            raw = stack.enter_context(open_raw(path))
            beside = {
                role: stack.enter_context(open_raw(str(path).replace(*part))) for role, part in case.companions.items()
            }
            yield path, list(reader.read(raw, companions=beside, **case.options))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.files)
def test_counts_are_those_of_the_source_and_nothing_is_a_fault(case: Case) -> None:
    found = 0
    for path, units in read_all(case):
        assert faults(units) == [], path
        found += len(units)
        _check_addresses(path, case, units[:3] + units[-3:])
    assert found == case.count


def _check_addresses(path: Path, case: Case, some: list[Record | Fault]) -> None:
    """Reading only the bytes at an address gives the same values, for readers whose records stand alone."""
    reader, body = get_reader(case.reader), path.read_bytes()
    for unit in some:
        assert isinstance(unit, Record)
        alone = body[unit.start : unit.start + unit.length]
        if case.reader == "json_map":
            alone = b"{" + alone + b"}"
        elif case.reader in ("csv", "tsv"):
            alone = body[: body.index(b"\n") + 1] + alone
        elif case.reader in ("textgrid", "xlsx", "lines"):
            continue
        options = {name: value for name, value in case.options.items() if name != "path"}
        if case.companions:
            ann = Path(str(path).replace(*case.companions["ann"])).read_bytes()
            again = list(reader.read(io.BytesIO(alone), companions={"ann": io.BytesIO(ann)}, **options))
        else:
            again = list(reader.read(io.BytesIO(alone), **options))
        assert rows(again) == [unit.values], path


def test_a_tmx_inside_a_zip_is_read_in_place() -> None:
    path = real("tico19/data/TM/all.en-ru.tmx.zip")
    (member,) = [name for name in list_members(path, "*.tmx") if not name.startswith("__MACOSX")]
    with open_raw(f"{path}::{member}") as raw:
        found = list(get_reader("tmx").read(raw))
    assert faults(found) == []
    assert len(found) == 3071


def test_hazards_of_the_real_files() -> None:
    """Facts of the README of the real files, seen through the readers."""
    ddi = [unit for case in CASES if case.reader == "ddi" for _, units in read_all(case) for unit in units]
    assert sum(len(unit.values[2]) for unit in ddi if isinstance(unit, Record)) == 4548
    pairs = [pair for unit in ddi if isinstance(unit, Record) for pair in unit.values[3]]
    assert (len(pairs), sum(pair["type"] is not None for pair in pairs)) == (9465, 1222)
    (cdr,) = (case for case in CASES if case.files.startswith("bc5cdr_pubtator"))
    relations = [one for _, units in read_all(cdr) for values in rows(units) for one in values[5]]
    assert len(relations) == 124
    (quad,) = (case for case in CASES if case.files.startswith("medquad"))
    answers = [values[2] for _, units in read_all(quad) for values in rows(units)]
    assert sum(bool(answer and answer.strip()) for answer in answers) == 1592
    (grid,) = (case for case in CASES if case.reader == "textgrid")
    assert sum(bool(values[4]) for _, units in read_all(grid) for values in rows(units)) == 4230
    assert sum(1 for _ in read_all(quad)) == 617
